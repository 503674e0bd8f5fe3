import numpy as np
import pytest
import pywt
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.wavelet import WaveletTransform, scaling_filter, spread_shift, wavelet_levels
from anatwin.testing.laws import assert_adjoint, assert_isometry, random_complex

names = st.sampled_from(["haar", "db2", "db3", "db4", "db6", "db8"])
shapes = st.tuples(st.integers(1, 45), st.integers(1, 38))
shifts = st.tuples(st.integers(0, 31), st.integers(0, 31))


@settings(deadline=None, max_examples=60)
@given(shape=shapes, name=names, levels=st.integers(1, 4), shift=shifts)
def test_adjoint_undoes_the_analysis_at_every_size(shape, name, levels, shift):
    transform = WaveletTransform(shape, name, levels)
    image = random_complex(shape, 5)
    back = transform.adjoint(transform.forward(image, shift), shift)
    np.testing.assert_allclose(back, image, atol=1e-10)
    assert_adjoint(transform, shape, transform.padded)
    assert_isometry(transform.forward, shape)


@settings(deadline=None, max_examples=20)
@given(name=names, blocks=st.tuples(st.integers(1, 5), st.integers(1, 4)))
def test_is_orthogonal_where_nothing_is_padded(name, blocks):
    shape = (blocks[0] * 8, blocks[1] * 8)
    transform = WaveletTransform(shape, name, 3)
    coefficients = random_complex(shape, 2)
    again = transform.forward(transform.adjoint(coefficients))
    np.testing.assert_allclose(again, coefficients, atol=1e-10)


@pytest.mark.filterwarnings("ignore:Level value")
@pytest.mark.parametrize("name", ["haar", "db2", "db4", "db8"])
@pytest.mark.parametrize("dtype", [np.float32, np.complex64, np.float64, np.complex128])
def test_agrees_with_pywavelets(name, dtype):
    image = random_complex((72, 40), 7)
    image = (image if np.issubdtype(dtype, np.complexfloating) else image.real).astype(dtype)
    expected, _ = pywt.coeffs_to_array(pywt.wavedec2(image, name, "periodization", level=3))
    coefficients = WaveletTransform((72, 40), name, 3).forward(image)
    assert coefficients.dtype == dtype
    np.testing.assert_allclose(coefficients, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["haar", "db2", "db3", "db4", "db6", "db8"])
def test_filter_is_daubechies(name):
    np.testing.assert_allclose(scaling_filter(name), pywt.Wavelet(name).rec_lo, atol=1e-10)


def test_shrink_is_the_proximal_map():
    transform, image, threshold = (
        WaveletTransform((32, 48), "db4", 3),
        random_complex((32, 48), 1),
        0.7,
    )
    coefficients = transform.forward(image, (3, 5))
    size = np.abs(coefficients)
    expected = coefficients * np.maximum(size - threshold, 0) / size
    expected[:4, :6] = coefficients[:4, :6]
    shrunk = transform.shrink(image, threshold, (3, 5))
    np.testing.assert_allclose(transform.forward(shrunk, (3, 5)), expected, atol=1e-12)


def test_shrink_of_a_real_image_is_real_part_of_the_complex_one():
    transform, image = WaveletTransform((30, 41), "db2", 2), random_complex((30, 41), 1).real
    expected = transform.shrink(image.astype(complex), 0.4, (1, 2))
    np.testing.assert_allclose(transform.shrink(image, 0.4, (1, 2)), expected.real, atol=1e-12)


def test_smooth_images_have_no_details():
    rows, columns = np.mgrid[:64, :80]
    image = 1.0 + 0.01 * rows - 0.02 * columns + 1e-4 * rows * columns
    details = WaveletTransform((64, 80), "db4", 1).forward(image)
    inside = details[36:60, 44:76]
    np.testing.assert_allclose(inside, 0, atol=1e-10)


def test_shifts_are_spread_over_the_whole_period():
    shifts = {spread_shift(n, 3) for n in range(200)}
    assert len(shifts) > 55
    assert {s for pair in shifts for s in pair} == set(range(8))


def test_levels_stop_before_the_image_is_tiny():
    assert [wavelet_levels((n, 600)) for n in (8, 24, 60, 230, 512)] == [1, 1, 2, 4, 5]
