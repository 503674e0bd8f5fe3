"""The equilibrium of an elastic body that repeats itself along every axis."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import QualityError
from anatwin.ops.elasticity import Elastic, stiffness_product

Array = NDArray[Any]


def periodic_displacement(
    elastic: Elastic, mean_mm: Array, *, tolerance: float = 1e-8, iterations: int = 2000
) -> NDArray[np.float64]:
    """Return the displacement [mm] of one cell, ``axis i+1 j+1`` or ``axis i+1 j+1 k+1``.

    It is ``mean_mm`` plus what repeats itself. Conjugate gradients are preconditioned with the
    exact inverse of a uniform body, by Fourier transform, so that the number of steps does not
    grow with the number of voxels (Ladecky et al. 2023, doi:10.1016/j.amc.2023.127835).

    Parameters
    ----------
    elastic
        The cell.
    mean_mm
        A displacement that deforms the cell uniformly.
    tolerance
        Largest force out of balance, relative to the force of ``mean_mm``.
    iterations
        Most steps.

    Raises
    ------
    QualityError
        If it does not get there.
    """
    pull = stiffness_product(elastic, mean_mm)
    rest = -_folded(pull)
    target = tolerance * float(np.linalg.norm(pull))
    inverse = _uniform_inverse(elastic)
    u, direction, power = np.zeros_like(rest), np.zeros_like(rest), 1.0
    for _ in range(iterations):
        if np.linalg.norm(rest) <= target:
            return np.asarray(mean_mm + _unfolded(u))
        ahead = inverse(rest)
        previous, power = power, float(np.vdot(rest, ahead))
        direction = ahead + power / previous * direction
        force = _folded(stiffness_product(elastic, _unfolded(direction)))
        length = power / float(np.vdot(direction, force))
        u += length * direction
        rest -= length * force
    raise QualityError(
        f"The periodic cell is not in balance after {iterations} steps; its materials differ too "
        "much. Give the void a larger modulus."
    )


def _unfolded(field: Array) -> Array:
    """Return a periodic field with its first nodes repeated at the end."""
    return np.pad(field, ((0, 0), *((0, 1),) * (field.ndim - 1)), mode="wrap")


def _folded(field: Array) -> Array:
    """Return a field with its last nodes added to the first: the transpose of ``_unfolded``."""
    for axis in range(1, field.ndim):
        line = np.moveaxis(field, axis, 0)
        body = line[:-1].copy()
        body[0] += line[-1]
        field = np.moveaxis(body, 0, axis)
    return np.ascontiguousarray(field)


def _uniform_inverse(elastic: Elastic) -> Callable[[Array], Array]:
    """Return the inverse of a uniform body's stiffness, up to translations."""
    from scipy.fft import irfftn, rfftn

    cells = elastic.modulus_kpa.shape
    axes = len(cells)
    mean = np.full(cells, elastic.modulus_kpa.mean())
    uniform = replace(elastic, modulus_kpa=mean)
    space = tuple(range(1, axes + 1))
    columns = []
    for axis in range(axes):
        push = np.zeros((axes, *cells))
        push[axis].flat[0] = 1
        answer = _folded(stiffness_product(uniform, _unfolded(push)))
        columns.append(rfftn(answer, axes=space))
    symbol = np.moveaxis(np.array(columns), (0, 1), (-1, -2)).copy()
    symbol[(0,) * axes] = np.eye(axes)
    table = np.linalg.inv(symbol)
    table[(0,) * axes] = 0

    def inverse(load: Array) -> Array:
        waves = np.moveaxis(rfftn(load, axes=space), 0, -1)[..., None]
        answer = np.moveaxis((table @ waves)[..., 0], -1, 0)
        return irfftn(answer, s=cells, axes=space)

    return inverse
