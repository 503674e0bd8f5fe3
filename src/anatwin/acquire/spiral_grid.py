"""A spiral on the grid."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from anatwin.acquire.axes import Coverage
from anatwin.acquire.raster import closest, rasterise
from anatwin.acquire.scan import check_acceleration, scan
from anatwin.core import KSpace, UsageError, Volume
from anatwin.phantoms.sampling import Mask, measured_count
from anatwin.phantoms.scanner import Scanner

_CORNERS = 1.5
_PARTS = 16
_STEP = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class SpiralGrid:
    """Measure the grid points next to a spiral from the centre of k-space to its edges.

    The corners are left out, as a real spiral leaves them out, but below an acceleration of 1.5,
    which needs them. Points lie exactly on the grid, so this shows what a spiral density does,
    not what regridding does.

    References: Kim et al. 2003, doi:10.1002/mrm.10493.
    """

    coverage: ClassVar[Coverage] = "plane"

    acceleration: float = 4.0
    """All points over measured points; met to within a sixteenth of a turn."""

    power: float = 3.0
    """How the radius grows with the angle: 1 spaces the turns evenly, more is denser inside."""

    seed: int = 0
    """How the spiral is turned."""

    scanner: Scanner = field(default_factory=Scanner)
    """Coils, noise and phase."""

    def __post_init__(self) -> None:
        check_acceleration(self.acceleration)
        if not 1 <= self.power < np.inf:
            raise UsageError(f"Power must be a number from 1, got {self.power:g}.")

    def __call__(self, volume: Volume) -> KSpace:
        """Return what is measured of ``volume``."""
        return scan(volume, self)

    def pattern(self, shape: tuple[int, ...]) -> Mask:
        """Return True for the measured points of a plane of k-space."""
        start = np.random.default_rng(self.seed).uniform(0, 2 * np.pi)
        reach = np.array(shape)[:, None] / (2 if self.acceleration >= _CORNERS else 2**0.5)

        def spiral(parts: int) -> Mask:
            sweep = 2 * np.pi * parts / _PARTS
            length = reach.max() * (1 + sweep / (self.power + 1))
            evenly = np.linspace(0, 1, int(length / _STEP) + 2)
            along = evenly ** (1 / (self.power + 1))  # about even steps along the curve
            angle = start + sweep * along
            return rasterise(reach * along**self.power * [np.cos(angle), np.sin(angle)], shape)

        wanted = measured_count(shape, self.acceleration)
        return closest(spiral, wanted, most=4 * _PARTS * max(shape))
