"""How a shape hangs together."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def euler_number(shape: Mask) -> int:
    """Return the Euler number: parts, less loops, plus cavities.

    Pixels are closed squares or cubes, so that those that touch at a corner are joined; it is the
    alternating sum of their corners, edges, faces and bodies.

    Parameters
    ----------
    shape
        Which pixels belong to it, ``i j`` or ``i j k``.
    """
    axes = shape.ndim
    return sum(
        (-1) ** sum(extended) * _cells(shape, extended)
        for extended in product((False, True), repeat=axes)
    )


def _cells(shape: Mask, extended: tuple[bool, ...]) -> int:
    """Count the cells that are one pixel long along some axes and flat along the others."""
    for axis, long in enumerate(extended):
        if not long:
            none = np.zeros_like(shape.take([0], axis))
            shape = np.concatenate([none, shape], axis) | np.concatenate([shape, none], axis)
    return int(np.count_nonzero(shape))


def largest_body(shape: Mask) -> Mask:
    """Return the largest part, its cavities filled; parts are joined at faces, edges and corners.

    Parameters
    ----------
    shape
        Which pixels belong to it, ``i j`` or ``i j k``.
    """
    from scipy.ndimage import binary_fill_holes, generate_binary_structure, label

    touching = generate_binary_structure(shape.ndim, shape.ndim)
    parts, count = label(shape, touching)
    if count == 0:
        return shape
    largest = parts == np.argmax(np.bincount(parts.ravel())[1:]) + 1
    whole: Mask = binary_fill_holes(largest)
    return whole
