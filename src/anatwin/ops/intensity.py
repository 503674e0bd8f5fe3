"""Intensity scaling, the same for training and for running networks."""

import numpy as np
from numpy.typing import NDArray


def rescale_percentiles(
    array: NDArray[np.generic], *, low: float = 0.5, high: float = 99.5
) -> NDArray[np.float32]:
    """Return the array clipped at two percentiles of its foreground and scaled to 0..1.

    Foreground is every finite voxel that is not zero. The lower percentile becomes 0, the upper
    one 1; zeros (padding, skull stripping) are clipped like any other voxel. Voxels that are
    not finite count as zero. An array without contrast becomes all zeros.

    Parameters
    ----------
    array
        Any shape; real.
    low, high
        Percentiles, 0 to 100.
    """
    values = np.nan_to_num(np.asarray(array, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    foreground = values[values != 0]
    if foreground.size == 0:
        return np.zeros_like(values)
    bottom, top = (float(p) for p in np.percentile(foreground, (low, high)))
    if not top > bottom:
        return np.zeros_like(values)
    return ((np.clip(values, bottom, top) - bottom) / (top - bottom)).astype(np.float32)
