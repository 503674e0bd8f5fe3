"""Points that keep their distance."""

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled

Mask = NDArray[np.bool_]

_HALVINGS = 24


def fill_with_discs(centre: Mask, distance: NDArray[np.float64], wanted: int, *, seed: int) -> Mask:
    """Add points at random, none inside the disc of one that was added before.

    The radius of a disc grows linearly with the distance, as steeply as leaves room for the
    points that are wanted, plus up to one sample at random, so that the grid makes no rings.

    Parameters
    ----------
    centre
        True where measured in any case, ``row column``.
    distance
        From zero frequency, ``row column``.
    wanted
        Number of points, those of ``centre`` included.
    seed
        Which draw.

    Returns
    -------
    Mask
        Exactly ``wanted`` points, ``row column``.

    Source: Bridson 2007, doi:10.1145/1278780.1278807, on a grid.
    """
    rng = np.random.default_rng(seed)
    order, extra = rng.permutation(centre.size), rng.random(centre.shape)
    best, low, high = centre, 0.0, float(sum(centre.shape))
    for _ in range(_HALVINGS):
        slope = (low + high) / 2
        mask = centre.copy()
        _add(mask, order, slope * distance + extra, wanted)
        enough = np.count_nonzero(mask) == wanted
        low, high, best = (slope, high, mask) if enough else (low, slope, best)
    return best


@compiled
def _add(mask: Mask, order: NDArray[np.int64], radius: NDArray[np.float64], wanted: int) -> None:
    """Add points in order until there are enough."""
    rows, columns = mask.shape
    taken = mask.copy()
    left = wanted - np.count_nonzero(mask)
    for place in order:
        i, j = place // columns, place % columns
        if left == 0:
            return
        if taken[i, j]:
            continue
        mask[i, j] = True
        left -= 1
        reach = radius[i, j]
        near = int(np.ceil(reach)) - 1
        for k in range(max(i - near, 0), min(i + near + 1, rows)):
            for m in range(max(j - near, 0), min(j + near + 1, columns)):
                if (k - i) ** 2 + (m - j) ** 2 < reach**2:
                    taken[k, m] = True
