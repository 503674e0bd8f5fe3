"""Iterative solvers of linear and of sparse problems."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Map = Callable[[Array], Array]


def conjugate_gradient(
    normal: Map, rhs: Array, *, iterations: int, tolerance: float = 0.0
) -> Array:
    """Return the solution of ``normal(x) = rhs`` for a positive semidefinite map.

    Parameters
    ----------
    normal
        The Hermitian map.
    rhs
        Right-hand side.
    iterations
        Number of steps at most; stopping early regularises an ill-posed problem.
    tolerance
        Stop when the residual is this fraction of the right-hand side.

    Source: Hestenes and Stiefel 1952, doi:10.6028/jres.049.044.
    """
    x = np.zeros_like(rhs)
    residual = rhs.copy()
    direction = rhs.copy()
    power = _power(residual)
    enough = tolerance**2 * power
    for _ in range(iterations):
        if power <= enough or power == 0:
            break
        image = normal(direction)
        step = rhs.real.dtype.type(power / np.vdot(direction, image).real)
        x += step * direction
        residual -= step * image
        previous, power = power, _power(residual)
        direction = residual + rhs.real.dtype.type(power / previous) * direction
    return x


def fista(
    gradient: Map,
    shrink: Callable[[Array, int], Array],
    start: Array,
    *,
    iterations: int,
    gain: float,
) -> Array:
    """Return the minimiser of a smooth convex function plus one with a simple proximal map.

    Parameters
    ----------
    gradient
        Gradient of the smooth part, as a new array.
    shrink
        Proximal map of the other part for the step ``1 / gain``; it also gets the number of
        the iteration.
    start
        First estimate.
    iterations
        Number of steps.
    gain
        Lipschitz constant of the gradient.

    Source: Beck and Teboulle 2009, doi:10.1137/080716542.
    """
    x, z, t = start, start, 1.0
    for iteration in range(iterations):
        downhill = gradient(z)
        downhill *= -1 / gain
        downhill += z
        previous, x = x, shrink(downhill, iteration)
        t_next = (1 + (1 + 4 * t * t) ** 0.5) / 2
        z = x - previous
        z *= (t - 1) / t_next
        z += x
        t = t_next
    return x


def _power(values: Array) -> float:
    return float(np.vdot(values, values).real)
