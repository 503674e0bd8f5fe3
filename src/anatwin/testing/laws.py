"""Laws of linear maps, as assertions."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.linop import LinearOperator

Array = NDArray[Any]
Shape = tuple[int, ...]


def _norm(values: Array) -> float:
    return float(np.linalg.norm(values))


def random_complex(shape: Shape, seed: int) -> Array:
    """Return complex numbers of unit variance in double precision."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=(*shape, 2)) @ [1, 1j]) / np.sqrt(2)


def assert_adjoint(
    operator: LinearOperator, domain: Shape, codomain: Shape, *, seed: int = 0, rtol: float = 1e-9
) -> None:
    """Assert that ``<y, A x> = <A* y, x>`` for random x and y.

    Parameters
    ----------
    operator
        The map.
    domain, codomain
        Shapes of what goes in and what comes out.
    seed
        Which random arrays.
    rtol
        Tolerance, as a fraction of the product of their norms.
    """
    x, y = random_complex(domain, seed), random_complex(codomain, seed + 1)
    image, back = operator.forward(x), operator.adjoint(y)
    if image.shape != codomain or back.shape != domain:
        raise AssertionError(f"Shapes: {image.shape} for {codomain}, {back.shape} for {domain}.")
    gap = abs(complex(np.vdot(y, image)) - complex(np.vdot(back, x)))
    size = _norm(y) * _norm(image) + _norm(back) * _norm(x)
    if gap > rtol * max(size, 1e-300):
        raise AssertionError(f"Not the adjoint: products differ by {gap / size:.1e} of their size.")


def assert_linear(
    function: Callable[[Array], Array], domain: Shape, *, seed: int = 0, rtol: float = 1e-9
) -> None:
    """Assert that ``A(a x + y) = a A x + A y`` for random x and y and a complex a."""
    x, y, a = random_complex(domain, seed), random_complex(domain, seed + 1), 0.3 - 1.7j
    expected = a * function(x) + function(y)
    gap = _norm(np.subtract(function(a * x + y), expected))
    if gap > rtol * _norm(expected):
        raise AssertionError(f"Not linear: off by {gap / _norm(expected):.1e}.")


def assert_isometry(
    function: Callable[[Array], Array], domain: Shape, *, seed: int = 0, rtol: float = 1e-9
) -> None:
    """Assert that a map keeps the sum of squares of a random array."""
    x = random_complex(domain, seed)
    before, after = _norm(x), _norm(function(x))
    if abs(after - before) > rtol * before:
        raise AssertionError(f"Not an isometry: the norm went from {before} to {after}.")


def assert_inverse(
    function: Callable[[Array], Array],
    inverse: Callable[[Array], Array],
    domain: Shape,
    *,
    rtol: float = 1e-9,
) -> None:
    """Assert that ``inverse`` undoes ``function`` on a random array."""
    x = random_complex(domain, 0)
    gap = _norm(np.subtract(inverse(function(x)), x))
    if gap > rtol * _norm(x):
        raise AssertionError(f"Not an inverse: off by {gap / _norm(x):.1e}.")
