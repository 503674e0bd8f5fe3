import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.resample import apply_matrices, hat_matrix, linear_matrix, taps

SIZES = st.integers(1, 40)
STEPS = st.floats(0.2, 5)


@settings(deadline=None, max_examples=60)
@given(n_in=SIZES, n_out=SIZES, step=STEPS)
def test_weights_are_an_average(n_in, n_out, step):
    matrix = linear_matrix(n_in, n_out, step)
    assert matrix.shape == (n_out, n_in)
    assert matrix.min() >= 0
    np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(matrix, matrix[::-1, ::-1], atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(n_in=st.integers(12, 60), n_out=SIZES, step=STEPS, slope=st.floats(-3, 3))
def test_ramps_stay_ramps_inside(n_in, n_out, step, slope):
    line = slope * (np.arange(n_in) - (n_in - 1) / 2)
    position = (np.arange(n_out) - (n_out - 1) / 2) * step
    inside = np.abs(position) + max(1, step) <= (n_in - 1) / 2
    result = linear_matrix(n_in, n_out, step) @ line
    # The hat's discrete first moment is exact for whole steps only.
    tolerance = 1e-4 if step <= 1 else 0.2 * abs(slope)
    np.testing.assert_allclose(result[inside], slope * position[inside], atol=tolerance + 1e-5)


def test_same_lattice_is_the_identity():
    np.testing.assert_array_equal(linear_matrix(7, 7, 1.0), np.eye(7))


def test_coarse_output_does_not_alias():
    stripes = np.tile([0.0, 1.0], 60)
    coarse = linear_matrix(120, 24, 5.0) @ stripes
    np.testing.assert_allclose(coarse[2:-2], 0.5, atol=0.03)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 99), steps=st.tuples(STEPS, STEPS, STEPS))
def test_axes_are_independent(seed, steps):
    array = np.random.default_rng(seed).normal(size=(5, 6, 7)).astype(np.float32)
    matrices = [
        linear_matrix(n, m, step) for n, m, step in zip(array.shape, (4, 9, 3), steps, strict=True)
    ]
    expected = np.einsum("ijk,ai,bj,ck->abc", array, *matrices)
    np.testing.assert_allclose(apply_matrices(array, matrices), expected, atol=1e-5)


@pytest.mark.parametrize(("n_in", "n_out", "step"), [(9, 20, 0.4), (30, 8, 3.7), (1, 5, 1.0)])
def test_taps_rebuild_the_matrix(n_in, n_out, step):
    matrix = linear_matrix(n_in, n_out, step)
    first, weight = taps(matrix)
    rebuilt = np.zeros((n_out, n_in + weight.shape[1]), np.float32)
    for row, start in enumerate(first):
        rebuilt[row, start : start + weight.shape[1]] = weight[row]
    np.testing.assert_array_equal(rebuilt[:, :n_in], matrix)
    assert not rebuilt[:, n_in:].any()


def test_reading_in_between_is_linear_and_beyond_the_ends_constant():
    ramp = np.arange(6.0)
    at = np.array([-3.0, 0.0, 1.25, 4.9, 9.0])
    assert hat_matrix(at, 6) @ ramp == pytest.approx([0, 0, 1.25, 4.9, 5])
    wide = hat_matrix(np.array([2.0]), 6, width=2.0)
    assert wide[0] == pytest.approx(np.array([0, 1, 2, 1, 0, 0]) / 4)
