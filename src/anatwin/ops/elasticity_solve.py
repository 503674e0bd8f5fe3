"""The equilibrium of an elastic body under prescribed displacements and forces on its nodes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, QualityError
from anatwin.ops.elasticity import (
    Elastic,
    assemble,
    diagonal,
    rigid_modes,
    stiffness_product,
)

Array = NDArray[Any]
Solver = Literal["direct", "amg", "multigrid"]


@dataclass(frozen=True)
class Equilibrium:
    """A body at rest.

    Parameters
    ----------
    displacement_mm
        Displacement of every node [mm], ``axis node ...``; 0 where there is no material.
    reaction_mn
        Force of the supports on the body [mN], of the same shape; 0 elsewhere.
    iterations
        Steps that the solver took; 0 for a direct one.
    residual
        Force that is out of balance, relative to the one that had to be balanced.
    """

    displacement_mm: NDArray[np.float64]
    reaction_mn: NDArray[np.float64]
    iterations: int
    residual: float


def solve_elastic(
    elastic: Elastic,
    prescribed_mm: Array,
    force_mn: Array | None = None,
    *,
    solver: Solver = "multigrid",
    tolerance: float = 1e-8,
    iterations: int = 2000,
) -> Equilibrium:
    """Return the equilibrium of a body.

    Parameters
    ----------
    elastic
        The body. What no support holds must not be in it: see ``held``.
    prescribed_mm
        Displacement [mm] where it is prescribed, NaN where it is free, ``axis node ...``.
    force_mn
        Force on every node [mN], of the same shape.
    solver
        ``direct`` is exact and fit for small planes. ``multigrid`` takes least memory and is
        meant for large bodies; ``amg`` (smoothed aggregation) assembles the matrix.
    tolerance
        Largest force out of balance, relative to the force to be balanced.
    iterations
        Most steps of conjugate gradients.

    Raises
    ------
    InputError
        If a force acts where there is no material.
    QualityError
        If the solver does not get there.
    """
    supported = ~np.isnan(prescribed_mm)
    present = diagonal(elastic) > 0
    load = np.zeros(prescribed_mm.shape) if force_mn is None else force_mn.astype(np.float64)
    if np.any(load[~present]):
        raise InputError("A force acts on a node without material; move it onto the body.")
    u = np.where(supported & present, prescribed_mm, 0.0).astype(np.float64)
    rest = load - stiffness_product(elastic, u)
    free = present & ~supported
    rest[~free] = 0
    target = tolerance * float(np.linalg.norm(rest))
    steps = 0
    if target > 0 and solver == "direct":
        u[free] += _direct(elastic, free, rest)
    elif target > 0:
        inverse = _preconditioner(elastic, free, solver)
        change, steps = descend(
            elastic, free, rest, inverse=inverse, target=target, iterations=iterations
        )
        u += change
    reaction = stiffness_product(elastic, u) - load
    residual = float(np.linalg.norm(reaction[free])) * tolerance / max(target, 1e-300)
    if not residual <= max(2 * tolerance, 1e-7):
        raise QualityError(
            f"The {solver} solver left {residual:.1e} of the force unbalanced after {steps} steps, "
            f"not {tolerance:.0e}; part of the body may hang on by a corner, or by nothing."
        )
    reaction[~supported] = 0
    return Equilibrium(u, reaction, steps, residual)


def descend(
    elastic: Elastic,
    free: NDArray[np.bool_],
    load: NDArray[np.float64],
    *,
    inverse: Callable[[Array], Array],
    target: float,
    iterations: int,
) -> tuple[NDArray[np.float64], int]:
    """Return the displacement that balances a load, and the steps of conjugate gradients taken.

    Parameters
    ----------
    elastic
        The body.
    free
        Where it may move, ``axis node ...``.
    load
        The force to balance [mN], zero where the body may not move; it is used up.
    inverse
        Symmetric preconditioner.
    target
        Norm of the force [mN] that may stay out of balance.
    iterations
        Steps at most.
    """
    u, direction, power = np.zeros_like(load), np.zeros_like(load), 1.0
    for step in range(iterations):
        if np.linalg.norm(load) <= target:
            return u, step
        ahead = inverse(load)
        previous, power = power, float(np.vdot(load, ahead))
        direction *= power / previous
        direction += ahead
        force = stiffness_product(elastic, direction)
        force[~free] = 0
        length = power / float(np.vdot(direction, force))
        u += length * direction
        force *= length
        load -= force
        del ahead, force  # or they would stay in memory until their successors are made
    return u, iterations


def held(elastic: Elastic, prescribed_mm: Array) -> Elastic:
    """Return the body without the parts that no support keeps in place.

    Voxels belong together when they share a face (in 2-D: an edge). A part stays when its
    prescribed displacements stop all of its rigid motions.

    Raises
    ------
    InputError
        If nothing is left.
    """
    from scipy.ndimage import label

    parts, count = label(elastic.modulus_kpa > 0)
    supported = ~np.isnan(prescribed_mm)
    stays = np.zeros(count + 1, bool)
    for part in _parts_at(parts, np.asarray(supported.any(axis=0))):
        nodes = _nodes_of(parts == part)
        modes = rigid_modes(elastic)[:, supported & nodes]
        stays[part] = np.linalg.matrix_rank(modes @ modes.T) == len(modes)
    if not stays.any():
        raise InputError("No part of the body is held by the supports; fix it on at least a face.")
    return replace(elastic, modulus_kpa=np.where(stays[parts], elastic.modulus_kpa, 0))


def _parts_at(parts: Array, nodes: NDArray[np.bool_]) -> list[int]:
    """Return the parts that touch some nodes."""
    found = {
        int(part)
        for corner in product((0, 1), repeat=parts.ndim)
        for part in np.unique(parts[nodes[_shifted(corner, parts.shape)]])
    }
    return sorted(found - {0})


def _nodes_of(voxels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the nodes at the corners of voxels."""
    nodes = np.zeros([n + 1 for n in voxels.shape], bool)
    for corner in product((0, 1), repeat=voxels.ndim):
        nodes[_shifted(corner, voxels.shape)] |= voxels
    return nodes


