"""The picture of a virtual person: voxels that hold mixtures of tissues, shading, noise."""

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, Volume, track
from anatwin.phantoms.anatomy import Anatomy, random_anatomy
from anatwin.phantoms.coils import coil_ring
from anatwin.phantoms.head import drawn
from anatwin.phantoms.signal import Weighting, brightness, fat_numbers
from anatwin.phantoms.tissue import tissue_table

_PARTS = 2
"""Samples along each edge of a voxel."""


def image(
    grid: Grid,
    seed: int = 0,
    *,
    weighting: Weighting | None = None,
    shading: float = 0.0,
    noise: float = 0.0,
) -> Volume:
    """Return a magnitude image of the person that ``head`` and ``anatomy`` draw on the same grid.

    Parameters
    ----------
    grid
        Where to sample; a voxel's value is the mean of 2 x 2 x 2 samples in it. Its last axis is
        read out.
    seed
        Which person, shading and noise.
    weighting
        How bright tissues are; a T1-weighted image at 3 T by default.
    shading
        Standard deviation of the receive field's unevenness over its mean; 0 for none.
    noise
        Standard deviation of the noise in the real and in the imaginary part; white matter is 1.
        The magnitude has a Rician distribution.
    """
    how = weighting or Weighting()
    values = _sampled(grid, random_anatomy(seed), how, seed)
    if shading:
        values *= _uneven(grid, shading, seed)
    if noise:
        rng = np.random.default_rng([seed, 2])
        for plane in values:
            real, imaginary = (
                np.float32(noise) * rng.standard_normal(plane.shape, np.float32) for _ in range(2)
            )
            plane[:] = np.hypot(plane + real, imaginary)
    return Volume(values, grid)


def _sampled(grid: Grid, person: Anatomy, how: Weighting, seed: int) -> NDArray[np.float32]:
    table = tissue_table()
    bright = brightness(table, how.contrast, field_t=how.field_t, seed=seed)
    fat = np.where(fat_numbers(table), bright, 0)
    moved = how.fat_shift_voxels != 0
    values = np.empty(grid.shape, np.float32)
    shifted = np.zeros(grid.shape if moved else (1, 1, 1), np.float32)
    for slices, block in drawn(_split(grid), person, step=_PARTS):
        part = slice(slices.start // _PARTS, slices.stop // _PARTS)
        values[:, :, part] = _means((bright - fat if moved else bright)[block])
        if moved:
            shifted[:, :, part] = _means(fat[block])
    if moved:
        values += _shifted(shifted, how.fat_shift_voxels)
    return values


def _split(grid: Grid) -> Grid:
    """Return the grid whose voxels are a grid's, cut in ``_PARTS`` along each edge."""
    matrix = grid.matrix
    matrix[:3, 3] = grid.at(*[(1 / _PARTS - 1) / 2] * 3)
    matrix[:3, :3] /= _PARTS
    return Grid.from_matrix((n * _PARTS for n in grid.shape), matrix, grid.frame)


def _means(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of the parts of every voxel."""
    i, j, k = (n // _PARTS for n in values.shape)
    parts = values.reshape(i, _PARTS, j, _PARTS, k, _PARTS)
    return np.asarray(parts.mean(axis=(1, 3, 5), dtype=np.float32))


def _shifted(values: NDArray[np.float32], voxels: float) -> NDArray[np.float32]:
    """Return values moved along the last axis; what leaves at one end comes in at the other."""
    whole = int(np.floor(voxels))
    part = np.float32(voxels - whole)
    near, far = (np.roll(values, whole + n, axis=2) for n in (0, 1))
    return near * (1 - part) + far * part


def _uneven(grid: Grid, amount: float, seed: int) -> NDArray[np.float32]:
    """Return the strength of one receive loop's field, evened out to the wanted spread, mean 1."""
    loop = coil_ring(grid, 2, seed=seed)
    field = np.empty(grid.shape, np.float32)
    for rows, maps in track(loop.blocks(8), "shading", total=-(-grid.shape[0] // 8)):
        field[rows] = np.abs(maps[0])
    field /= field.mean(dtype=np.float64)
    return (1 + (field - 1) * np.float32(amount / field.std(dtype=np.float64))).astype(np.float32)
