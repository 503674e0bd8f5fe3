import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.fourier import fft, ifft
from anatwin.testing.laws import assert_inverse, assert_isometry, assert_linear, random_complex

sides = st.integers(1, 13)
shapes = st.tuples(sides, sides, sides)
some_axes = st.sampled_from([(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])


@settings(deadline=None, max_examples=40)
@given(shape=shapes, axes=some_axes)
def test_is_a_unitary_map(shape, axes):
    assert_isometry(lambda x: fft(x, axes), shape)
    assert_linear(lambda x: fft(x, axes), shape)
    assert_inverse(lambda x: fft(x, axes), lambda y: ifft(y, axes), shape)


@settings(deadline=None, max_examples=20)
@given(n=st.integers(1, 17))
def test_is_the_sum_that_defines_it(n):
    x = random_complex((n,), 3)
    index = np.arange(n) - n // 2
    matrix = np.exp(-2j * np.pi * np.outer(index, index) / n) / np.sqrt(n)
    np.testing.assert_allclose(fft(x, (0,)), matrix @ x, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128, np.float32, np.float64])
def test_keeps_the_precision(dtype):
    x = np.ones((4, 7), dtype)
    assert fft(x, (0, 1)).dtype == np.result_type(dtype, np.complex64)
    assert ifft(x, (1,)).dtype == np.result_type(dtype, np.complex64)


def test_leaves_its_input_alone():
    x = random_complex((6, 5), 0)
    before = x.copy()
    fft(x, (0, 1))
    ifft(x, (1,))
    np.testing.assert_array_equal(x, before)


def test_a_point_in_the_middle_has_a_flat_spectrum():
    x = np.zeros((8, 5), np.complex64)
    x[4, 2] = 1
    np.testing.assert_allclose(fft(x, (0, 1)), np.full((8, 5), 1 / np.sqrt(40)), atol=1e-7)


def test_threads_change_nothing():
    x = random_complex((3, 32, 20), 1)
    np.testing.assert_array_equal(fft(x, (1, 2), workers=2), fft(x, (1, 2)))
