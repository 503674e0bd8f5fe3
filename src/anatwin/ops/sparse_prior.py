"""Classes of voxels from a prior that names few of many classes at each place, and evidence."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled
from anatwin.ops.threads import available_cores

Array = NDArray[Any]

N_LEVELS = 256
"""Levels of probabilities of 0 to 1, and of grey values."""

_PARTS = 8
"""Of the points, one after another on as many threads as there are."""


def sampled(
    classes: Array, shares: Array, at: Array, channel: Array, n_channels: int
) -> NDArray[np.float32]:
    """Return a sparse prior at some points, its classes summed into channels, ``channel n``.

    Parameters
    ----------
    classes
        Classes that each voxel names, uint8, ``i j k m``.
    shares
        Their probabilities, 0 to 255, uint8, ``i j k m``.
    at
        Points in voxels of the prior, ``3 n``; beyond its ends it goes on as it ends.
    channel
        Channel of every class.
    n_channels
        How many there are.
    """
    result = np.zeros((n_channels, at.shape[1]), np.float32)
    _sample(classes, shares, np.asarray(at, np.float32), np.asarray(channel, np.int64), result)
    return result


def believed(
    prior: tuple[Array, Array, Array],
    at: Array,
    heard: tuple[Array, Array, Array],
    seen: tuple[Array, Array, Array],
    channel: Array,
    *,
    threads: int = 0,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the probability of every channel of classes at some points, and how grey each is.

    A class's probability is its prior times what every witness and the grey value say of it, the
    sum over all classes being 1.

    Parameters
    ----------
    prior
        Classes and shares as for `sampled`, and the least prior of every class.
    at
        Points in voxels of the prior, ``3 n``.
    heard
        Levels of all that the witnesses name, uint8, ``name n``; which name every class has for
        every witness, ``witness class``; and the weight of a level, ``witness level``.
    seen
        Grey levels, unsigned, ``n``; the weight of one in every tissue, ``level tissue``; and the
        tissue of every class.
    channel
        Channel of every class.
    threads
        How many work side by side; 0 for all cores. The result does not depend on it.

    Returns
    -------
    probability
        Of every channel, ``channel n``.
    counts
        How much of every tissue has every grey level, ``level tissue``.
    """
    classes, shares, floor = prior
    levels, name_of, weight = heard
    grey, look, tissue_of = seen
    result = np.zeros((int(channel.max()) + 1, at.shape[1]), np.float32)
    points, least = np.asarray(at, np.float32), np.asarray(floor, np.float32)
    channels = np.asarray(channel, np.int64)

    def part(start: int, stop: int) -> NDArray[np.float64]:
        counts = np.zeros(look.shape)
        _believe(
            start, stop, classes, shares, points, least, levels, name_of, weight, grey, look,
            tissue_of, channels, result, counts,
        )  # fmt: skip
        return counts

    edges = np.linspace(0, at.shape[1], _PARTS + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads or available_cores()) as pool:
        counts = sum(pool.map(part, edges[:-1], edges[1:]), start=np.zeros(look.shape))
    return result, counts


@compiled
def _sample(classes: Array, shares: Array, at: Array, channel: Array, result: Array) -> None:
    prior = np.zeros(len(channel), np.float32)
    for n in range(at.shape[1]):
        _prior_at(classes, shares, at[:, n], prior)
        for c in range(len(channel)):
            result[channel[c], n] += prior[c]


@compiled
def _believe(  # noqa: PLR0913  numba takes arrays, not objects
    start: int,
    stop: int,
    classes: Array,
    shares: Array,
    at: Array,
    floor: Array,
    levels: Array,
    name_of: Array,
    weight: Array,
    grey: Array,
    look: Array,
    tissue_of: Array,
    channel: Array,
    result: Array,
    counts: Array,
) -> None:
    n_classes = len(channel)
    prior = np.zeros(n_classes, np.float32)
    for n in range(start, stop):
        _prior_at(classes, shares, at[:, n], prior)
        total = np.float32(0)
        for c in range(n_classes):
            likely = (prior[c] + floor[c]) * look[grey[n], tissue_of[c]]
            for w in range(len(weight)):
                likely *= weight[w, levels[name_of[w, c], n]]
            prior[c] = likely
            total += prior[c]
        for c in range(n_classes):
            part = prior[c] / total
            result[channel[c], n] += part
            counts[grey[n], tissue_of[c]] += part


@compiled
def _prior_at(classes: Array, shares: Array, at: Array, prior: Array) -> None:
    """Interpolate the prior of every class at one point."""
    prior[:] = 0
    ni, nj, nk, n_named = classes.shape
    x = min(max(at[0], np.float32(0)), np.float32(ni - 1.001))
    y = min(max(at[1], np.float32(0)), np.float32(nj - 1.001))
    z = min(max(at[2], np.float32(0)), np.float32(nk - 1.001))
    i, j, k = int(x), int(y), int(z)
    u, v, w = x - i, y - j, z - k
    for corner in range(8):
        a, b, c = corner >> 2, (corner >> 1) & 1, corner & 1
        weight = (u if a else 1 - u) * (v if b else 1 - v) * (w if c else 1 - w) / 255
        for m in range(n_named):
            share = shares[i + a, j + b, k + c, m]
            if share == 0:
                break
            prior[classes[i + a, j + b, k + c, m]] += weight * share
