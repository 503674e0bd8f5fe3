"""Pieces of a structure that lie where it cannot be."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from anatwin.core import LabelTable
from anatwin.ops.morphology import bounding_box, largest_piece

_ONE_PIECE = ("brain", "csf_space", "central_nervous_system")
"""Parents in the head table of what is one piece together."""

_SMALL = 0.1
"""Share of the largest piece."""


def brain_indices(table: LabelTable) -> list[int]:
    """Return the indices of brain, ventricles, fluid around it and cord in the head table."""
    return [x.index for x in table.labels if x.parent in _ONE_PIECE]


def keep_largest(data: NDArray[np.uint8], indices: Sequence[int], into: int) -> None:
    """Rename all but the largest piece of what some structures are together, in place.

    Parameters
    ----------
    data
        Labels, ``i j k``.
    indices
        The structures.
    into
        What the smaller pieces become.
    """
    mask = np.isin(data, indices)
    box = bounding_box(mask)
    if box is None:
        return
    data[box][mask[box] & ~largest_piece(mask[box])] = into


def keep_large(data: NDArray[np.uint8], index: int, into: int) -> None:
    """Rename the pieces of a structure that are far smaller than its largest, in place.

    Parameters
    ----------
    data
        Labels, ``i j k``.
    index
        The structure.
    into
        What the small pieces become.
    """
    from scipy import ndimage

    mask = data == index
    box = bounding_box(mask)
    if box is None:
        return
    pieces, _ = ndimage.label(mask[box])
    sizes = np.bincount(pieces.ravel())
    is_small = sizes < _SMALL * sizes[1:].max()
    data[box][mask[box] & is_small[pieces]] = into


def rename_strays(data: NDArray[np.uint8], table: LabelTable) -> None:
    """Make soft tissue of brain that hangs on no brain, and of all but one piece of each eye.

    Drops of the midline ventricles become cerebrospinal fluid.

    Parameters
    ----------
    data
        Labels of the head table, ``i j k``; changed.
    table
        The head table.
    """
    soft_tissue = table["soft_tissue"].index
    eyes = [[x.index] for x in table.labels if x.parent == "orbit"]
    for indices in (brain_indices(table), *eyes):
        keep_largest(data, indices, soft_tissue)
    # The third ventricle and the fourth are one structure; drops along the cord are none of it.
    keep_large(data, table["ventricle_midline"].index, table["csf"].index)
