"""Local thickness: the diameter of the largest ball that fits into a shape and holds a point."""

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled

Mask = NDArray[np.bool_]
Depth = NDArray[np.float32]


def local_thickness(shape: Mask) -> Depth:
    """Return the local thickness of a shape in pixels, zero outside it.

    A ball is centred on a pixel and reaches to the centre of the nearest pixel outside, which makes
    the result good to one pixel. Beyond the edge of the array nothing is known, so balls may reach
    over it.

    Source: Hildebrand and Ruegsegger 1997, doi:10.1046/j.1365-2818.1997.1340694.x.

    Parameters
    ----------
    shape
        Which pixels belong to it, ``i j`` or ``i j k``; some must not.
    """
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(shape).astype(np.float32)
    solid = depth.reshape(*shape.shape, *(1,) * (3 - shape.ndim))
    found = np.zeros(solid.shape, np.float32)
    _cover(solid, _ridge(solid), found)
    return 2 * found.reshape(shape.shape)


@compiled
def _ridge(depth: Depth) -> NDArray[np.int64]:
    """Return the pixels whose ball lies in no neighbour's, ``pixel ijk``."""
    n = depth.shape
    kept = np.empty((depth.size, 3), np.int64)
    count = 0
    for i in range(n[0]):
        for j in range(n[1]):
            for k in range(n[2]):
                if depth[i, j, k] > 0 and not _hidden(depth, i, j, k):
                    kept[count] = (i, j, k)
                    count += 1
    return kept[:count].copy()


@compiled
def _hidden(depth: Depth, i: int, j: int, k: int) -> bool:
    """Tell whether a neighbour's ball holds the ball of a pixel."""
    n = depth.shape
    for a in range(max(i - 1, 0), min(i + 2, n[0])):
        for b in range(max(j - 1, 0), min(j + 2, n[1])):
            for c in range(max(k - 1, 0), min(k + 2, n[2])):
                gap = np.sqrt(float((a - i) ** 2 + (b - j) ** 2 + (c - k) ** 2))
                if gap > 0 and depth[a, b, c] >= depth[i, j, k] + gap - 1e-4:
                    return True
    return False


@compiled
def _cover(depth: Depth, centres: NDArray[np.int64], found: Depth) -> None:
    """Raise every pixel to the radius of the largest ball that holds it."""
    n = depth.shape
    for index in range(len(centres)):
        i, j, k = centres[index]
        radius = depth[i, j, k]
        reach = int(np.ceil(radius)) - 1
        for a in range(max(i - reach, 0), min(i + reach + 1, n[0])):
            for b in range(max(j - reach, 0), min(j + reach + 1, n[1])):
                left = radius**2 - (a - i) ** 2 - (b - j) ** 2
                if left <= 0:
                    continue
                half = int(np.ceil(np.sqrt(left))) - 1
                for c in range(max(k - half, 0), min(k + half + 1, n[2])):
                    found[a, b, c] = max(found[a, b, c], radius)
