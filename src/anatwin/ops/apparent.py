"""The stiffness that a block of heterogeneous material shows, under named conditions at its faces.

Strains are ``xx yy xy`` in a plane and ``xx yy zz xy yz zx`` in space; shear is the engineering
strain. Stiffness is in kPa.

Sources: Hazanov and Huet 1994, doi:10.1016/0022-5096(94)90022-1, for the order of the conditions;
Pahr and Zysset 2008, doi:10.1007/s10237-007-0109-7, for bone.
"""

from dataclasses import replace
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.elasticity import Elastic, stiffness_product
from anatwin.ops.elasticity_solve import solve_elastic
from anatwin.ops.periodic import periodic_displacement

Array = NDArray[Any]
Condition = Literal["kinematic", "periodic", "static"]

TOLERANCE = 1e-6


def shear_pairs(axes: int) -> tuple[tuple[int, int], ...]:
    """Return the pairs of axes of the shear strains, in order."""
    return ((0, 1),) if axes == 2 else ((0, 1), (1, 2), (2, 0))


def uniform_strains(elastic: Elastic) -> NDArray[np.float64]:
    """Return the displacements [mm] of unit strains, ``strain axis node ...``."""
    shape = elastic.field_shape
    axes = shape[0]
    edges = [s * np.arange(n) for s, n in zip(elastic.spacing_mm, shape[1:], strict=True)]
    places = np.meshgrid(*edges, indexing="ij")
    pairs = shear_pairs(axes)
    fields = np.zeros((axes + len(pairs), *shape))
    for axis in range(axes):
        fields[axis, axis] = places[axis]
    for number, (a, b) in enumerate(pairs, start=axes):
        fields[number, a], fields[number, b] = places[b] / 2, places[a] / 2
    return fields


def apparent_stiffness(elastic: Elastic, condition: Condition) -> NDArray[np.float64]:
    """Return the apparent stiffness [kPa], ``stress strain``.

    ``kinematic`` gives every face the displacement of a uniform strain (KUBC, the stiffest),
    ``periodic`` lets the block repeat itself (PBC), ``static`` pulls every face with the forces of
    a uniform stress (SUBC, the softest). As quadratic forms they are in that order.

    Parameters
    ----------
    elastic
        The block. Give voids a small modulus, so that nothing is loose.
    condition
        What holds at the faces.
    """
    strains = uniform_strains(elastic)
    volume = prod(elastic.modulus_kpa.shape) * prod(elastic.spacing_mm)
    if condition == "static":
        return np.asarray(np.linalg.inv(_static_compliance(elastic, strains, volume)))
    fields = [
        _kinematic(elastic, strain)
        if condition == "kinematic"
        else periodic_displacement(elastic, strain, tolerance=TOLERANCE)
        for strain in strains
    ]
    forces = [stiffness_product(elastic, field) for field in fields]
    return _symmetric(np.array([[np.vdot(u, f) for f in forces] for u in fields]) / volume)


def engineering_moduli(stiffness: Array) -> NDArray[np.float64]:
    """Return Young's moduli along the axes, then shear moduli, of a stiffness ``stress strain``."""
    return np.asarray(1 / np.diag(np.linalg.inv(stiffness)))


def mixed_uniaxial_moduli(elastic: Elastic) -> NDArray[np.float64]:
    """Return Young's moduli along the axes, then shear moduli [kPa], between smooth platens.

    For Young's modulus the two faces across an axis move apart without friction and the others are
    free; for the shear modulus the four faces across two axes slide as in a pure shear, each along
    the other axis, and are free across themselves (MUBC).
    """
    strains = uniform_strains(elastic)
    axes = elastic.modulus_kpa.ndim
    moduli = []
    for number, strain in enumerate(strains):
        if number < axes:
            driven = [(number, number)]
        else:
            a, b = shear_pairs(axes)[number - axes]
            driven = [(a, b), (b, a)]
        prescribed = _rest_on(elastic, {component for _, component in driven})
        for face, component in driven:
            for end in (0, -1):
                place = (component, *(slice(None),) * face, end)
                prescribed[place] = strain[place]
        found = solve_elastic(elastic, prescribed, tolerance=TOLERANCE)
        u = found.displacement_mm
        work = float(np.vdot(u, stiffness_product(elastic, u)))
        moduli.append(work / (prod(elastic.modulus_kpa.shape) * prod(elastic.spacing_mm)))
    return np.array(moduli)


def _kinematic(elastic: Elastic, strain_mm: Array) -> NDArray[np.float64]:
    """Return the displacement where every face follows a uniform strain."""
    prescribed = strain_mm.copy()
    prescribed[(slice(None), *(slice(1, -1),) * elastic.modulus_kpa.ndim)] = np.nan
    return solve_elastic(elastic, prescribed, tolerance=TOLERANCE).displacement_mm


def _static_compliance(elastic: Elastic, strains: Array, volume: float) -> NDArray[np.float64]:
    """Return the apparent compliance [1/kPa] under uniform tractions."""
    uniform = replace(elastic, modulus_kpa=np.ones(elastic.modulus_kpa.shape))
    pulls = np.array([stiffness_product(uniform, strain) for strain in strains])
    material = np.array([[np.vdot(s, p) for p in pulls] for s in strains]) / volume
    forces = np.tensordot(np.linalg.inv(_symmetric(material)), pulls, axes=1)
    prescribed = _rest_on(elastic, set())
    fields = [
        solve_elastic(elastic, prescribed, force, tolerance=TOLERANCE).displacement_mm
        for force in forces
    ]
    return _symmetric(np.array([[np.vdot(f, u) for u in fields] for f in forces]) / volume)


def _rest_on(elastic: Elastic, held: set[int]) -> NDArray[np.float64]:
    """Return supports at corners that stop what is left of the rigid motions, NaN elsewhere.

    ``held`` are the axes along which faces are held already, and with it the rotations that would
    move those faces.
    """
    shape = elastic.field_shape
    prescribed = np.full(shape, np.nan)
    axes = shape[0]
    first = (0,) * axes
    free = [axis for axis in range(axes) if axis not in held]
    for axis in free:
        prescribed[(axis, *first)] = 0
    for number, axis in enumerate(free):
        # Two free axes can still turn into one another: a second corner stops one of them.
        for other in free[number + 1 :]:
            prescribed[(axis, *first[:other], -1, *first[other + 1 :])] = 0
    return prescribed


def _symmetric(matrix: Array) -> NDArray[np.float64]:
    return np.asarray((matrix + matrix.T) / 2)
