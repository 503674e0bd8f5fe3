"""Femora with trabeculae, to learn from and to test enhancement on."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid
from anatwin.ops.blocks import block_mean, fill_blocks
from anatwin.phantoms import Femur
from anatwin.simulate.topology import Topology

Picture = NDArray[np.float64]
Mask = NDArray[np.bool_]

_COARSE_MM = 1.0
_SPARSE, _DENSE = 0.12, 0.62
_GROWTH_BLOCK = 25
_GRAIN, _GRAININESS, _LEAST = 3.0, 0.5, 0.001
"""Width of a grain in pixels, its standard deviation, and the sparsest pixel of the start."""


def apparent_density(femur: Femur, *, iterations: int = 60) -> tuple[Picture, Grid]:
    """Return the density that trabeculae shall have everywhere, ``x y``, and its grid of 1 mm.

    It is what makes the femur stiffest if stiffness is proportional to density, scaled between
    the sparsest and the densest trabecular bone so that the femur's bone fraction is kept.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    grid = femur.outline.grid(_COARSE_MM)
    inside = femur.outline.inside(grid) & ~femur.cortex(grid)
    plain = Topology(
        penalty=1.0, penalty_start=1.0, filter="density", radius=2.5, iterations=iterations
    )
    grown = plain(femur.body(grid)).density.data[..., 0]
    low, high = 0.0, 10.0
    for _ in range(40):
        scale = (low + high) / 2
        mean = np.clip(grown * scale, _SPARSE, _DENSE)[inside].mean()
        low, high = (scale, high) if mean < femur.bone_fraction else (low, scale)
    density = np.clip(grown * scale, _SPARSE, _DENSE)
    # Beyond the trabeculae their nearest density goes on, so that nothing is smeared in.
    nearest = distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return gaussian_filter(density[tuple(nearest)], 1.0), grid


def grown_femur(femur: Femur, grid: Grid, *, iterations: int = 60, seed: int = 0) -> Mask:
    """Return a femur's bone, ``x y``: trabeculae that are as stiff as they can be.

    Blocks of 25 pixels keep the apparent density, so that trabeculae fill the whole bone and do
    not gather into a few beams. Growth starts from random grains: an even start stays grey where
    the stress has no direction.

    Parameters
    ----------
    femur
        Outline, loads and bone mass.
    grid
        The pixels.
    iterations
        Steps of the optimisation.
    seed
        Chance of the grains.
    """
    from scipy.ndimage import map_coordinates

    coarse, coarse_grid = apparent_density(femur, iterations=iterations)
    ratio = grid.spacing_mm[0] / coarse_grid.spacing_mm[0]
    places = [(np.arange(n) + 0.5) * ratio - 0.5 for n in grid.shape[:2]]
    fine = map_coordinates(coarse, np.meshgrid(*places, indexing="ij"), order=1, mode="nearest")
    inside, cortex = femur.outline.inside(grid), femur.cortex(grid)
    start = np.where(inside, np.clip(fine * _grains(fine.shape, seed), _LEAST, 1.0), 0.0)
    start[cortex] = 1.0
    body = replace(femur.body(grid), density=start[..., None])
    topology = Topology(keep="blocks", block=_GROWTH_BLOCK, iterations=iterations)
    found = topology(body).density.data[..., 0]
    whole = tuple(-(-n // _GROWTH_BLOCK) * _GROWTH_BLOCK for n in grid.shape[:2])
    margin = [(0, n - m) for n, m in zip(whole, grid.shape, strict=False)]
    score = np.pad(np.where(inside, found, -1.0), margin, constant_values=-1.0)
    bone = fill_blocks(score, block_mean(np.pad(start, margin), _GROWTH_BLOCK))
    return bone[: grid.shape[0], : grid.shape[1]] & inside


def _grains(shape: tuple[int, ...], seed: int) -> Picture:
    """Return random factors that differ from grain to grain but hardly from block to block."""
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), _GRAIN)
    noise -= gaussian_filter(noise, 3 * _GRAIN)
    return 1.0 + _GRAININESS * noise / noise.std()
