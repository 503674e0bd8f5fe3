"""Shapes in boolean volumes."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Box = tuple[slice, slice, slice]


def bounding_box(mask: Mask) -> Box | None:
    """Return the smallest box that holds every true voxel; None where there is none."""
    plane: Mask = np.asarray(mask.any(axis=0))
    first = span(np.asarray(mask.any(axis=(1, 2))))
    if first.stop == 0:
        return None
    return (first, span(np.asarray(plane.any(axis=1))), span(np.asarray(plane.any(axis=0))))


def span(line: Mask) -> slice:
    """Return the range from the first to the last true entry; empty where there is none."""
    where = np.flatnonzero(line)
    return slice(int(where[0]), int(where[-1]) + 1) if where.size else slice(0, 0)


def boundary(mask: Mask) -> NDArray[np.int64]:
    """Return the true voxels that share a face with a false one, ``point ijk``.

    Beyond the edge of the array everything is false.
    """
    box = bounding_box(mask)
    if box is None:
        return np.zeros((0, 3), np.int64)
    padded = np.pad(mask[box], 1)
    inside = padded.copy()
    for axis in range(3):
        inside &= np.roll(padded, 1, axis) & np.roll(padded, -1, axis)
    return np.argwhere(padded & ~inside) - 1 + [part.start for part in box]


def largest_piece(mask: Mask) -> Mask:
    """Return the largest face-connected part of a mask."""
    from scipy.ndimage import label

    parts, n_parts = label(mask)
    if n_parts < 2:
        return mask
    piece: Mask = parts == np.bincount(parts.ravel())[1:].argmax() + 1
    return piece


def largest_part(mask: Mask) -> tuple[float, int]:
    """Return the share of the largest face-connected part, and the number of parts."""
    from scipy.ndimage import label

    box = bounding_box(mask)
    if box is None:
        return 0.0, 0
    sizes = np.bincount(label(mask[box])[0].ravel())[1:]
    return float(sizes.max() / sizes.sum()), len(sizes)
