"""What a view says of every voxel of another grid."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, Labels, LabelTable
from anatwin.fuse.posed import Posed

Array = NDArray[np.float32]
Between = Literal["shape", "linear", "nearest"]

_OUTLINE_PIXELS = 2.0


def offsets(view: Posed, grid: Grid) -> tuple[Array, NDArray[np.bool_]]:
    """Return how far each voxel is from the nearest slice, and whether the view covers it.

    The distance is in slice distances, so at most a half inside the stack; a slice reaches half a
    distance to either side, a pixel half a pixel.
    """
    index = view.index_from(grid)
    inside = np.ones(grid.shape, np.bool_)
    for axis, n in enumerate(view.volume.grid.shape):
        number = _along(index[axis], grid.shape)
        inside &= (number >= -0.5 - 1e-6) & (number <= n - 0.5 + 1e-6)
    number = _along(index[view.slice_axis], grid.shape)
    last = view.volume.grid.shape[view.slice_axis] - 1
    return np.abs(number - np.clip(np.rint(number), 0, last)).astype(np.float32), inside


def indicators(view: Posed, grid: Grid, index: int, *, between: Between) -> Array:
    """Return how far each voxel belongs to one structure, 0 to 1, as one view sees it.

    Parameters
    ----------
    view
        With labels.
    grid
        Of the shared world.
    index
        The structure's.
    between
        ``nearest`` repeats slices, ``linear`` mixes them, ``shape`` moves outlines from one to the
        next (Raya and Udupa 1990, doi:10.1109/42.52980).
    """
    from anatwin.ops.warp import warped

    mask = view.require_labels().data == index
    to_view = view.index_from(grid)
    if between == "nearest":
        return _nearest(mask, to_view, grid.shape)
    values = _outline_distance(mask, view) if between == "shape" else mask.astype(np.float32)
    shifted = to_view.copy()
    shifted[:3, 3] += 1
    found, _ = warped(np.pad(values, 1, mode="edge"), shifted, grid.shape)
    if between == "linear":
        return found
    return np.clip(found + np.float32(0.5), 0, 1)


def shared_table(views: Sequence[Posed]) -> LabelTable:
    """Return the table that all views use.

    Raises
    ------
    InputError
        If there is no view, or tables differ.
    """
    if not views:
        raise InputError("Fusion needs at least one view.")
    tables = {view.require_labels().table for view in views}
    if len(tables) > 1:
        raise InputError("All views must use one label table; convert them first.")
    return tables.pop()


def elected(
    views: Sequence[Posed], grid: Grid, wins: Callable[[Array, Array], NDArray[np.bool_]]
) -> Labels:
    """Return the structures that win a vote of the views.

    Parameters
    ----------
    views
        With labels of one table.
    grid
        Of the shared world.
    wins
        Tells where a structure is elected, from how many views see it at each voxel and how many
        cover it, ``i j k`` each.
    """
    table = shared_table(views)
    insides = [offsets(view, grid)[1] for view in views]
    covering: Array = np.sum(insides, axis=0, dtype=np.float32)
    data = np.zeros(grid.shape, np.uint16)
    for index in table.indices:
        votes = np.zeros(grid.shape, np.float32)
        for view, inside in zip(views, insides, strict=True):
            votes += indicators(view, grid, index, between="nearest") * inside
        data[wins(votes, covering)] = index
    return Labels(data, grid, table)


def _along(row: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """Return one coordinate of every voxel."""
    i, j, k = (np.arange(n) * step for n, step in zip(shape, row[:3], strict=True))
    return np.asarray(i[:, None, None] + j[:, None] + k + row[3])


def _nearest(
    mask: NDArray[np.bool_], index: NDArray[np.float64], shape: tuple[int, int, int]
) -> Array:
    where = []
    for axis, n in enumerate(mask.shape):
        where.append(np.clip(np.rint(_along(index[axis], shape)).astype(np.int32), 0, n - 1))
    return mask[tuple(where)].astype(np.float32)


def _outline_distance(mask: NDArray[np.bool_], view: Posed) -> Array:
    """Return the signed distance to the outline within each slice, in pixels, ``i j k``.

    It is half a pixel at the first voxel on either side, and no more than two: an outline that
    ends between two slices would otherwise be pulled in by the empty one.
    """
    from scipy.ndimage import distance_transform_edt

    axis = view.slice_axis
    spacing = np.array([s for n, s in enumerate(view.volume.grid.spacing_mm) if n != axis])
    result = np.full(mask.shape, -_OUTLINE_PIXELS, np.float32)
    slices = (np.moveaxis(array, axis, 0) for array in (mask, result))
    for source, target in zip(*slices, strict=True):
        if source.any():
            inner, outer = (distance_transform_edt(m, sampling=spacing) for m in (source, ~source))
            signed = (inner - outer) / spacing.min() - np.where(source, 0.5, -0.5)
            target[...] = np.clip(signed, -_OUTLINE_PIXELS, _OUTLINE_PIXELS)
    return result
