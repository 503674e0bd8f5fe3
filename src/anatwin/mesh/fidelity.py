"""How true a surface is to the voxels that it came from."""

import numpy as np

from anatwin.core import InputError, Labels, Surface


def volume_error(surface: Surface, labels: Labels) -> float:
    """Return how much larger a surface is than its structure's voxels, as a fraction of them.

    Smoothing and reduction move a surface: 0.01 means that it encloses one per cent more than the
    voxels of the structure whose name it has.

    Raises
    ------
    InputError
        If the label map has no voxel of that structure.
    """
    index = labels.table[surface.name].index
    voxels = int(np.count_nonzero(labels.data == index))
    if not voxels:
        raise InputError(f"The label map has no voxel of {surface.name!r} to compare with.")
    return surface.volume_mm3 / (voxels * labels.grid.voxel_mm3) - 1.0
