"""The beam on which the literature measures topology optimisation."""

import numpy as np

from anatwin.core import Body, Grid, UsageError


def beam(width: int, height: int, depth: int = 1) -> Body:
    """Return half of the MBB beam, with a modulus of 1 kPa and voxels of 1 mm.

    A unit force presses on the upper end of the plane of symmetry, whose nodes move up and down
    only; the lower far edge rests on a roller. With more than one voxel of depth it is a solid
    that cannot move sideways at the roller.

    Parameters
    ----------
    width, height, depth
        Voxels along each axis; depth 1 is a plane.

    Raises
    ------
    UsageError
        If a size is not positive.

    Source: Andreassen et al. 2011, doi:10.1007/s00158-010-0594-7.
    """
    if min(width, height, depth) < 1:
        raise UsageError(f"A beam needs voxels along each axis, got {width} {height} {depth}.")
    cells = (width, height) if depth == 1 else (width, height, depth)
    fixed = np.zeros((len(cells), *(n + 1 for n in cells)), bool)
    forces = np.zeros((1, *fixed.shape))
    fixed[0, 0] = True
    fixed[1:, -1, 0] = True
    pressed = forces[0, 1, 0, -1]
    forces[0, 1, 0, -1] = -1 / max(pressed.size, 1)
    return Body(
        Grid.isotropic((width, height, depth), 1.0),
        np.ones((width, height, depth)),
        fixed,
        forces,
        (1.0,),
        modulus_kpa=1.0,
    )