def _shifted(corner: tuple[int, ...], shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(c, c + n) for c, n in zip(corner, shape, strict=True))


def _direct(elastic: Elastic, free: NDArray[np.bool_], load: Array) -> NDArray[np.float64]:
    """Return the displacement of the free unknowns by a sparse factorisation."""
    from scipy.sparse.linalg import splu

    matrix = _reduced(elastic, free).tocsc()
    try:
        factor = splu(
            matrix,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
    except RuntimeError as error:
        raise QualityError("The body can move as a whole: its supports do not hold it.") from error
    return factor.solve(load[free])


def _reduced(elastic: Elastic, free: NDArray[np.bool_]) -> Any:  # noqa: ANN401
    """Return the stiffness of the free unknowns."""
    unknowns = np.flatnonzero(free)
    return assemble(elastic)[unknowns][:, unknowns]


def _preconditioner(
    elastic: Elastic, free: NDArray[np.bool_], solver: Solver
) -> Callable[[Array], Array]:
    if solver == "multigrid":
        from anatwin.ops.multigrid import Multigrid

        return Multigrid(elastic, ~free)
    return _algebraic(elastic, free)


def _algebraic(elastic: Elastic, free: NDArray[np.bool_]) -> Callable[[Array], Array]:
    """Return smoothed aggregation with the rigid motions as its near null space.

    Source: Vanek, Mandel and Brezina 1996, doi:10.1007/BF02238511.
    """
    from pyamg import smoothed_aggregation_solver

    matrix = _reduced(elastic, free)
    motions = rigid_modes(elastic)[:, free].T
    cycle = smoothed_aggregation_solver(matrix.tocsr(), B=motions).aspreconditioner()

    def inverse(load: Array) -> Array:
        out = np.zeros(load.shape)
        out[free] = cycle.matvec(load[free])
        return out

    return inverse
