"""The borders between the tissues of a brain, moved to where the scan's own intensities change.

A network that was trained on any contrast knows what lies where, but draws borders by shape. What
each tissue looks like in this scan, near every place, can be read off its own labels; between two
tissues the border then lies where one is more likely than the other. Mixtures of Gaussians with a
smooth spatial prior are as in Ashburner and Friston 2005, doi:10.1016/j.neuroimage.2005.02.018,
the prior being the network's labels.

All tissues have one spread. A voxel on a border holds some of both tissues, so where the prior is
undecided the border belongs half-way between their means. With spreads of their own, thin tissues,
which hardly have a voxel to themselves, would be the likelier ones far beyond that.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from anatwin.core import LabelTable, Volume, track
from anatwin.ops.morphology import bounding_box
from anatwin.ops.patches import row_slabs
from anatwin.ops.threads import available_cores
from anatwin.segment.strays import brain_indices

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_THIN = ("cortex_left", "cortex_right", "csf")
"""They have no inside to speak of: their voxels count by how many neighbours they have."""

_BLUR_MM = 1.0
"""Of the labels as a prior: how far a border may be wrong."""

_NEAR_MM = 12.0
"""Distance within which a tissue looks alike."""

_BLOCK_MM = 4.0
_LEAST_SPREAD = 0.02
"""Of a tissue's values, as a share of the brightest: less is no noise that a scan has."""

_SURE = 0.95
"""Where the blurred labels are this sure, there is no border."""

_FARTHEST = 12.0
"""Squared distance from a tissue's mean, in spreads, beyond which a value is no less likely: bone
that was taken for fluid is no white matter because it is dark."""

_ROUNDS = 2
_SLAB = 24


def follow_borders(volume: Volume, data: Bytes, table: LabelTable, *, threads: int = 0) -> None:
    """Move the borders between tissues of the brain, in place.

    Parameters
    ----------
    volume
        The scan.
    data
        Labels of the head table on its grid, ``i j k``; changed.
    table
        The head table.
    threads
        Processor threads; 0 for every core.
    """
    box = bounding_box(np.isin(data, brain_indices(table)))
    if box is None:
        return
    image = volume.magnitude().data[box].astype(np.float32)
    part = data[box]
    present = [index for index in brain_indices(table) if (part == index).any()]
    thin = [table[name].index for name in _THIN]
    with ThreadPoolExecutor(threads or available_cores()) as pool:
        for _ in range(_ROUNDS):
            part = _moved(image, part, volume.grid.spacing_mm, present, thin, pool)
    data[box] = part


def _moved(
    image: Floats,
    labels: Bytes,
    spacing_mm: tuple[float, ...],
    indices: list[int],
    thin: list[int],
    pool: ThreadPoolExecutor,
) -> Bytes:
    """Return the labels after one round."""
    steps = tuple(max(1, round(_BLOCK_MM / mm)) for mm in spacing_mm)

    def look(index: int) -> tuple[Floats, Floats]:
        return _look(image, labels == index, steps, spacing_mm, is_thin=index in thin)

    looks = list(track(pool.map(look, indices), "tissues", total=len(indices)))
    spread = np.float32(np.median([np.median(spreads) for _, spreads in looks]))
    sigma = [_BLUR_MM / mm for mm in spacing_mm]
    halo = int(np.ceil(4 * sigma[0]))

    def moved(rows: slice) -> Bytes:
        wide = slice(max(0, rows.start - halo), rows.stop + halo)
        inner = slice(rows.start - wide.start, rows.stop - wide.start)
        best = np.full(labels[rows].shape, -np.inf, np.float32)
        sure = np.zeros(best.shape, np.float32)
        winner = labels[rows].copy()
        for index, (means, _) in zip(indices, looks, strict=True):
            mask = labels[wide] == index
            if not mask.any():  # the other side's, mostly
                continue
            prior = ndimage.gaussian_filter(mask.astype(np.float32), sigma)[inner]
            mean = _sampled(means, rows, labels.shape, steps)
            apart = np.minimum(((image[rows] - mean) / spread) ** 2, _FARTHEST)
            score = np.log(prior + 1e-6) - 0.5 * apart
            better = score > best
            best[better], winner[better] = score[better], index
            np.maximum(sure, prior, out=sure)
        free = np.isin(labels[rows], indices) & (sure < _SURE)
        return np.where(free, winner, labels[rows])

    slabs = row_slabs(len(labels), _SLAB)
    return np.concatenate(list(track(pool.map(moved, slabs), "borders", total=len(slabs))))


