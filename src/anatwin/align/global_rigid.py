"""Rigid registration that does not need to start near the answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.align.stack import Similarity, Stack
from anatwin.core import QualityError, Transform, UsageError, Volume, track
from anatwin.ops.rigid_fit import Fit, Points, fitted
from anatwin.ops.rigid_motion import rotation_lattice
from anatwin.ops.shift_search import ShiftSearch
from anatwin.ops.warp import warped

Matrix = NDArray[np.float64]

_SEARCH, _COARSE, _MIDDLE, _FINE = 21, 32, 64, 128
"""Points along the longest edge at each resolution."""
_TRIALS = 3
_CONFIDENCE = 0.25
"""Width of the weight about each slice at the finest resolution, in slice distances."""


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
    acceptance: float = 0.5
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
        pair = (Stack.of(fixed), Stack.of(moving))
        found = self._refined(*pair, self._starts(*pair))
        if found.correlation < self.acceptance:
            raise QualityError(
                f"The scans do not resemble each other: their correlation is at best "
                f"{found.correlation:.2f}, at least {self.acceptance:g} was expected. Do they show "
                "the same anatomy?"
            )
        return Transform.from_matrix(found.motion), found.correlation

    def _starts(self, fixed: Stack, moving: Stack) -> list[Matrix]:
        """Return the motions that correlate best on the lattice of turns."""
        spacing = _spacing(fixed, moving, _SEARCH)
        sigma = _isotropic_sigma(fixed, moving, spacing)
        one, other = (stack.smoothed(spacing, sigma) for stack in (fixed, moving))
        image, lattice = _surrounded(
            fixed.image(one, self.similarity).values, self.shift_mm / spacing
        )
        lattice = one.grid.matrix @ lattice
        sought = moving.image(other, self.similarity).values
        search = ShiftSearch(
            *image,
            reach=round(self.shift_mm / spacing),
            overlap=self.overlap * min(1.0, other.data.size / one.data.size),
        )
        turns = rotation_lattice(np.radians(self.rotation_deg), np.radians(self.rotation_step_deg))
        scored = []
        for turn in track(turns, "trying rotations"):
            motion = np.eye(4)
            motion[:3, :3] = turn
            motion[:3, 3] = moving.centre - turn @ fixed.centre
            index = np.linalg.inv(other.grid.matrix) @ motion @ lattice
            for shift in search.best(*warped(sought, index, image[0].shape)):
                back = np.eye(4)
                back[:3, 3] = -lattice[:3, :3] @ shift.voxels
                scored.append((shift.correlation, motion @ back))
        scored.sort(key=lambda item: -item[0])
        return [motion for _, motion in scored[: self.candidates]]

    def _refined(self, fixed: Stack, moving: Stack, starts: list[Matrix]) -> Fit:
        """Return the best of the candidates, refined from coarse to fine."""
        spacing = _spacing(fixed, moving, _COARSE)
        sigma = _isotropic_sigma(fixed, moving, spacing)
        one, other = (
            stack.image(stack.smoothed(spacing, sigma), self.similarity)
            for stack in (fixed, moving)
        )
        points = _points(fixed, spacing)
        fits = [
            fitted(one, other, points, start=start, iterations=10, tolerance_mm=0.03 * spacing)
            for start in track(starts, "refining candidates")
        ]
        fits = [fit for fit in fits if fit.overlap >= self.overlap / 2]
        if not fits:
            raise QualityError("The scans do not overlap enough to be aligned.")
        best = _distinct(sorted(fits, key=lambda fit: -fit.correlation), spacing, fixed)[:_TRIALS]
        middle = [self._crossed(fixed, moving, fit.motion, _MIDDLE) for fit in best]
        winner = max(middle, key=lambda fit: fit.correlation)
        return self._crossed(fixed, moving, winner.motion, _FINE)

    def _crossed(self, fixed: Stack, moving: Stack, motion: Matrix, n_points: int) -> Fit:
        """Return the refined motion, each scan blurred as the other's slices blur."""
        is_fine = n_points == _FINE
        spacing = max(_spacing(fixed, moving, n_points), min(fixed.grid.spacing_mm))
        # At slice centres only the slices' thickness blurs, in between interpolation does too.
        share = np.sqrt(1 / 12) + _CONFIDENCE / 4 if is_fine else 0.5
        turn = motion[:3, :3]
        one = fixed.crossed(spacing, turn.T @ moving.normal, share * moving.distance_mm)
        other = moving.crossed(spacing, turn @ fixed.normal, share * fixed.distance_mm)
        confidence = _CONFIDENCE if is_fine else np.inf
        return fitted(
            fixed.image(one, self.similarity, confidence),
            moving.image(other, self.similarity, confidence),
            _points(fixed, spacing * (2 if is_fine else 1.5)),
            start=motion,
        )


def _spacing(fixed: Stack, moving: Stack, n_points: int) -> float:
    return float(max(fixed.edges_mm.max(), moving.edges_mm.max()) / n_points)


def _isotropic_sigma(fixed: Stack, moving: Stack, spacing_mm: float) -> float:
    """Return the blur [mm] that slices and lattice force on both scans."""
    return max(fixed.distance_mm / 2, moving.distance_mm / 2, spacing_mm)


def _points(stack: Stack, spacing_mm: float) -> Points:
    """Return the lattice over a scan's box, about its centre."""
    grid = stack.lattice(spacing_mm)
    matrix = grid.matrix
    matrix[:3, 3] -= stack.centre
    return Points(grid.shape, matrix, stack.centre)


def _surrounded(
    values: NDArray[np.float32], reach: float
) -> tuple[tuple[NDArray[np.float32], NDArray[np.float32]], Matrix]:
    """Return image and mask amid zeros, and the map from an index there to the image's."""
    from scipy.fft import next_fast_len

    shape = [next_fast_len(int(n + 2 * np.ceil(reach)), real=True) for n in values.shape]
    before = [(m - n) // 2 for m, n in zip(shape, values.shape, strict=True)]
    widths = [(b, m - n - b) for b, m, n in zip(before, shape, values.shape, strict=True)]
    lattice = np.eye(4)
    lattice[:3, 3] = [-b for b in before]
    return (np.pad(values, widths), np.pad(np.ones_like(values), widths)), lattice


def _distinct(fits: list[Fit], spacing_mm: float, stack: Stack) -> list[Fit]:
    """Return the fits, without those that move the box's corners as a better one does."""
    corners = np.array(np.meshgrid(*([[-1.0, 1.0]] * 3))).reshape(3, -1)
    corners = corners * stack.edges_mm[:, None] / 2 + stack.centre[:, None]
    kept: list[Fit] = []
    for fit in fits:
        moves = [
            np.abs((fit.motion - other.motion)[:3] @ np.vstack([corners, np.ones(8)])).max()
            for other in kept
        ]
        if all(move > spacing_mm for move in moves):
            kept.append(fit)
    return kept
