"""A procedural human head: any resolution, a different person for every seed."""

import os
from concurrent.futures import ThreadPoolExecutor
from math import prod

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, Labels, track
from anatwin.phantoms.airway import paint_air
from anatwin.phantoms.anatomy import Anatomy, random_anatomy
from anatwin.phantoms.brain import paint_brain
from anatwin.phantoms.canvas import Canvas
from anatwin.phantoms.jaw import paint_jaw
from anatwin.phantoms.muscles import paint_muscles
from anatwin.phantoms.orbit import paint_orbits
from anatwin.phantoms.skull import paint_skull
from anatwin.phantoms.soft import paint_skin, paint_soft
from anatwin.phantoms.spine import paint_spine
from anatwin.phantoms.tissue import anatomical, structures, tissue_table
from anatwin.phantoms.vessels import paint_neck_vessels

_BLOCK_VOXELS = 400_000
_BLOCK_MM = 6.0

_PAINTERS = (
    paint_soft,
    paint_muscles,
    paint_neck_vessels,
    paint_skull,
    paint_air,
    paint_orbits,
    paint_jaw,
    paint_spine,
    paint_brain,
)


def whole_head_grid(spacing_mm: float = 1.0) -> Grid:
    """Return a grid that holds everything from the crown to below the seventh vertebra."""
    size = (216.0, 264.0, 312.0)
    i, j, k = (round(s / spacing_mm) for s in size)
    matrix = np.diag([spacing_mm] * 3 + [1.0])
    matrix[:3, 3] = [-(i - 1) / 2 * spacing_mm, -(j - 1) / 2 * spacing_mm, 120 - k * spacing_mm]
    return Grid.from_matrix((i, j, k), matrix)


def head(grid: Grid, seed: int = 0) -> Labels:
    """Return the coarse structures of ``head_table`` in one virtual person.

    Parameters
    ----------
    grid
        Where to sample. The head's middle, chin included, is near the origin of the world: about
        216 x 264 x 240 mm around it hold everything down to the upper neck; ``whole_head_grid``
        holds the whole neck.
    seed
        Which person: size, proportions, tilt, asymmetry, teeth, joints, folds, ventricles.
    """
    return structures(tissues(grid, seed))


def anatomy(grid: Grid, seed: int = 0) -> Labels:
    """Return all structures of ``anatomy_table`` in the same person as ``head``'s."""
    return anatomical(tissues(grid, seed))


def tissues(grid: Grid, seed: int = 0) -> Labels:
    """Return the same person as ``head``, with finer tissues: marrow, teeth, lenses and others."""
    return draw(grid, random_anatomy(seed))


def draw(grid: Grid, person: Anatomy) -> Labels:
    """Return a person's tissues, numbered as in ``tissue_table``.

    The map is made slices by slices, so that memory stays near one byte per voxel; how many at a
    time makes no difference to the result.
    """
    plane = prod(grid.shape[:2])
    thickness = max(1, _BLOCK_VOXELS // plane, int(_BLOCK_MM / grid.spacing_mm[2]))
    starts = range(0, grid.shape[2], thickness)
    data = np.empty(grid.shape, np.uint8)

    def block(start: int) -> None:
        slices = range(start, min(start + thickness, grid.shape[2]))
        data[:, :, slices.start : slices.stop] = _block(grid, slices, person)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in track(pool.map(block, starts), "drawing the head", total=len(starts)):
            pass
    return Labels(data, grid, tissue_table())


def _block(grid: Grid, slices: range, person: Anatomy) -> NDArray[np.uint8]:
    numbers = {label.name: label.index for label in tissue_table().labels}
    canvas = Canvas(grid, slices, person, numbers)
    paint_skin(canvas)
    skin = canvas.tissue == numbers["skin"]
    for paint in _PAINTERS:
        paint(canvas)
    openings = [numbers[name] for name in ("air", "upper_airway", "mucosa")]
    canvas.tissue[skin & ~np.isin(canvas.tissue, openings)] = numbers["skin"]
    return canvas.tissue
