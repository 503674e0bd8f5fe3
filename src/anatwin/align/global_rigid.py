"""Rigid registration that does not need to start near the answer."""

from dataclasses import dataclass
from typing import Literal

from anatwin.core import QualityError, Transform, UsageError, Volume

Similarity = Literal["correlation", "edges"]


@dataclass(frozen=True, kw_only=True)
class GlobalRigid:
    """Turn and shift one scan onto another from anywhere, thick slices included.

    Tries a lattice of rotations, for each of them every shift at once by fast Fourier transform,
    and refines the best candidates from coarse to fine. Before the fine steps each scan is blurred
    along the slice direction of the other, so that both have seen the anatomy through the same
    window, and points near the middle of slices count most: there nothing is interpolated.

    References: Padfield 2012, doi:10.1109/TIP.2011.2181402 (masked correlation).
    """

    rotation_deg: float = 45.0
    """Largest turn about each axis that is tried."""
    shift_mm: float = 60.0
    """Largest shift of the turned centre along each axis that is tried."""
    rotation_step_deg: float = 22.5
    """Distance of the tried turns about each axis."""
    candidates: int = 30
    """Starts that are refined."""
    similarity: Similarity = "correlation"
    """Correlation of intensities for one contrast, of edges for different ones."""
    overlap: float = 0.3
    """Least share of the smaller scan's box that must lie in the other's."""
    acceptance: float = 0.6
    """Least correlation of the aligned scans."""

    def __post_init__(self) -> None:
        if not 0 <= self.rotation_deg <= 90 or not self.rotation_step_deg > 0:
            raise UsageError(
                "GlobalRigid needs turns up to 90 degrees and a step above 0, got "
                f"{self.rotation_deg} and {self.rotation_step_deg}."
            )
        if self.shift_mm < 0 or self.candidates < 1:
            raise UsageError("GlobalRigid needs a shift of 0 mm or more and 1 candidate or more.")
        if not 0 < self.overlap < 1 or not -1 <= self.acceptance < 1:
            raise UsageError("GlobalRigid needs an overlap in 0..1 and an acceptance in -1..1.")

    def __call__(self, moving: Volume, fixed: Volume) -> Transform:
        """Return the transform from the fixed volume to the moving one.

        Raises
        ------
        QualityError
            If one is empty, they overlap too little or do not resemble each other.
        """
        return self.matched(moving, fixed)[0]

    def matched(self, moving: Volume, fixed: Volume) -> tuple[Transform, float]:
        """Return the transform, and the correlation of the aligned scans.

        Raises
        ------
        QualityError
            If one is empty, they overlap too little or do not resemble each other.
        """
        from anatwin.align.search import Search
        from anatwin.align.stack import Stack

        found = Search(self, Stack.of(fixed), Stack.of(moving)).found()
        if found.correlation < self.acceptance:
            raise QualityError(
                f"The scans do not resemble each other: their correlation is at best "
                f"{found.correlation:.2f}, at least {self.acceptance:g} was expected. Do they show "
                "the same anatomy?"
            )
        return Transform.from_matrix(found.motion), found.correlation
