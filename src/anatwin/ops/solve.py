"""Iterative solvers of linear and of sparse problems."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled

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
        slope = gradient(z)
        downhill = _blend(1, z, -1 / gain, slope)
        previous, x = x, shrink(downhill, iteration)
        t_next = (1 + (1 + 4 * t * t) ** 0.5) / 2
        ahead = (t - 1) / t_next
        z = _blend(1 + ahead, x, -ahead, previous)
        t = t_next
    return x


def _blend(a: float, x: Array, b: float, y: Array) -> Array:
    """Return ``a * x + b * y`` of arrays of one shape and kind, in one pass over memory."""
    real = x.real.dtype
    out = np.empty(x.shape, x.dtype)
    first, second = np.ascontiguousarray(x), np.ascontiguousarray(y)
    flat = (first.reshape(-1).view(real), second.reshape(-1).view(real))
    _add((real.type(a), real.type(b)), flat, out.reshape(-1).view(real))
    return out


@compiled
def _add(
    weights: tuple[np.floating[Any], np.floating[Any]], images: tuple[Array, Array], out: Array
) -> None:
    (a, b), (x, y) = weights, images
    for i in range(out.shape[0]):
        out[i] = a * x[i] + b * y[i]


def _power(values: Array) -> float:
    return float(np.vdot(values, values).real)
