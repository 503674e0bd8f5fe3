"""Load cases for a shape that comes without any: it stands, and is pushed at the other end."""

from collections.abc import Sequence
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Body, InputError, UsageError, Volume

Push = Literal["compression", "shear"]
Axis = Literal["i", "j", "k"]


def pressed(
    image: Volume,
    *,
    axis: Axis = "k",
    pushes: Sequence[Push] = ("compression",),
    force_mn: float = 1e6,
) -> Body:
    """Return a body whose lowest voxels along an axis stand still and whose highest are pushed.

    Parameters
    ----------
    image
        How full each voxel is, 0 to 1; 0 outside the body. Values above 1, as of a label map,
        count as 1.
    axis
        Axis of the grid to press along.
    pushes
        One load case each: down the axis, or across it.
    force_mn
        Total force of a push [mN].

    Raises
    ------
    InputError
        If the image is empty.
    UsageError
        If the grid has one voxel along the axis, or there is no push.
    """
    density = np.clip(image.data.astype(np.float64), 0, 1)
    number = "ijk".index(axis)
    if image.grid.shape[number] == 1 or not pushes:
        raise UsageError(
            f"Pressing needs a push and two voxels or more along the axis, got {axis} of "
            f"{image.grid.shape} and {tuple(pushes)}."
        )
    if not density.any():
        raise InputError("The image is 0 everywhere; voxels of the body must be above 0.")
    cells = image.grid.shape[:2] if image.grid.shape[2] == 1 else image.grid.shape
    inside = (density > 0).reshape(cells)
    low, high = _end(inside, number, "low"), _end(inside, number, "high")
    forces = np.zeros((len(pushes), len(cells), *high.shape))
    for case, push in enumerate(pushes):
        along = number if push == "compression" else (number + 1) % len(cells)
        forces[case, along][high] = -force_mn / high.sum()
    fixed = np.broadcast_to(low, (len(cells), *low.shape)).copy()
    return Body(image.grid, density, fixed, forces, (1.0,) * len(pushes))


def _end(inside: NDArray[np.bool_], axis: int, side: str) -> NDArray[np.bool_]:
    """Return the nodes on the outer faces of the last voxels on one side of an axis."""
    levels = np.flatnonzero(np.moveaxis(inside, axis, 0).any(axis=tuple(range(1, inside.ndim))))
    level = int(levels[0] if side == "low" else levels[-1])
    nodes = np.zeros([n + 1 for n in inside.shape], bool)
    slab = np.moveaxis(inside, axis, 0)[level]
    plane: Any = np.moveaxis(nodes, axis, 0)[level + (side == "high")]
    for corner in product((0, 1), repeat=slab.ndim):
        plane[tuple(slice(c, c + n) for c, n in zip(corner, slab.shape, strict=True))] |= slab
    return nodes
