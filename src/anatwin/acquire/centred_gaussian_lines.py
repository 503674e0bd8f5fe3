"""Lines from a normal density over a floor, with a complete middle."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from anatwin.acquire.axes import Coverage
from anatwin.acquire.scan import check_acceleration, check_count, scan
from anatwin.core import KSpace, Volume
from anatwin.ops.coils import middle_block
from anatwin.phantoms.sampling import Mask, draw, measured_count
from anatwin.phantoms.scanner import Scanner


@dataclass(frozen=True, kw_only=True, slots=True)
class CentredGaussianLines:
    """Measure the middle lines of k-space and others from a normal density over a floor.

    The density's standard deviation is a tenth of the lines, its floor 1 / (2 R) of its peak: the
    pattern that the deep cascade of networks was trained with.

    References: Schlemper et al. 2018, doi:10.1109/TMI.2017.2760978; Jung et al. 2007,
    doi:10.1088/0031-9155/52/11/018.
    """

    coverage: ClassVar[Coverage] = "line"

    acceleration: float = 4.0
    """All lines over measured lines, the middle counted; met to within one line."""

    calibration: int = 8
    """Lines measured without a gap around the middle."""

    seed: int = 0
    """Which pattern."""

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
        lines, wanted = shape[0], measured_count(shape, self.acceleration)
        deviation = (np.arange(lines) - lines / 2) / (lines / 10)
        log_weight = np.log(np.exp(-(deviation**2) / 2) + 1 / (2 * self.acceleration))
        log_weight[middle_block(shape, [min(self.calibration, wanted)])] = np.inf
        return draw(log_weight, wanted, seed=self.seed)
