"""Which axes of a grid a scanner would read out, step through and excite."""

from typing import Literal, NamedTuple

from anatwin.core import Volume

Coverage = Literal["line", "phase", "plane"]
"""What a pattern undersamples: one phase-encoding axis, all of them, or a plane of two axes."""

_ANISOTROPIC = 1.25
_TOUCHING = 0.005


class ScanAxes(NamedTuple):
    """Grid axes of a scan; ``slice_axis`` is None for a 3-D scan."""

    readout: int
    phase: tuple[int, ...]
    slice_axis: int | None

    def undersampled(self, coverage: Coverage) -> tuple[int, ...]:
        """Return the axes along which a pattern leaves samples out.

        The plane of a slice holds its readout; that of a 3-D scan both phase-encoding axes.
        """
        plane = (*self.phase, self.readout)[:2]
        return {"line": self.phase[:1], "phase": self.phase, "plane": plane}[coverage]


def scan_axes(volume: Volume) -> ScanAxes:
    """Return how a scanner would most likely have encoded an image.

    An axis of a single voxel, or else the one with the largest spacing where that is more than
    1.25 times the smallest, is the slice direction of a 2-D scan; otherwise the scan is 3-D.
    Read out is the encoded axis along which the object leaves the field of view, because the
    readout is oversampled and does not fold. Where it leaves along none, the longest is read out,
    because a longer readout costs no time; superior-inferior goes before anterior-posterior, and
    that before left-right, where several are equally long.
    """
    grid, spacing = volume.grid, volume.grid.spacing_mm
    slice_axis = None
    if 1 in grid.shape:
        slice_axis = grid.shape.index(1)
    elif max(spacing) > _ANISOTROPIC * min(spacing):
        slice_axis = spacing.index(max(spacing))
    encoded = [axis for axis in range(3) if axis != slice_axis]
    codes, cut = grid.axis_codes(), _cut_shares(volume)

    def preference(axis: int) -> tuple[float, float, int]:
        length = round(grid.shape[axis] * spacing[axis], 3)
        return cut[axis], length, "LRPAIS".index(codes[axis]) // 2

    readout = max(encoded, key=preference)
    return ScanAxes(readout, tuple(axis for axis in encoded if axis != readout), slice_axis)


def _cut_shares(volume: Volume) -> tuple[float, ...]:
    """Return for every axis the share of its outer faces that lies in the object."""
    magnitude = volume.magnitude().data
    threshold = sum(float(slab.mean()) for slab in magnitude) / len(magnitude)
    shares = []
    for axis in range(3):
        faces = magnitude.take([0, -1], axis=axis)
        share = float((faces > threshold).mean())
        shares.append(share if share > _TOUCHING else 0.0)
    return tuple(shares)
