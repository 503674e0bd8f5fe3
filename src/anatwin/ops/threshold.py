"""One level that parts an image in two."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def otsu_threshold(values: NDArray[Any], bins: int = 256) -> float:
    """Return the level between whose two sides the means differ most, weighted by their sizes.

    Source: Otsu 1979, doi:10.1109/TSMC.1979.4310076.

    Parameters
    ----------
    values
        An image of any shape, not constant.
    bins
        Levels that are tried.
    """
    count, edges = np.histogram(values, bins=bins)
    centre = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(count)[:-1].astype(np.float64)
    above = count.sum() - below
    total = np.cumsum(count * centre)
    low = total[:-1] / np.maximum(below, 1)
    high = (total[-1] - total[:-1]) / np.maximum(above, 1)
    between = below * above * (high - low) ** 2
    # Empty bins between two heaps do equally well: the middle of them is the fairest.
    best = np.flatnonzero(between >= between.max() * (1 - 1e-12))
    return float(edges[1:-1][best].mean())
