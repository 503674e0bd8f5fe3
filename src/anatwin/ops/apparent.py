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

from anatwin.ops.elasticity import Elastic, diagonal, rigid_modes, stiffness_product
from anatwin.ops.elasticity_solve import solve_elastic
from anatwin.ops.periodic import periodic_displacement

Array = NDArray[Any]
Tensorial = Literal["KUBC", "PBC", "SUBC"]
BoundaryCondition = Literal["KUBC", "PBC", "MUBC", "SUBC"]

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


def apparent_stiffness(elastic: Elastic, condition: Tensorial) -> NDArray[np.float64]:
    """Return the apparent stiffness [kPa], ``stress strain``.

    KUBC, kinematic uniform, gives every face the displacement of a uniform strain and is the
    stiffest. PBC, periodic, lets the block repeat itself. SUBC, static uniform, pulls every face
    with the forces of a uniform stress and is the softest: 0 where a face shows a void, which
    cannot be pulled. As quadratic forms they are in that order.

    Parameters
    ----------
    elastic
        The block; voids have a modulus of 0.
    condition
        What holds at the faces.
    """
    if condition == "SUBC":
        return _static(elastic)
    if condition == "KUBC":
        body, fields = kinematic_fields(elastic)
    else:
        body, strains = elastic, uniform_strains(elastic)
        fields = [periodic_displacement(body, strain, tolerance=TOLERANCE) for strain in strains]
    forces = [stiffness_product(body, field) for field in fields]
    work = np.array([[np.vdot(u, f) for f in forces] for u in fields])
    return _symmetric(work / _volume_mm3(elastic))


def kinematic_fields(
    elastic: Elastic, *, tolerance: float = TOLERANCE
) -> tuple[Elastic, list[NDArray[np.float64]]]:
    """Return what the faces carry of a block, and its displacements [mm] under unit strains.

    Every face follows the strain (KUBC).

    Parameters
    ----------
    elastic
        The block; voids have a modulus of 0.
    tolerance
        Force that may be out of balance, relative to the one that had to be balanced.
    """
    body, support = _carried(elastic, _all_faces(elastic))
    strains = uniform_strains(elastic)
    return body, [_relaxed(body, strain, support, tolerance) for strain in strains]


def apparent_moduli(elastic: Elastic, condition: BoundaryCondition) -> NDArray[np.float64]:
    """Return Young's moduli along the axes, then shear moduli [kPa], under a named condition.

    Parameters
    ----------
    elastic
        The block; voids have a modulus of 0.
    condition
        As for ``apparent_stiffness``, or MUBC as in ``mixed_uniaxial_moduli``.
    """
    if condition == "MUBC":
        return mixed_uniaxial_moduli(elastic)
    return engineering_moduli(apparent_stiffness(elastic, condition))


def engineering_moduli(stiffness: Array) -> NDArray[np.float64]:
    """Return Young's moduli along the axes, then shear moduli, of a stiffness ``stress strain``.

    A direction without any stiffness has a modulus of next to nothing, not an error.
    """
    values, vectors = np.linalg.eigh(stiffness)
    if values[-1] <= 0:
        return np.zeros(len(stiffness))
    compliance = (vectors / np.maximum(values, 1e-9 * values[-1])) @ vectors.T
    return np.asarray(1 / np.diag(compliance))


def mixed_uniaxial_moduli(elastic: Elastic) -> NDArray[np.float64]:
    """Return Young's moduli along the axes, then shear moduli [kPa], between smooth platens.

    For Young's modulus the two faces across an axis move apart without friction and the others are
    free; for the shear modulus the four faces across two axes slide as in a pure shear, each along
    the other axis, and are free across themselves (MUBC).
    """
    axes = elastic.modulus_kpa.ndim
    moduli = []
    for number, strain in enumerate(uniform_strains(elastic)):
        driven = [(number, number)]
        if number >= axes:
            a, b = shear_pairs(axes)[number - axes]
            driven = [(a, b), (b, a)]
        support = np.zeros(strain.shape, np.bool_)
        for face, component in driven:
            for end in (0, -1):
                support[(component, *(slice(None),) * face, end)] = True
        body, held = _carried(elastic, support)
        u = _relaxed(body, strain, held)
        moduli.append(float(np.vdot(u, stiffness_product(body, u))) / _volume_mm3(elastic))
    return np.array(moduli)


