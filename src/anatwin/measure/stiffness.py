"""How stiff a block of bone is, with the condition at its faces named."""

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, Measure, UsageError
from anatwin.ops.apparent import BoundaryCondition, apparent_moduli, shear_pairs
from anatwin.ops.elasticity import Elastic

CONDITIONS: tuple[BoundaryCondition, ...] = get_args(BoundaryCondition)


def bone_stiffness(
    bone: NDArray[np.bool_],
    grid: Grid,
    condition: BoundaryCondition = "KUBC",
    *,
    modulus_gpa: float = 18.0,
    poisson: float = 0.3,
    basis: str = "",
) -> tuple[Measure, ...]:
    """Measure the apparent Young's and shear moduli of a block along its axes.

    The condition changes the result several-fold in bone, so that every name states it: KUBC,
    kinematic uniform, every face follows a uniform strain; PBC, periodic, the block repeats itself
    (struts that do not meet at opposite faces then carry little); MUBC, mixed uniaxial, smooth
    platens and free sides; SUBC, static uniform, a uniform traction on every face, which a void
    at a face cannot take: 0 then. KUBC >= PBC >= SUBC. Parts that hang on by a corner alone carry
    nothing, except under PBC.

    Parameters
    ----------
    bone
        Which voxels are bone, ``i j k``; a single voxel along an axis makes it a plane, in plane
        stress.
    grid
        Where they are.
    condition
        What holds at the faces.
    modulus_gpa, poisson
        Of bone tissue.
    basis
        Where the image comes from.

    Raises
    ------
    InputError
        If there is no bone, or no plane.
    UsageError
        If the condition or the tissue is unknown.
    """
    if condition not in CONDITIONS or modulus_gpa <= 0:
        raise UsageError(
            f"Expected one of {', '.join(CONDITIONS)} and a positive modulus, got {condition} and "
            f"{modulus_gpa} GPa."
        )
    extended = [axis for axis, n in enumerate(bone.shape) if n > 1]
    if len(extended) < 2 or not bone.any():
        raise InputError(f"Expected bone in a plane or a block, got {bone.sum()} of {bone.shape}.")
    flat = np.squeeze(bone)
    spacing = tuple(grid.spacing_mm[axis] for axis in extended)
    elastic = Elastic(flat.astype(np.float64), poisson, spacing)
    relative = apparent_moduli(elastic, condition)
    title = f"[{condition}, plane stress]" if flat.ndim == 2 else f"[{condition}]"
    voxels = " x ".join(str(n) for n in flat.shape)
    tissue = f"tissue {modulus_gpa:g} GPa, Poisson's ratio {poisson:g}, {voxels} voxels"
    basis = "; ".join(filter(None, (basis, tissue)))
    return tuple(
        Measure(name + title, "bone", float(value) * modulus_gpa * 1000, "MPa", basis=basis)
        for name, value in zip(_moduli(flat.ndim), relative, strict=True)
    )


def _moduli(axes: int) -> list[str]:
    """Return the names of the moduli, in order."""
    letters = "xyz"
    shear = [f"G_{letters[a]}{letters[b]}" for a, b in shear_pairs(axes)]
    return [f"E_{letter}" for letter in letters[:axes]] + shear
