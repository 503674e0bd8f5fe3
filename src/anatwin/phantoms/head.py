"""A procedural human head: any resolution, a different person for every seed."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, Labels, track
from anatwin.phantoms.airway import paint_air
from anatwin.phantoms.anatomy import Anatomy, random_anatomy
from anatwin.phantoms.brain import paint_brain
from anatwin.phantoms.canvas import Canvas
from anatwin.phantoms.face import paint_eyes, paint_head
from anatwin.phantoms.skull import paint_skull, paint_spine
from anatwin.phantoms.tissue import structures, tissue_table

_BLOCK_VOXELS = 250_000


def head(grid: Grid, seed: int = 0) -> Labels:
    """Return the structures of ``head_table`` in one virtual person.

    Parameters
    ----------
    grid
        Where to sample. The head's middle, chin included, is near the origin of the world: about
        216 x 264 x 240 mm around it hold everything down to the upper neck.
    seed
        Which person: size, proportions, tilt, asymmetry, folds, ventricles.
    """
    return structures(tissues(grid, seed))


def tissues(grid: Grid, seed: int = 0) -> Labels:
    """Return the same person as ``head``, with finer tissues: fat, marrow, mucosa and others.

    The map is made block by block, so that memory stays near one byte per voxel.
    """
    anatomy = random_anatomy(seed)
    thickness = max(1, _BLOCK_VOXELS // (grid.shape[0] * grid.shape[1]))
    slabs = [
        _slab(grid, start, min(start + thickness, grid.shape[2]))
        for start in range(0, grid.shape[2], thickness)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        blocks = pool.map(lambda slab: _block(slab, anatomy), slabs)
        drawn = list(track(blocks, "drawing the head", total=len(slabs)))
    return Labels(np.concatenate(drawn, axis=2), grid, tissue_table())


def _slab(grid: Grid, start: int, stop: int) -> Grid:
    matrix = grid.matrix
    matrix[:3, 3] = grid.at(0, 0, start)
    return Grid.from_matrix((*grid.shape[:2], stop - start), matrix, grid.frame)


def _block(grid: Grid, anatomy: Anatomy) -> NDArray[np.uint8]:
    numbers = {label.name: label.index for label in tissue_table().labels}
    canvas = Canvas(grid, anatomy, numbers)
    paint_head(canvas)
    skin = canvas.tissue == numbers["skin"]
    for paint in (paint_skull, paint_spine, paint_air, paint_eyes, paint_brain):
        paint(canvas)
    openings = np.isin(canvas.tissue, [numbers["air"], numbers["mucosa"]])
    canvas.tissue[skin & ~openings] = numbers["skin"]
    return canvas.tissue
