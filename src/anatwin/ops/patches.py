"""Overlapping windows over a volume, blended into one result slab by slab."""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from anatwin.core import track

Scores = NDArray[np.float32]
Predict = Callable[[NDArray[np.float32]], Scores]
"""A window, ``i j k`` or ``channel i j k``, to scores it may overwrite, ``channel i j k``."""

_CERTAIN = np.float32(65535)
"""A probability of 1 while windows are blended: rounded down, a sum of shares never exceeds it."""

_PLANES = 8
"""Handed over at a time, as floats."""

Profile = Callable[[int], NDArray[np.float64]]
"""A window's edge to the weight of its voxels along that axis, more than 0."""


def window_starts(length: int, window: int, overlap: int) -> tuple[int, ...]:
    """Return the fewest evenly spread windows that cover ``length`` and overlap enough."""
    if length <= window:
        return (0,)
    count = -(-(length - overlap) // (window - overlap))
    return tuple(round(n * (length - window) / (count - 1)) for n in range(count))


def row_slabs(length: int, width: int) -> list[slice]:
    """Return slices of so many rows each, the last one perhaps fewer, that cover all."""
    return [slice(start, min(start + width, length)) for start in range(0, length, width)]


def softmax(scores: Scores) -> Scores:
    """Make probabilities of scores, ``class i j k``, in place, and return them."""
    scores -= scores.max(axis=0)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=0)
    return scores


def triangle(window: int) -> NDArray[np.float64]:
    """Return a triangle that reaches a little beyond the window, so that no weight is zero."""
    return np.minimum(np.arange(window) + 0.5, window - np.arange(window) - 0.5)


def gaussian(window: int) -> NDArray[np.float64]:
    """Return a bell whose standard deviation is an eighth of the window.

    After Isensee et al. 2021 (doi:10.1038/s41592-020-01008-z).
    """
    return np.exp(-0.5 * ((np.arange(window) - (window - 1) / 2) / (window / 8)) ** 2)


def window_ramps(
    length: int, window: int, starts: tuple[int, ...], *, profile: Profile = triangle
) -> tuple[Scores, ...]:
    """Return each window's weights along an axis, which together are always one."""
    rise = profile(window)
    total = np.zeros(max(length, window))
    for start in starts:
        total[start : start + window] += rise
    return tuple((rise / total[s : s + window]).astype(np.float32) for s in starts)


def blend_windows(
    image: NDArray[np.float32],
    predict: Predict,
    window: tuple[int, int, int],
    *,
    overlap: int | tuple[int, int, int],
    profile: Profile = triangle,
) -> Iterator[tuple[int, Scores]]:
    """Yield the blended probabilities of an image in slabs along its first axis.

    Memory holds one window's thickness, at two bytes a probability, whatever the length of the
    first axis.

    Parameters
    ----------
    image
        Values, ``i j k`` or ``channel i j k``, at least as large as the window.
    predict
        Probabilities of a window, ``channel i j k``.
    window
        Size of a window.
    overlap
        Smallest overlap of neighbouring windows, in voxels, along every axis or each.
    profile
        How much a voxel weighs by its place in the window.

    Yields
    ------
    start, scores
        First plane of the slab and its probabilities, ``channel i j k``.
    """
    *_, n_planes, n_rows, n_columns = image.shape
    sizes = list(zip((n_planes, n_rows, n_columns), window, strict=True))
    overlaps = (overlap,) * 3 if isinstance(overlap, int) else overlap
    starts = [window_starts(n, w, o) for (n, w), o in zip(sizes, overlaps, strict=True)]
    ramps = [
        dict(zip(s, window_ramps(n, w, s, profile=profile), strict=True))
        for (n, w), s in zip(sizes, starts, strict=True)
    ]
    following = dict(zip(starts[0], [*starts[0][1:], n_planes], strict=True))
    last = (starts[1][-1], starts[2][-1])
    total: NDArray[np.uint16] | None = None
    for i, j, k in track(list(product(*starts)), "segment"):
        scores = predict(image[..., i : i + window[0], j : j + window[1], k : k + window[2]])
        scores *= (_CERTAIN * ramps[0][i])[:, None, None] * ramps[1][j][:, None] * ramps[2][k]
        if total is None:
            total = np.zeros((len(scores), window[0], n_rows, n_columns), np.uint16)
        for channel, score in zip(total, scores, strict=True):
            channel[:, j : j + window[1], k : k + window[2]] += score.astype(np.uint16)
        del scores, score  # their memory serves the next window
        if (j, k) == last:
            done = following[i] - i
            for rows in row_slabs(done, _PLANES):
                yield i + rows.start, np.divide(total[:, rows], _CERTAIN, dtype=np.float32)
            _advance(total, done)


def _advance(total: NDArray[np.uint16], done: int) -> None:
    """Drop the planes that are complete and make room for new ones."""
    for channel in total:
        channel[: len(channel) - done] = channel[done:].copy()
        channel[len(channel) - done :] = 0
