"""Smooth shading of an image, found from its histogram alone."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_BINS = 200
_BLUR_BINS = 2.0
_SAMPLES = 60_000
_STRONGEST = 1.0
"""Largest natural logarithm of a factor."""


def least_entropy_factor(
    image: Array, inside: NDArray[np.bool_], order: int = 2
) -> NDArray[np.float32]:
    """Return the smooth factor that makes the histogram of an image sharpest; its mean inside is 1.

    Shading smears the values of every tissue; where it is gone, the entropy of the histogram is
    least. The factor is the exponential of a polynomial, found degree after degree. Beyond the box
    around what is looked at, it stays as at the box.

    Sources: Mangin 2000, doi:10.1109/MMBIA.2000.852374; Likar, Viergever and Pernus 2001,
    doi:10.1109/42.974934.

    Parameters
    ----------
    image
        ``i j k``, real.
    inside
        Voxels whose values are looked at where they are above 0, ``i j k``; at least one.
    order
        Of the polynomial, 1 or more.
    """
    places = np.argwhere(inside & (image > 0))
    low, high = places.min(axis=0), places.max(axis=0)
    axes = [
        np.clip((np.arange(n) - a) / max(b - a, 1) * 2 - 1, -1, 1)
        for n, a, b in zip(image.shape, low, high, strict=True)
    ]
    places = places[:: max(len(places) // _SAMPLES, 1)]
    points = np.stack([axis[n] for axis, n in zip(axes, places.T, strict=True)])
    weights = _weights(image[tuple(places.T)].astype(np.float64), points, order)
    exponent = np.zeros(image.shape, np.float32)
    for weight, powers in zip(weights, _powers(order), strict=True):
        x, y, z = (axis**power for axis, power in zip(axes, powers, strict=True))
        exponent += (weight * x[:, None, None] * y[:, None] * z).astype(np.float32)
    factor = _bounded(exponent - exponent[inside].mean())
    return np.asarray(factor / factor[inside].mean(), np.float32)


def _weights(values: Array, points: Array, order: int) -> Array:
    """Return the weights of the polynomial's terms that leave the least entropy."""
    from scipy.optimize import minimize

    terms = np.stack([np.prod(points.T**powers, axis=1) for powers in _powers(order)])
    terms -= terms.mean(axis=1, keepdims=True)
    top = 1.3 * float(np.percentile(values, 99.9) / values.mean())
    found = np.zeros(0)
    for degree in range(1, order + 1):
        some = terms[: len(_powers(degree))]
        start = np.pad(found, (0, len(some) - len(found)))
        limits = {"xtol": 2e-3, "ftol": 1e-6, "maxiter": 30}
        found = minimize(_entropy, start, (values, some, top), method="Powell", options=limits).x
    return found


def _entropy(weights: Array, values: Array, terms: Array, top: float) -> float:
    """Return the entropy of the histogram of values after the factor, their mean kept."""
    from scipy.ndimage import gaussian_filter1d

    even = values * _bounded(weights @ terms)
    counts = np.histogram(even / even.mean(), bins=_BINS, range=(0, top))[0]
    share = gaussian_filter1d(counts / max(counts.sum(), 1), _BLUR_BINS)
    share = share[share > 0]
    return -float(share @ np.log(share))


def _bounded(exponent: Array) -> Array:
    return np.asarray(np.exp(np.clip(exponent, -_STRONGEST, _STRONGEST)))


def _powers(order: int) -> list[tuple[int, ...]]:
    """Return the powers along the axes of every term but the constant, by degree."""
    every = (powers for powers in product(range(order + 1), repeat=3) if 0 < sum(powers) <= order)
    return sorted(every, key=sum)