def _all_faces(elastic: Elastic) -> NDArray[np.bool_]:
    """Return every node on a face, along every axis."""
    support = np.ones(elastic.field_shape, np.bool_)
    support[(slice(None), *(slice(1, -1),) * elastic.modulus_kpa.ndim)] = False
    return support


def _relaxed(
    body: Elastic, strain_mm: Array, support: Array, tolerance: float = TOLERANCE
) -> NDArray[np.float64]:
    """Return a uniform strain, let go where no support holds it.

    The change is solved for, not the whole: what is out of balance is then small from the start.
    """
    load = -stiffness_product(body, strain_mm)
    change = solve_elastic(body, np.where(support, 0, np.nan), load, tolerance=tolerance)
    return np.asarray(strain_mm + change.displacement_mm)


def _static(elastic: Elastic) -> NDArray[np.float64]:
    """Return the apparent stiffness [kPa] under uniform tractions."""
    strains = uniform_strains(elastic)
    modulus = elastic.modulus_kpa
    faces = [modulus.take(end, axis) for axis in range(modulus.ndim) for end in (0, -1)]
    if min(face.min() for face in faces) <= 0:
        return np.zeros((len(strains), len(strains)))
    uniform = replace(elastic, modulus_kpa=np.ones(modulus.shape))
    pulls = np.array([stiffness_product(uniform, strain) for strain in strains])
    material = np.tensordot(strains, pulls, axes=(range(1, strains.ndim),) * 2)
    forces = np.tensordot(np.linalg.inv(_symmetric(material)), pulls, axes=1)
    body, support = _carried(elastic, np.zeros(strains.shape[1:], np.bool_))
    prescribed = np.where(support, 0, np.nan)
    fields = [
        solve_elastic(body, prescribed, force, tolerance=TOLERANCE).displacement_mm
        for force in forces
    ]
    compliance = np.array([[np.vdot(f, u) for u in fields] for f in forces])
    return np.asarray(np.linalg.inv(_symmetric(compliance * _volume_mm3(elastic))))


def _carried(elastic: Elastic, support: Array) -> tuple[Elastic, NDArray[np.bool_]]:
    """Return the parts that a support touches, and supports that hold them.

    Where a part can still move as a whole it is pinned at just as many places as it has such
    motions, which takes no force. Without any support the largest part is meant.
    """
    from scipy.ndimage import label

    parts, count = label(elastic.modulus_kpa > 0)
    modes = rigid_modes(elastic)
    support = support.copy()
    kept = np.zeros(count + 1, np.bool_)
    largest = np.argmax(np.bincount(parts.ravel())[1:]) + 1
    for part in range(1, count + 1):
        nodes = _touched(replace(elastic, modulus_kpa=(parts == part).astype(np.float32)))
        if support[:, nodes].any() or (part == largest and not support.any()):
            kept[part] = True
            _pin(modes[:, :, nodes], nodes, support)
    modulus = np.where(kept[parts], elastic.modulus_kpa, 0)
    return replace(elastic, modulus_kpa=modulus), support


def _pin(modes: Array, nodes: Array, support: Array) -> None:
    """Hold a part at places that stop its rigid motions, one for each that is left.

    ``modes`` are the rigid motions of its nodes, ``mode axis node``.
    """
    for _ in range(len(modes)):
        held = support[:, nodes]
        values, vectors = np.linalg.eigh(modes[:, held] @ modes[:, held].T)
        if values[0] > 1e-9 * max(values[-1], 1e-300):
            return
        motion = np.abs(np.tensordot(vectors[:, 0], modes, axes=1))
        axis, node = np.unravel_index(np.argmax(motion), motion.shape)
        place = np.flatnonzero(nodes)[node]
        support[axis].flat[place] = True


def _touched(elastic: Elastic) -> NDArray[np.bool_]:
    """Return which nodes are corners of material."""
    return np.asarray(diagonal(elastic)[0] > 0)


def _volume_mm3(elastic: Elastic) -> float:
    return prod(elastic.modulus_kpa.shape) * prod(elastic.spacing_mm)


def _symmetric(matrix: Array) -> NDArray[np.float64]:
    return np.asarray((matrix + matrix.T) / 2)