def _look(
    image: Floats,
    mask: Mask,
    steps: tuple[int, ...],
    spacing_mm: tuple[float, ...],
    *,
    is_thin: bool,
) -> tuple[Floats, Floats]:
    """Return the mean and the spread of a tissue near every block of voxels."""
    powers = np.concatenate(
        [
            _powers(image, mask, rows, steps, is_thin=is_thin)
            for rows in row_slabs(len(mask), _SLAB // steps[0] * steps[0] or steps[0])
        ],
        axis=1,
    )
    if not powers[0].any():
        return _look(image, mask, steps, spacing_mm, is_thin=True)
    middle, square = powers[1:].sum(axis=(1, 2, 3), dtype=np.float64) / powers[0].sum()
    smallest = (_LEAST_SPREAD * float(image.max())) ** 2
    sigma = [_NEAR_MM / (mm * step) for mm, step in zip(spacing_mm, steps, strict=True)]
    weight, first, second = (ndimage.gaussian_filter(x, sigma) for x in powers)
    # Far from any of it, a tissue looks as it does on average.
    rest = np.float32(1e-3 * np.prod(steps))
    mean = (first + rest * np.float32(middle)) / (weight + rest)
    variance = (second + rest * np.float32(square)) / (weight + rest) - mean**2
    return mean, np.sqrt(np.maximum(variance, np.float32(smallest)))


def _powers(
    image: Floats, mask: Mask, rows: slice, steps: tuple[int, ...], *, is_thin: bool
) -> Floats:
    """Return count, sum and sum of squares of a tissue's voxels in the blocks of some rows."""
    wide = slice(max(0, rows.start - 1), rows.stop + 1)
    if is_thin:
        core = mask[wide] * ndimage.uniform_filter(mask[wide].astype(np.float32), 3) ** 2
    else:
        core = ndimage.binary_erosion(mask[wide]).astype(np.float32)
    core = core[rows.start - wide.start :][: rows.stop - rows.start]
    values = core * image[rows]
    return np.stack([_blocks(x, steps) for x in (core, values, values * image[rows])])


def _blocks(values: NDArray[np.floating], steps: tuple[int, ...]) -> Floats:
    """Return the sums over blocks of voxels."""
    widths = [(0, -n % step) for n, step in zip(values.shape, steps, strict=True)]
    padded = np.pad(values, widths)
    i, j, k = (n // step for n, step in zip(padded.shape, steps, strict=True))
    a, b, c = steps
    return padded.reshape(i, a, j, b, k, c).sum(axis=(1, 3, 5), dtype=np.float32)


def _sampled(values: Floats, rows: slice, shape: tuple[int, ...], steps: tuple[int, ...]) -> Floats:
    """Return block values at the voxels of some rows, linear in between."""
    for axis, (n, step) in enumerate(zip(shape, steps, strict=True)):
        places = np.arange(n, dtype=np.float32)[rows if axis == 0 else slice(None)]
        at = np.clip((places - (step - 1) / 2) / step, 0, values.shape[axis] - 1)
        low = np.minimum(at.astype(np.intp), max(values.shape[axis] - 2, 0))
        high = np.minimum(low + 1, values.shape[axis] - 1)
        share = (at - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        values = values.take(low, axis) * (1 - share) + values.take(high, axis) * share
    return values
