"""Femora with trabeculae, to learn from and to test enhancement on."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid
from anatwin.phantoms import Femur
from anatwin.simulate.topology import Topology

Picture = NDArray[np.float64]
Mask = NDArray[np.bool_]

_COARSE_MM = 1.0
_SPARSE, _DENSE = 0.12, 0.62
_GROWTH_BLOCK = 25


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


def grown_femur(femur: Femur, grid: Grid, *, iterations: int = 60) -> Mask:
    """Return a femur's bone, ``x y``: trabeculae that are as stiff as they can be.

    Blocks of 25 pixels keep the apparent density, so that trabeculae fill the whole bone and do
    not gather into a few beams.
    """
    from scipy.ndimage import map_coordinates

    coarse, coarse_grid = apparent_density(femur, iterations=iterations)
    ratio = grid.spacing_mm[0] / coarse_grid.spacing_mm[0]
    places = [(np.arange(n) + 0.5) * ratio - 0.5 for n in grid.shape[:2]]
    fine = map_coordinates(coarse, np.meshgrid(*places, indexing="ij"), order=1, mode="nearest")
    inside, cortex = femur.outline.inside(grid), femur.cortex(grid)
    density = np.where(cortex, 1.0, np.where(inside, fine, 0.0))[..., None]
    body = replace(femur.body(grid), density=density)
    topology = Topology(keep="blocks", block=_GROWTH_BLOCK, iterations=iterations)
    found = topology(body).density.data[..., 0]
    return cut(found, density.mean(), inside)


def cut(density: Picture, share: float, inside: Mask) -> Mask:
    """Return the densest pixels inside, as many as a share of the picture."""
    ordered = np.sort(density[inside])
    count = min(round(share * density.size), ordered.size - 1)
    return inside & (density > ordered[-count - 1])
