"""Spirals from the centre of k-space outwards."""

from dataclasses import dataclass, field

from anatwin.acquire.radial import READOUT_OVERSAMPLING, transverse_axis, voxels_across
from anatwin.acquire.scan import check_acceleration
from anatwin.core import NonCartesian, UsageError, Volume
from anatwin.phantoms.scanner import Scanner


@dataclass(frozen=True, kw_only=True, slots=True)
class Spiral:
    """Measure spirals through k-space, slice by slice, with closer windings in the middle.

    Windings are even in the middle and even outside it. An isotropic image is cut into
    transverse slices. Limits of the gradients are not modelled.

    References: Meyer et al. 1992, doi:10.1002/mrm.1910280202.
    """

    acceleration: float = 3.0
    """Windings that would sample k-space fully over measured windings, the middle counted."""

    shots: int = 16
    """Number of spirals, each turned by an equal part of a turn."""

    calibration: int = 24
    """Samples across the fully sampled middle, at most half of all windings; 0 makes the spirals
    Archimedean. Coil sensitivities are estimated from it."""

    scanner: Scanner = field(default_factory=Scanner)
    """Coils, noise and phase."""

    def __post_init__(self) -> None:
        check_acceleration(self.acceleration)
        if self.shots < 1:
            raise UsageError(f"Spiral.shots must be 1 or more, got {self.shots}.")
        if self.calibration < 0:
            raise UsageError(f"Spiral.calibration must be 0 or more, got {self.calibration}.")

    def __call__(self, volume: Volume) -> NonCartesian:
        """Return what is measured of ``volume``."""
        from anatwin.ops.trajectory import spiral_trajectory
        from anatwin.phantoms.trajectory_scan import measure_along

        slice_axis = transverse_axis(volume)
        n = voxels_across(volume, slice_axis)
        spacing = 1 / (READOUT_OVERSAMPLING * n)
        arms = spiral_trajectory(self.shots, spacing, knots=self._knots(n))
        return measure_along(
            volume, self.scanner, arms, slice_axis=slice_axis, oversampling=READOUT_OVERSAMPLING
        )

    def _knots(self, n: int) -> list[tuple[float, float]]:
        """Return the radius [cycles per voxel] after some turns of a spiral."""
        windings = n / 2 / self.acceleration
        dense = min(self.calibration / 2, windings / 2)
        knots = [(0.0, 0.0), (dense / self.shots, dense / n), (windings / self.shots, 0.5)]
        return knots if dense else [knots[0], knots[2]]
