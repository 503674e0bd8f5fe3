"""Curves through k-space, drawn on its grid."""

from bisect import bisect_left
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from anatwin.phantoms.sampling import Mask


def rasterise(positions: NDArray[np.float64], shape: tuple[int, ...]) -> Mask:
    """Return True for the grid points nearest to positions, ``axis point``, from the centre."""
    index = np.rint(positions).astype(np.intp) + np.array(shape)[:, None] // 2
    inside = ((index >= 0) & (index < np.array(shape)[:, None])).all(axis=0)
    mask = np.zeros(shape, bool)
    mask[tuple(index[:, inside])] = True
    return mask


def closest(curves: Callable[[int], Mask], wanted: int, most: int) -> Mask:
    """Return the mask of 1 to ``most`` curves that comes closest to so many points."""

    def points(number: int) -> int:
        return int(curves(number).sum())

    enough = 1
    while enough < most and points(enough) < wanted:  # few curves are quick to draw
        enough = min(2 * enough, most)
    number = bisect_left(range(enough), wanted, lo=enough // 2, key=points)
    around = [curves(n) for n in (max(number - 1, 1), max(number, 1))]
    return min(around, key=lambda mask: abs(int(mask.sum()) - wanted))
