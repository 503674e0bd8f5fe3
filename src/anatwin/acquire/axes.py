"""Which axes of a grid a scanner would read out, step through and excite."""

from typing import NamedTuple

from anatwin.core import Grid

_ANISOTROPIC = 1.25


class ScanAxes(NamedTuple):
    """Grid axes of a scan; ``slice_axis`` is None for a 3-D scan."""

    readout: int
    phase: tuple[int, ...]
    slice_axis: int | None


def scan_axes(grid: Grid) -> ScanAxes:
    """Return how a scanner would most likely have encoded a grid.

    An axis of a single voxel, or else the one with the largest spacing where that is more than
    1.25 times the smallest, is the slice direction of a 2-D scan; otherwise the scan is 3-D.
    The longest of the encoded axes is read out, the one along the body (superior-inferior) where
    several are equally long, because a longer readout costs no time.
    """
    spacing = grid.spacing_mm
    slice_axis = None
    if 1 in grid.shape:
        slice_axis = grid.shape.index(1)
    elif max(spacing) > _ANISOTROPIC * min(spacing):
        slice_axis = spacing.index(max(spacing))
    codes = grid.axis_codes()
    encoded = [axis for axis in range(3) if axis != slice_axis]

    def length(axis: int) -> tuple[float, bool]:
        return round(grid.shape[axis] * spacing[axis], 3), codes[axis] in "SI"

    readout = max(encoded, key=length)
    return ScanAxes(readout, tuple(axis for axis in encoded if axis != readout), slice_axis)
