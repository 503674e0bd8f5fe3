"""Straight lines through the centre of k-space."""

from dataclasses import dataclass, field
from math import ceil, pi
from typing import Literal, get_args

from anatwin.acquire.axes import scan_axes
from anatwin.acquire.scan import check_acceleration
from anatwin.core import NonCartesian, UsageError, Volume
from anatwin.phantoms.scanner import Scanner

Angles = Literal["golden", "uniform"]

READOUT_OVERSAMPLING = 2
"""Samples along a shot over those that the field of view needs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Radial:
    """Measure straight lines through the centre of k-space, slice by slice.

    What is left out makes fine streaks instead of ghosts. An isotropic image is cut into
    transverse slices.

    References: Winkelmann et al. 2007, the golden angle, doi:10.1109/TMI.2006.885337.
    """

    acceleration: float = 4.0
    """Lines that would sample k-space fully at its edge, pi/2 for every voxel across, over
    measured lines."""

    angles: Angles = "golden"
    """How lines turn: by 111.25 degrees from one to the next, or evenly over half a turn."""

    scanner: Scanner = field(default_factory=Scanner)
    """Coils, noise and phase."""

    def __post_init__(self) -> None:
        check_acceleration(self.acceleration)
        if self.angles not in get_args(Angles):
            raise UsageError(f"Radial.angles must be golden or uniform, got {self.angles!r}.")

    def __call__(self, volume: Volume) -> NonCartesian:
        """Return what is measured of ``volume``."""
        from anatwin.ops.trajectory import radial_trajectory
        from anatwin.phantoms.trajectory_scan import measure_along

        slice_axis = transverse_axis(volume)
        n = voxels_across(volume, slice_axis)
        spokes = max(1, round(ceil(pi / 2 * n) / self.acceleration))
        golden = self.angles == "golden"
        lines = radial_trajectory(spokes, READOUT_OVERSAMPLING * n, golden=golden)
        return measure_along(
            volume, self.scanner, lines, slice_axis=slice_axis, oversampling=READOUT_OVERSAMPLING
        )


def transverse_axis(volume: Volume) -> int:
    """Return the axis across slices: the scan's, or that of transverse slices if it is 3-D."""
    axis = scan_axes(volume).slice_axis
    if axis is not None:
        return axis
    codes = volume.grid.axis_codes()
    return next(axis for axis in range(3) if codes[axis] in "SI")


def voxels_across(volume: Volume, slice_axis: int) -> int:
    """Return the longer side of a slice."""
    return max(n for axis, n in enumerate(volume.grid.shape) if axis != slice_axis)
