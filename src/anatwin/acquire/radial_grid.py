"""Radial spokes on the grid."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from anatwin.acquire.axes import Coverage
from anatwin.acquire.raster import closest, rasterise
from anatwin.acquire.scan import check_acceleration, scan
from anatwin.core import KSpace, Volume
from anatwin.phantoms.sampling import Mask, measured_count
from anatwin.phantoms.scanner import Scanner


@dataclass(frozen=True, kw_only=True, slots=True)
class RadialGrid:
    """Measure the grid points next to straight lines through the centre of k-space.

    The spokes stand at even angles and reach the edges of the grid. Points lie exactly on the
    grid, so this shows what a radial density does, not what regridding does.
    """

    coverage: ClassVar[Coverage] = "plane"

    acceleration: float = 4.0
    """All points over measured points; met to within half a spoke."""

    seed: int = 0
    """How the spokes are turned."""

    scanner: Scanner = field(default_factory=Scanner)
    """Coils, noise and phase."""

    def __post_init__(self) -> None:
        check_acceleration(self.acceleration)

    def __call__(self, volume: Volume) -> KSpace:
        """Return what is measured of ``volume``."""
        return scan(volume, self)

    def pattern(self, shape: tuple[int, ...]) -> Mask:
        """Return True for the measured points of a plane of k-space."""
        turn = np.random.default_rng(self.seed).uniform(0, np.pi)

        def spokes(number: int) -> Mask:
            angles = turn + np.pi * np.arange(number) / number
            direction = np.array([np.cos(angles), np.sin(angles)]) * np.array(shape)[:, None]
            direction /= np.abs(direction).max(axis=0)  # one grid point a step
            steps = np.arange(-max(shape), max(shape) + 1)
            return rasterise((direction[:, :, None] * steps).reshape(2, -1), shape)

        return closest(spokes, measured_count(shape, self.acceleration), most=4 * max(shape))
