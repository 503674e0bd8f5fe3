"""Slices of scans, for studies of two-dimensional sampling."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from anatwin.acquire import scan_axes
from anatwin.core import Grid, InputError, Volume
from anatwin.io.source import open_source

MIDDLE = (0.25, 0.75)
"""The part of a scan, along its slices, that holds the anatomy."""


def read_volumes(paths: Sequence[Path]) -> list[Volume]:
    """Return the images of some files or folders.

    Raises
    ------
    InputError
        If one holds k-space, or cannot be read.
    """
    volumes = []
    for path in paths:
        product = open_source(path).product
        if not isinstance(product, Volume):
            raise InputError(
                f"{path} holds k-space; this study needs images whose truth is known "
                "(reconstruct it first if it is fully sampled)."
            )
        volumes.append(product.magnitude())
    return volumes


def middle_slices(volume: Volume, n: int, *, axis: int | None = None) -> list[Volume]:
    """Return up to ``n`` slices spread over the middle of a scan, as volumes one voxel thick.

    They lie across an axis of one's choice, or else across the slice axis of a 2-D scan and the
    superior-inferior axis of a 3-D one. Slices without signal are left out.
    """
    axis = scan_axes(volume).slice_axis if axis is None else axis
    if axis is None:
        axis = next(a for a, code in enumerate(volume.grid.axis_codes()) if code in "SI")
    count = volume.grid.shape[axis]
    low, high = (share * (count - 1) for share in MIDDLE)
    places = np.unique(np.linspace(low, high, n).round())
    slices = (_slice(volume, axis, int(place)) for place in places)
    return [one for one in slices if one.data.any()]


def _slice(volume: Volume, axis: int, place: int) -> Volume:
    """Return one slice on a grid of its own."""
    corner = [0, 0, 0]
    corner[axis] = place
    matrix = volume.grid.matrix
    matrix[:3, 3] = volume.grid.at(*corner)
    data = np.ascontiguousarray(np.take(volume.data, [place], axis))
    return Volume(data, Grid.from_matrix(data.shape, matrix, volume.grid.frame))
