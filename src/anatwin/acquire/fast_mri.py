"""The masks of the fastMRI challenge."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from anatwin.acquire.axes import Coverage
from anatwin.acquire.scan import check_acceleration, scan
from anatwin.core import KSpace, UsageError, Volume
from anatwin.phantoms.sampling import Mask
from anatwin.phantoms.scanner import Scanner


@dataclass(frozen=True, kw_only=True, slots=True)
class FastMri:
    """Measure the lines that the fastMRI challenge measures, bit for bit for the same seed.

    A fraction of the lines in the middle is measured, and among all others some at random, every
    R-th, so many at even distances that the acceleration is met, or every R-th with an offset
    that differs between the two sides of k-space (magic).

    References: Zbontar et al. 2018, arXiv:1811.08839; Defazio 2019, arXiv:1912.01101.
    """

    coverage: ClassVar[Coverage] = "line"

    kind: Literal["random", "equispaced", "equispaced_fraction", "magic"] = "random"
    """Which of the masks."""

    acceleration: float = 4.0
    """All lines over measured lines: on average for random and equispaced_fraction. For
    equispaced and magic it is a whole number, and the middle comes on top."""

    center_fraction: float | None = None
    """Share of the lines that are measured in the middle; 0.32 over the acceleration, as in the
    challenge, where not given."""

    seed: int = 0
    """Which pattern."""

    scanner: Scanner = field(default_factory=Scanner)
    """Coils, noise and phase."""

    def __post_init__(self) -> None:
        check_acceleration(self.acceleration)
        if self.kind in ("equispaced", "magic") and self.acceleration % 1:
            raise UsageError(f"A {self.kind} mask needs a whole number, got {self.acceleration:g}.")
        if not 0 <= self._fraction * self.acceleration < 1:
            raise UsageError(
                f"Center fraction must be from 0 to below 1 / acceleration, got {self._fraction:g}."
            )

    def __call__(self, volume: Volume) -> KSpace:
        """Return what is measured of ``volume``."""
        return scan(volume, self)

    def pattern(self, shape: tuple[int, ...]) -> Mask:
        """Return True for the measured lines of one phase-encoding axis."""
        lines = shape[0]
        low = round(lines * self._fraction)
        mask = np.zeros(lines, bool)
        rng = np.random.RandomState(self.seed)  # the old generator, as in the challenge
        _OUTER[self.kind](mask, self.acceleration, low, rng)
        start = (lines - low + 1) // 2
        mask[start : start + low] = True
        return mask

    @property
    def _fraction(self) -> float:
        return 0.32 / self.acceleration if self.center_fraction is None else self.center_fraction


def _random(mask: Mask, acceleration: float, low: int, rng: np.random.RandomState) -> None:
    odds = (mask.size / acceleration - low) / (mask.size - low)
    mask[:] = rng.uniform(size=mask.size) < odds


def _equispaced(mask: Mask, acceleration: float, _low: int, rng: np.random.RandomState) -> None:
    mask[rng.randint(round(acceleration)) :: int(acceleration)] = True


def _equispaced_fraction(
    mask: Mask, acceleration: float, low: int, rng: np.random.RandomState
) -> None:
    step = acceleration * (low - mask.size) / (low * acceleration - mask.size)
    places = np.arange(rng.randint(round(step)), mask.size - 1, step)
    mask[np.around(places).astype(np.intp)] = True


def _magic(mask: Mask, acceleration: float, _low: int, rng: np.random.RandomState) -> None:
    step, middle = int(acceleration), mask.size // 2
    offset = int(rng.randint(step))
    above, below = (offset + 1, offset + 2) if offset % 2 == 0 else (offset + 2, offset - 1)
    mask[middle:][above::step] = True
    mask[:middle][::-1][below::step] = True


_OUTER: dict[str, Callable[[Mask, float, int, np.random.RandomState], None]] = {
    "random": _random,
    "equispaced": _equispaced,
    "equispaced_fraction": _equispaced_fraction,
    "magic": _magic,
}
