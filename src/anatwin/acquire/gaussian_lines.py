"""Lines from a normal density."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from anatwin.acquire.axes import Coverage
from anatwin.acquire.scan import check_acceleration, scan
from anatwin.core import KSpace, UsageError, Volume
from anatwin.phantoms.sampling import Mask, draw, measured_count
from anatwin.phantoms.scanner import Scanner


@dataclass(frozen=True, kw_only=True, slots=True)
class GaussianLines:
    """Measure lines of k-space from a normal density around the middle.

    The middle itself is likely measured, not surely.
    """

    coverage: ClassVar[Coverage] = "line"

    acceleration: float = 4.0
    """All lines over measured lines; met to within one line."""

    width: float = 0.15
    """Standard deviation of the density over the number of lines."""

    seed: int = 0
    """Which pattern."""

    scanner: Scanner = field(default_factory=Scanner)
    """Coils, noise and phase."""

    def __post_init__(self) -> None:
        check_acceleration(self.acceleration)
        if not 0 < self.width < np.inf:
            raise UsageError(f"Width must be a number above 0, got {self.width:g}.")

    def __call__(self, volume: Volume) -> KSpace:
        """Return what is measured of ``volume``."""
        return scan(volume, self)

    def pattern(self, shape: tuple[int, ...]) -> Mask:
        """Return True for the measured lines of one phase-encoding axis."""
        lines = shape[0]
        deviation = (np.arange(lines) - lines // 2) / (self.width * lines)
        wanted = measured_count(shape, self.acceleration)
        return draw(-(deviation**2) / 2, wanted, seed=self.seed)
