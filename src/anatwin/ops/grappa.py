"""Missing k-space samples from their measured neighbours in all coils.

Source: Griswold et al. 2002, doi:10.1002/mrm.10171.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Mask = NDArray[np.bool_]
Size = tuple[int, int]

_COMMON = 0.9
_BATCH = 2**21
_TINY = 1e-30


@dataclass(frozen=True, eq=False, slots=True)
class Neighbours:
    """Which measured samples predict every missing one.

    Parameters
    ----------
    window
        Rows and columns of the window around a missing sample, both odd.
    patterns
        Every distinct choice of samples in the window, ``pattern place``.
    missing
        Where samples are missing, ``missing axis``, in a mask whose shared axes have length one.
    which
        The pattern of each of them.
    """

    window: Size
    patterns: Mask
    missing: NDArray[np.intp]
    which: NDArray[np.intp]


def fill_missing(
    samples: Array, mask: Mask, calibration: Array, neighbours: Neighbours, regularisation: float
) -> Array:
    """Return k-space with every missing sample predicted from its neighbours.

    Parameters
    ----------
    samples
        ``coil row column``, zero where not measured.
    mask
        True where measured, ``row column``; an axis that all entries share has length one.
    calibration
        Fully sampled samples, ``coil row column``, that the predictions are learned from.
    neighbours
        As ``choose_neighbours`` returns them.
    regularisation
        Tikhonov weight, as a fraction of the mean power of the predicting samples.

    Returns
    -------
    Array
        Samples as measured and, elsewhere, as predicted; zero where no neighbour was measured.
    """
    down, right = (side // 2 for side in neighbours.window)
    padded = np.pad(samples, ((0, 0), (down, down), (right, right)))
    source = padded.reshape(len(samples), -1)
    offsets = _flat_offsets(neighbours.window, padded.shape[2])
    filled = samples.copy()
    members = _members(neighbours)
    for pattern, weights in learned_weights(calibration, neighbours, regularisation):
        rows, columns = _places(neighbours.missing[members[pattern]], mask, samples.shape)
        middle = (rows + down) * padded.shape[2] + columns + right
        seen = source[:, middle[:, None] + offsets[neighbours.patterns[pattern]]]
        filled[:, rows, columns] = np.tensordot(weights, seen, axes=([1, 2], [0, 2]))
    return filled


def choose_neighbours(mask: Mask, *, wanted: int, kernel: int, largest: Size) -> Neighbours:
    """Choose the nearest measured samples of every missing one, of which there must be some.

    Along an axis that all entries share, the neighbours at all offsets of the kernel count.
    Those that are equally near count together, so that mirror images are treated alike.

    Parameters
    ----------
    mask
        True where measured, ``row column``; an axis that all entries share has length one.
    wanted
        Measured lines, or points of a mask with gaps along both axes, at least.
    kernel
        Samples along a shared axis.
    largest
        Rows and columns that the window may have at most.
    """
    shared = [n == 1 for n in mask.shape]
    reach = [
        (min(kernel, most) - 1) // 2 if share else (most - 1) // 2
        for share, most in zip(shared, largest, strict=True)
    ]
    repeats = int(np.prod([2 * n + 1 for n, share in zip(reach, shared, strict=True) if share]))
    missing = np.argwhere(~mask)
    around, distance = _around(mask, missing, reach)
    limit = _distance_of(around, distance, wanted * repeats)
    common = int(np.ceil(np.quantile(limit, _COMMON) ** 0.5))  # a few edges need no large window
    reach = [n if share else min(n, common) for n, share in zip(reach, shared, strict=True)]
    around, distance = _around(mask, missing, reach)
    chosen = around & (distance <= limit[:, None])
    packed, which = np.unique(np.packbits(chosen, axis=1), axis=0, return_inverse=True)
    patterns = np.unpackbits(packed, axis=1, count=chosen.shape[1]).astype(bool)
    return Neighbours((2 * reach[0] + 1, 2 * reach[1] + 1), patterns, missing, which.reshape(-1))


def learned_weights(
    calibration: Array, neighbours: Neighbours, regularisation: float
) -> Iterator[tuple[np.intp, Array]]:
    """Yield the number of every pattern and its weights ``coil coil place``.

    They predict the middle of a window from the pattern's samples, by regularised least squares
    over all windows of the calibration samples.
    """
    n_coils = len(calibration)
    used = np.flatnonzero(neighbours.patterns.any(axis=0))
    gram, cross = _normal_equations(calibration, neighbours.window, used)
    for some, places in _alike(neighbours.patterns[:, used], n_coils):
        count = places.shape[1]
        index = np.arange(n_coils)[:, None] * len(used) + places[:, None, :]
        index = index.reshape(len(some), n_coils * count)
        matrix = gram[index[:, :, None], index[:, None, :]]
        diagonal = np.einsum("paa->pa", matrix)
        diagonal += regularisation * diagonal.real.mean(axis=1, keepdims=True) + _TINY
        weights = np.linalg.solve(matrix, cross[index]).swapaxes(1, 2).astype(calibration.dtype)
        yield from zip(some, weights.reshape(-1, n_coils, n_coils, count), strict=True)


def _alike(patterns: Mask, n_coils: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield patterns with equally many samples, and the places of these, ``pattern sample``."""
    counts = patterns.sum(axis=1)
    for count in np.unique(counts[counts > 0]):
        alike = np.flatnonzero(counts == count)
        step = max(1, _BATCH // int(count * n_coils) ** 2)
        for start in range(0, len(alike), step):
            some = alike[start : start + step]
            yield some, np.nonzero(patterns[some])[1].reshape(-1, count)


def _normal_equations(
    calibration: Array, window: Size, used: NDArray[np.intp]
) -> tuple[Array, Array]:
    """Return products of the used samples of all windows with each other and with the middle."""
    n_coils = len(calibration)
    windows = np.lib.stride_tricks.sliding_window_view(calibration, window, axis=(1, 2))
    flat = [windows[..., place // window[1], place % window[1]] for place in used]
    rows = np.stack(flat, axis=1).reshape(n_coils * len(used), -1)
    middle = windows[..., window[0] // 2, window[1] // 2].reshape(n_coils, -1)
    gram, cross = rows.conj() @ rows.T, rows.conj() @ middle.T
    return gram.astype(np.complex128), cross.astype(np.complex128)


def _around(mask: Mask, missing: NDArray[np.intp], reach: list[int]) -> tuple[Mask, Array]:
    """Return what was measured around missing samples, ``missing place``, and squared distances.

    Beyond the end of k-space nothing was measured. Along a shared axis all is alike, and distance
    does not count.
    """
    padded, squares = mask, []
    for axis, n in enumerate(reach):
        widths = [(n, n) if a == axis else (0, 0) for a in (0, 1)]
        shared = mask.shape[axis] == 1
        padded = np.pad(padded, widths, mode="edge") if shared else np.pad(padded, widths)
        squares.append(np.arange(-n, n + 1) ** 2 * (not shared))
    window = (2 * reach[0] + 1, 2 * reach[1] + 1)
    views = np.lib.stride_tricks.sliding_window_view(padded, window)
    around = views[missing[:, 0], missing[:, 1]].reshape(len(missing), -1)
    return around, (squares[0][:, None] + squares[1]).reshape(-1)


def _distance_of(around: Mask, distance: Array, wanted: int) -> Array:
    """Return the squared distance that holds the nearest ``wanted`` samples, where there are."""
    order = np.argsort(distance, kind="stable")
    enough = np.cumsum(around[:, order], axis=1, dtype=np.int16) >= wanted
    last = np.where(enough.any(axis=1), enough.argmax(axis=1), len(order) - 1)
    return distance[order][last]


def _flat_offsets(window: Size, columns: int) -> NDArray[np.intp]:
    """Return how far every place of a window is from its middle in an array of so many columns."""
    down, right = (np.arange(side) - side // 2 for side in window)
    return (down[:, None] * columns + right).reshape(-1)


def _members(neighbours: Neighbours) -> list[NDArray[np.intp]]:
    """Return which missing samples have each pattern."""
    order = np.argsort(neighbours.which, kind="stable")
    ends = np.cumsum(np.bincount(neighbours.which, minlength=len(neighbours.patterns)))
    return np.split(order, ends[:-1])


def _places(
    missing: NDArray[np.intp], mask: Mask, shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of missing samples, all along a shared axis."""
    rows, columns = missing[:, :1], missing[:, 1:]
    if mask.shape[0] == 1:
        rows = np.arange(shape[1])[None]
    if mask.shape[1] == 1:
        columns = np.arange(shape[2])[None]
    rows, columns = np.broadcast_arrays(rows, columns)
    return rows.reshape(-1), columns.reshape(-1)
