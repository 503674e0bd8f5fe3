"""How even a scan is about every voxel: an uneven one may hold more than one tissue.

Such voxels teach little of what a tissue looks like, and what they look like says less of what
they are. A thin tissue has hardly an even voxel of its own, and what passes for one is mostly
another tissue that was mistaken for it; it is taught by uneven ones too.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_WIDTH = 3
_QUIET = 20
"""Percentile of the head's voxels whose surroundings vary by noise alone."""

_HEAD_FROM = 0.1
_LEAST = 0.005**2

_EDGES = (1.5, 3, 6, 12, 24)
_TIMES = np.array([1, 2.2, 4.3, 8.5, 17, 35])
N_DEGREES = len(_TIMES)
"""Of evenness, from even to uneven: variance about a voxel, in multiples of that of noise."""

_STRICT = np.array([1.5, 2.5, 4, 7, 12, 20, 40, 1e6])
"""By which variance a voxel teaches half as much, from even voxels alone to all alike."""

_WEIGHTS = 1 / (1 + ((_TIMES - 1) / _STRICT[:, None]) ** 2)

TEACHES = _WEIGHTS[0]
"""Weight of a voxel of each degree where most are even."""

_LEAST_SHARE = 0.1
"""Of a tissue, that must teach what it looks like."""

_MIXED = 0.25
"""Share of what a voxel's surroundings vary by that its own mixture may."""


def variance_about(image: Array) -> NDArray[np.float32]:
    """Return the variance among every voxel and its neighbours, ``i j k``."""
    from scipy.ndimage import uniform_filter

    mean = uniform_filter(image, _WIDTH, mode="nearest")
    square = uniform_filter(image * image, _WIDTH, mode="nearest")
    variance: NDArray[np.float32] = np.maximum(square - mean * mean, 0)
    return variance


def noise_variance(image: Array, variance: Array) -> float:
    """Return the variance of a head's most even voxels; grey values are from 0 to 1."""
    head = variance[image > _HEAD_FROM]
    return max(float(np.percentile(head, _QUIET)), _LEAST) if head.size else _LEAST


def degrees(variance: Array, noise: float) -> NDArray[np.uint16]:
    """Return which of the degrees of evenness each variance is, 0 for even."""
    return np.digitize(variance, np.array(_EDGES) * noise).astype(np.uint16)


def mixtures(noise: float) -> NDArray[np.float64]:
    """Return by how much a tissue's variance is greater in voxels of each degree."""
    return _MIXED * noise * (_TIMES - 1)


def taught(counts: Array) -> NDArray[np.float64]:
    """Return how much of every tissue has every grey level, even voxels counting most.

    Every tissue is as strict as leaves it a tenth of its voxels.

    Parameters
    ----------
    counts
        How much has which level in voxels of every degree, ``degree level tissue``.

    Returns
    -------
    counts
        ``tissue level``.
    """
    size = counts.sum(axis=1)
    left = _WEIGHTS @ size >= _LEAST_SHARE * size.sum(axis=0)
    return np.einsum("td,dlt->tl", _WEIGHTS[left.argmax(axis=0)], counts)
