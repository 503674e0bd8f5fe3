"""Variable-density Cartesian sampling."""

from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from anatwin.acquire.axes import scan_axes
from anatwin.core import Grid, KSpace, UsageError, Volume
from anatwin.phantoms.sampling import variable_density
from anatwin.phantoms.scanner import Scanner, measure


@dataclass(frozen=True, kw_only=True, slots=True)
class Cartesian:
    """Measure some lines of k-space: all in the middle, fewer outside.

    The readout is always complete. In a 2-D scan whole lines of every slice are left out; in a
    3-D scan lines are left out along both phase-encoding axes.

    References: Lustig et al. 2007, doi:10.1002/mrm.21391.
    """

    acceleration: float = 4.0
    """All lines over measured lines, the middle counted; met to within one line."""

    calibration: int = 24
    """Lines measured without a gap around the middle along each phase-encoding axis, at most
    half of all measured lines. Coil sensitivities are estimated from them."""

    seed: int = 0
    """Which pattern."""

    scanner: Scanner = field(default_factory=Scanner)
    """Coils, noise and phase."""

    def __post_init__(self) -> None:
        if not (isfinite(self.acceleration) and self.acceleration >= 1):
            raise UsageError(f"Acceleration must be 1 or more, got {self.acceleration:g}.")
        if self.calibration < 1:
            raise UsageError(f"Calibration must be 1 line or more, got {self.calibration}.")

    def __call__(self, volume: Volume) -> KSpace:
        """Return what is measured of ``volume``."""
        axes = scan_axes(volume)
        return measure(
            volume,
            self.scanner,
            self.mask(volume.grid, axes.phase),
            readout_axis=axes.readout,
            slice_axis=axes.slice_axis,
        )

    def mask(self, grid: Grid, axes: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return True for what is measured, ``i j k``, of length one but along phase ``axes``."""
        lines = variable_density(
            tuple(grid.shape[axis] for axis in axes),
            self.acceleration,
            calibration=self.calibration,
            seed=self.seed,
        )
        return lines.reshape([grid.shape[axis] if axis in axes else 1 for axis in range(3)])
