"""Patches sewn along the boundary at which they disagree least."""

import numpy as np
from numpy.typing import NDArray

from anatwin.core import GeometryError

Image = NDArray[np.floating]
Mask = NDArray[np.bool_]

_LEVEL = 0.5
_SHADE = 0.05


def disagreement(first: Image, second: Image) -> Image:
    """Return what a boundary costs at every pixel of an overlap.

    One where bone meets void, and a small share of the difference elsewhere, so that a boundary
    would rather run where both agree than through equal material of another shade.
    """
    unlike = (first > _LEVEL) != (second > _LEVEL)
    return unlike + _SHADE * np.abs(first - second)


def minimum_error_boundary(cost: Image) -> Mask:
    """Return the pixels on the cheapest path from the first to the last row, ``i j``.

    The path may go in all eight directions, also backwards, and costs the sum of its pixels;
    Dijkstra's method finds it (Dijkstra 1959, doi:10.1007/BF01386390).

    Parameters
    ----------
    cost
        What each pixel costs, 0 or more, ``i j``.
    """
    from scipy.sparse.csgraph import dijkstra

    rows, columns = cost.shape
    graph, start = _graph(cost)
    distance, previous = dijkstra(graph, indices=start, return_predecessors=True)
    last = (rows - 1) * columns
    at = last + int(np.argmin(distance[last : last + columns]))
    path = np.zeros(cost.shape, np.bool_)
    while at != start:
        path.flat[at] = True
        at = int(previous[at])
    return path


def _graph(cost: Image) -> tuple[object, int]:
    """Return the moves between neighbours, each as dear as the pixel it enters, and the start."""
    from scipy.sparse import csr_array

    rows, columns = cost.shape
    index = np.arange(cost.size).reshape(cost.shape)
    start = cost.size
    sources, targets = [np.full(columns, start)], [index[0]]
    for i, j in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = index[: rows - i, max(0, -j) : columns - max(0, j)]
        there = index[i:, max(0, j) : columns - max(0, -j)]
        sources += [here.ravel(), there.ravel()]
        targets += [there.ravel(), here.ravel()]
    to = np.concatenate(targets)
    # Moves of no cost would not be moves of a sparse graph.
    weights = cost.ravel()[to] + 1e-9
    shape = (start + 1, start + 1)
    return csr_array((weights, (np.concatenate(sources), to)), shape=shape), start


def beyond(path: Mask) -> Mask:
    """Return the pixels on the path and on the side of the last column, ``i j``.

    Parameters
    ----------
    path
        A path of neighbours in eight directions from the first to the last row.
    """
    from scipy.ndimage import label

    # A column of its own on the left makes that side one part, whatever the path cuts off.
    open_side = np.pad(~path, ((0, 0), (1, 0)), constant_values=True)
    parts = label(open_side)[0]
    before: Mask = parts[:, 1:] == parts[0, 0]
    return ~before


def quilt(patches: NDArray[np.floating], starts: tuple[tuple[int, int], ...]) -> Image:
    """Return one image of overlapping patches, laid one after the other.

    Where a patch overlaps what lies, on its left, above it or both, it takes over beyond the
    boundary at which they disagree least. Elsewhere nothing changes.

    Parameters
    ----------
    patches
        ``patch i j``, row by row of the image.
    starts
        First pixel ``i j`` of each; they must cover the image, and a row of patches must not start
        above the one before.
    """
    height, width = patches.shape[1:]
    shape = tuple(max(s[axis] for s in starts) + patches.shape[axis + 1] for axis in (0, 1))
    canvas = np.zeros(shape, patches.dtype)
    laid = np.zeros(shape, np.bool_)
    for patch, (i, j) in zip(patches, starts, strict=True):
        window = (slice(i, i + height), slice(j, j + width))
        takes = _takes_over(canvas[window], patch, laid[window])
        canvas[window][takes] = patch[takes]
        laid[window] = True
    return canvas


def _takes_over(old: Image, new: Image, laid: Mask) -> Mask:
    """Return where a patch replaces what lies under it."""
    takes = np.ones(new.shape, np.bool_)
    left, top = _overlap(laid[-1]), _overlap(laid[:, -1])
    cost = disagreement(old, new)
    if left:
        takes[:, :left] &= beyond(minimum_error_boundary(cost[:, :left]))
    if top:
        takes[:top] &= beyond(minimum_error_boundary(cost[:top].T)).T
    return takes | ~laid


def _overlap(line: Mask) -> int:
    """Return how many pixels lie before the first free one."""
    return int(np.argmin(line)) if not line.all() else 0


def laid(patches: NDArray[np.floating], starts: tuple[tuple[int, int], ...]) -> Image:
    """Return one image of overlapping patches, each over those before it.

    Parameters
    ----------
    patches
        ``patch i j``.
    starts
        First pixel ``i j`` of each; they must cover the image.
    """
    height, width = patches.shape[1:]
    shape = tuple(max(s[axis] for s in starts) + patches.shape[axis + 1] for axis in (0, 1))
    canvas = np.zeros(shape, patches.dtype)
    for patch, (i, j) in zip(patches, starts, strict=True):
        canvas[i : i + height, j : j + width] = patch
    return canvas


def patch_starts(shape: tuple[int, ...], edge: int, *, step: int) -> tuple[tuple[int, int], ...]:
    """Return the first pixels ``i j`` of patches that cover an image, row by row.

    Patches lie ``step`` apart; the last of a row or column overlaps more where it must.

    Raises
    ------
    GeometryError
        If the image is smaller than a patch.
    """
    if min(shape) < edge:
        raise GeometryError(f"Expected an image of {edge} x {edge} pixels or more, got {shape}.")
    rows, columns = (sorted({*range(0, n - edge, step), n - edge}) for n in shape)
    return tuple((i, j) for i in rows for j in columns)
