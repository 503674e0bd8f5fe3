"""A scan, its bend taken out."""

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Bend, Labels, Transform, Volume


def unbent(volume: Volume, transform: Transform, bend: Bend) -> Volume:
    """Return a scan as if the person had only moved rigidly; values are interpolated linearly.

    Parameters
    ----------
    volume
        The moving scan.
    transform
        From the fixed world to the scan's.
    bend
        Of the fixed world, before ``transform``.
    """
    values = volume.magnitude().data.astype(np.float32, copy=False)
    return Volume(_carried(values, volume, transform, bend), volume.grid)


def unbent_labels(labels: Labels, transform: Transform, bend: Bend) -> Labels:
    """Return the labels of a scan as if the person had only moved rigidly."""
    best = np.full(labels.grid.shape, 0.5, np.float32)
    data = np.zeros_like(labels.data)
    for index in labels.table.indices:
        share = _carried((labels.data == index).astype(np.float32), labels, transform, bend)
        data[share > best] = index
        np.maximum(best, share, out=best)
    return Labels(data, labels.grid, labels.table)


def _carried(
    values: NDArray[np.float32], scan: Volume | Labels, transform: Transform, bend: Bend
) -> NDArray[np.float32]:
    from scipy.ndimage import map_coordinates

    grid = scan.grid
    index = np.indices(grid.shape).reshape(3, -1)
    points = (grid.matrix[:3, :3] @ index).T + grid.matrix[:3, 3]
    moved = transform.apply(bend.apply(transform.inverse().apply(points)))
    inverse = np.linalg.inv(grid.matrix)
    back = inverse[:3, :3] @ moved.T + inverse[:3, 3:]
    found = map_coordinates(values, back, order=1, mode="nearest")
    return np.asarray(found, np.float32).reshape(grid.shape)
