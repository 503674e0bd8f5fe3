import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.solve import conjugate_gradient, fista
from anatwin.testing.laws import random_complex


@settings(deadline=None, max_examples=25)
@given(n=st.integers(1, 12), seed=st.integers(0, 1000))
def test_conjugate_gradient_solves_in_as_many_steps_as_unknowns(n, seed):
    factor = random_complex((n + 3, n), seed)
    matrix = factor.conj().T @ factor + np.eye(n)
    solution = random_complex((n,), seed + 1)
    found = conjugate_gradient(lambda x: matrix @ x, matrix @ solution, iterations=n)
    np.testing.assert_allclose(found, solution, atol=1e-7)


def test_conjugate_gradient_stops_at_the_tolerance():
    scale = np.linspace(1, 30, 40)
    calls = []

    def normal(x):
        calls.append(1)
        return scale * x

    rhs = np.ones(40)
    found = conjugate_gradient(normal, rhs, iterations=40, tolerance=1e-2)
    assert len(calls) < 30
    assert np.linalg.norm(scale * found - rhs) <= 1e-2 * np.linalg.norm(rhs)


def test_conjugate_gradient_of_nothing_is_nothing():
    found = conjugate_gradient(lambda x: 2 * x, np.zeros((3, 2), np.complex64), iterations=5)
    assert found.dtype == np.complex64
    assert not found.any()


def test_fista_meets_the_conditions_of_a_minimum():
    """For the lasso: the gradient is -weight * sign on the support and no larger off it."""
    matrix, weight = random_complex((30, 50), 0), 2.0
    data = matrix[:, :3] @ np.array([3, -2j, 1.5])
    gain = np.linalg.norm(matrix, 2) ** 2

    def shrink(x, _):
        size = np.abs(x)
        return x * np.maximum(size - weight / gain, 0) / np.maximum(size, 1e-30)

    def gradient(x):
        return matrix.conj().T @ (matrix @ x - data)

    x = fista(gradient, shrink, np.zeros(50, complex), iterations=3000, gain=gain)
    slope, support = gradient(x), np.abs(x) > 1e-6
    assert 0 < support.sum() < 30
    np.testing.assert_allclose(slope[support], -weight * x[support] / np.abs(x[support]), atol=1e-4)
    assert np.abs(slope[~support]).max() < weight + 1e-4


def test_fista_keeps_the_precision():
    start = np.ones(4, np.complex64)
    assert (
        fista(lambda x: x.copy(), lambda x, _: x, start, iterations=3, gain=2.0).dtype
        == np.complex64
    )
