"""Overlapping windows over a volume, blended into one result slab by slab."""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from anatwin.core import track

Scores = NDArray[np.float32]
Predict = Callable[[NDArray[np.float32]], Scores]
"""A window, ``i j k``, to scores that it may overwrite, ``channel i j k``."""


def window_starts(length: int, window: int, overlap: int) -> tuple[int, ...]:
    """Return the fewest evenly spread windows that cover ``length`` and overlap enough."""
    if length <= window:
        return (0,)
    count = -(-(length - overlap) // (window - overlap))
    return tuple(round(n * (length - window) / (count - 1)) for n in range(count))


def window_ramps(length: int, window: int, starts: tuple[int, ...]) -> tuple[Scores, ...]:
    """Return each window's weights: linear ramps where windows overlap, together always one."""
    # Triangles that reach a little beyond the window, so that no weight is zero.
    rise = np.minimum(np.arange(window) + 0.5, window - np.arange(window) - 0.5)
    total = np.zeros(max(length, window))
    for start in starts:
        total[start : start + window] += rise
    return tuple((rise / total[s : s + window]).astype(np.float32) for s in starts)


def blend_windows(
    image: NDArray[np.float32], predict: Predict, window: tuple[int, int, int], *, overlap: int
) -> Iterator[tuple[int, Scores]]:
    """Yield the blended scores of an image in slabs along its first axis.

    Memory holds the scores of one window's thickness, whatever the length of the first axis.

    Parameters
    ----------
    image
        Values, ``i j k``, at least as large as the window.
    predict
        Scores of a window, ``channel i j k``. Where they sum to one, the blended ones do.
    window
        Size of a window.
    overlap
        Smallest overlap of neighbouring windows, in voxels.

    Yields
    ------
    start, scores
        First plane of the slab and its scores, ``channel i j k``, valid until the next slab.
    """
    sizes = list(zip(image.shape, window, strict=True))
    starts = [window_starts(n, w, overlap) for n, w in sizes]
    ramps = [
        dict(zip(s, window_ramps(n, w, s), strict=True))
        for (n, w), s in zip(sizes, starts, strict=True)
    ]
    following = dict(zip(starts[0], [*starts[0][1:], image.shape[0]], strict=True))
    last = (starts[1][-1], starts[2][-1])
    total: Scores | None = None
    for i, j, k in track(list(product(*starts)), "segment"):
        scores = predict(image[i : i + window[0], j : j + window[1], k : k + window[2]])
        scores *= ramps[0][i][:, None, None] * ramps[1][j][:, None] * ramps[2][k]
        if total is None:
            total = np.zeros((len(scores), window[0], *image.shape[1:]), np.float32)
        total[:, :, j : j + window[1], k : k + window[2]] += scores
        if (j, k) == last:
            done = following[i] - i
            yield i, total[:, :done]
            _advance(total, done)


def _advance(total: Scores, done: int) -> None:
    """Drop the planes that are complete and make room for new ones."""
    for channel in total:
        channel[: len(channel) - done] = channel[done:].copy()
        channel[len(channel) - done :] = 0
