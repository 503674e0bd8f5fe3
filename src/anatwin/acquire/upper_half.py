"""Partial Fourier sampling."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from anatwin.acquire.axes import Coverage
from anatwin.acquire.scan import check_acceleration, check_count, scan
from anatwin.core import KSpace, Volume
from anatwin.phantoms.sampling import Mask, calibration_block, draw, measured_count
from anatwin.phantoms.scanner import Scanner


@dataclass(frozen=True, kw_only=True, slots=True)
class UpperHalf:
    """Measure one side of k-space: partial Fourier.

    Below an acceleration of 2 every line is measured from one edge to beyond the middle. From 2
    on, the middle is measured, and lines at random between it and that edge.

    References: Noll et al. 1991, doi:10.1109/42.79473.
    """

    coverage: ClassVar[Coverage] = "line"

    acceleration: float = 4.0
    """All lines over measured lines, the middle counted; met to within one line."""

    calibration: int = 16
    """Lines measured without a gap around the middle, on both sides of it, at most half of all
    measured lines. Counts from an acceleration of 2."""

    seed: int = 0
    """Which lines of the half, where not all are measured."""

    scanner: Scanner = field(default_factory=Scanner)
    """Coils, noise and phase."""

    def __post_init__(self) -> None:
        check_acceleration(self.acceleration)
        check_count("Calibration", self.calibration)

    def __call__(self, volume: Volume) -> KSpace:
        """Return what is measured of ``volume``."""
        return scan(volume, self)

    def pattern(self, shape: tuple[int, ...]) -> Mask:
        """Return True for the measured lines of one phase-encoding axis."""
        place, wanted = np.arange(shape[0]), measured_count(shape, self.acceleration)
        if wanted > shape[0] // 2:
            return place < wanted
        log_weight = np.where(place < shape[0] // 2, 0, -np.inf)
        log_weight[calibration_block(shape, self.calibration, wanted)] = np.inf
        return draw(log_weight, wanted, seed=self.seed)
