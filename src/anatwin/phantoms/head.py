"""A procedural human head: any resolution, a different person for every seed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from math import prod

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, Labels, track
from anatwin.ops.threads import available_cores
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
    data = np.empty(grid.shape, np.uint8)
    for slices, block in drawn(grid, person):
        data[:, :, slices] = block
    return Labels(data, grid, tissue_table())


def drawn(
    grid: Grid, person: Anatomy, *, step: int = 1
) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
    """Yield blocks of a person's tissues, a multiple of ``step`` slices of the last axis each."""
    thickness = max(_BLOCK_VOXELS // prod(grid.shape[:2]), int(_BLOCK_MM / grid.spacing_mm[2]))
    thickness = max(1, thickness // step) * step
    starts = range(0, grid.shape[2], thickness)

    def block(start: int) -> tuple[slice, NDArray[np.uint8]]:
        stop = min(start + thickness, grid.shape[2])
        return slice(start, stop), _block(grid, range(start, stop), person)

    with ThreadPoolExecutor(available_cores()) as pool:
        yield from track(pool.map(block, starts), "drawing the head", total=len(starts))


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
