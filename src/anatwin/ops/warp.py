"""Trilinear interpolation of volumes at the points of another lattice."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled

Array = NDArray[Any]
Matrix = NDArray[np.float64]


def warped(values: Array, index: Matrix, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return a volume at the points of another lattice, and 1 where it has a value.

    Parameters
    ----------
    values
        The volume, ``i j k``.
    index
        From an index of the wanted lattice to one of the volume, 4 x 4.
    shape
        Points of the wanted lattice.
    """
    data = np.ascontiguousarray(values, np.float32)
    result, inside = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    _warp(data, np.ascontiguousarray(index, np.float64), result, inside)
    return result, inside


@compiled
def trilinear(values: Array, at: Array, gradient: Array) -> tuple[bool, float]:
    """Return whether a point lies inside, and the value there; put the slope in ``gradient``."""
    i, j, k = int(np.floor(at[0])), int(np.floor(at[1])), int(np.floor(at[2]))
    ni, nj, nk = values.shape
    if i < 0 or j < 0 or k < 0 or i > ni - 2 or j > nj - 2 or k > nk - 2:
        return False, 0.0
    u, v, w = at[0] - i, at[1] - j, at[2] - k
    a, b, c, d = values[i, j, k], values[i + 1, j, k], values[i, j + 1, k], values[i + 1, j + 1, k]
    k += 1
    e, f, g, h = values[i, j, k], values[i + 1, j, k], values[i, j + 1, k], values[i + 1, j + 1, k]
    low_0, low_1, high_0, high_1 = (
        a + u * (b - a),
        c + u * (d - c),
        e + u * (f - e),
        g + u * (h - g),
    )
    low, high = low_0 + v * (low_1 - low_0), high_0 + v * (high_1 - high_0)
    gradient[0] = (1 - w) * ((1 - v) * (b - a) + v * (d - c)) + w * (
        (1 - v) * (f - e) + v * (h - g)
    )
    gradient[1] = (1 - w) * (low_1 - low_0) + w * (high_1 - high_0)
    gradient[2] = high - low
    return True, low + w * (high - low)


@compiled
def _warp(values: Array, index: Array, result: Array, inside: Array) -> None:
    at, slope = np.zeros(3), np.zeros(3)
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            for k in range(result.shape[2]):
                for axis in range(3):
                    row = index[axis]
                    at[axis] = row[0] * i + row[1] * j + row[2] * k + row[3]
                is_inside, value = trilinear(values, at, slope)
                if is_inside:
                    result[i, j, k] = value
                    inside[i, j, k] = 1
