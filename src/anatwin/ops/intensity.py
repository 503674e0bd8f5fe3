"""Intensity scaling, the same for training and for running networks."""

import numpy as np
from numpy.typing import NDArray


def percentile_bounds(
    array: NDArray[np.generic], *, low: float = 0.5, high: float = 99.5
) -> tuple[float, float]:
    """Return two percentiles of an array's foreground, the same number twice where it has none.

    Foreground is every finite voxel that is not zero.

    Parameters
    ----------
    array
        Any shape; real.
    low, high
        Percentiles, 0 to 100.
    """
    values = _finite(array)
    foreground = values[values != 0]
    if foreground.size == 0:
        return 0.0, 0.0
    bottom, top = (float(p) for p in np.percentile(foreground, (low, high)))
    return bottom, top


def rescale(array: NDArray[np.generic], bounds: tuple[float, float]) -> NDArray[np.float32]:
    """Return the array clipped at two values, which become 0 and 1.

    Zeros (padding, skull stripping) are clipped like any other voxel. Voxels that are not finite
    count as zero. Where both values are the same, all becomes zero.

    Parameters
    ----------
    array
        Any shape; real.
    bounds
        The two values, lower first.
    """
    values = _finite(array)
    bottom, top = bounds
    if not top > bottom:
        return np.zeros_like(values)
    return ((np.clip(values, bottom, top) - bottom) / (top - bottom)).astype(np.float32)


def _finite(array: NDArray[np.generic]) -> NDArray[np.float32]:
    return np.nan_to_num(np.asarray(array, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
