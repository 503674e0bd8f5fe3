import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import InputError
from anatwin.ops.fourier import fft, ifft
from anatwin.ops.partial_fourier import half_scan, in_phase, middle_window, unit_phase
from anatwin.testing.laws import random_complex


def lines(n, measured, axis):
    mask = np.zeros(n, bool)
    mask[measured] = True
    return mask.reshape((n, 1) if axis == 0 else (1, n))


@settings(deadline=None, max_examples=40)
@given(n=st.integers(16, 41), missing=st.integers(1, 3), axis=st.integers(0, 1))
def test_finds_the_end_that_is_missing(n, missing, axis):
    high = half_scan(lines(n, slice(missing, None), axis))
    low = half_scan(lines(n, slice(0, n - missing), axis))
    assert (high.axis, high.side, high.beyond) == (axis, 1, n // 2 - missing)
    assert (low.axis, low.side, low.beyond) == (axis, -1, n - missing - 1 - n // 2)


@settings(deadline=None, max_examples=40)
@given(n=st.integers(16, 41), missing=st.integers(1, 3), side=st.sampled_from([-1, 1]))
def test_a_line_and_its_mirror_image_count_two(n, missing, side):
    measured = slice(missing, None) if side > 0 else slice(0, n - missing)
    mask = lines(n, measured, 1)
    weights = half_scan(mask).weights()
    offset = np.arange(1 - n // 2, (n + 1) // 2)
    pairs = weights[0, n // 2 + offset] + weights[0, n // 2 - offset]
    np.testing.assert_allclose(pairs[np.abs(offset) < n // 2], 2)
    assert not weights[~mask].any()


@settings(deadline=None, max_examples=20)
@given(rows=st.integers(9, 20), columns=st.integers(21, 34), seed=st.integers(0, 100))
def test_weighted_half_of_a_real_image_is_the_image(rows, columns, seed):
    """The real part of the weighted half is exact where every line has its mirror image."""
    image = random_complex((rows, columns), seed).real.astype(complex)
    samples = fft(image, (0, 1))
    if columns % 2 == 0:
        samples[:, 0] = 0  # the highest frequency of an even axis has no mirror image
    expected = ifft(samples, (0, 1)).real
    half = half_scan(lines(columns, slice(5, None), 1))
    found = ifft(samples * half.weights(), (0, 1)).real
    if rows % 2 == 0:
        samples[0] = 0
        expected, found = (fft(x, (0,))[1:] for x in (expected, found))
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_a_complete_scan_has_no_missing_half():
    assert half_scan(np.ones((1, 1), bool)) is None
    assert half_scan(np.ones((1, 20), bool)) is None


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (lines(32, slice(0, None, 2), 1), "16 of 32 lines with gaps"),
        (lines(32, slice(4, 28), 0), "24 of 32 lines with gaps"),
        (lines(32, slice(14, None), 0), "lines 14 to 31 of 32"),
        (lines(32, slice(0, 18), 1), "lines 0 to 17 of 32"),
        (np.tril(np.ones((9, 9), bool)), "gaps along both axes"),
    ],
)
def test_says_what_is_not_partial_fourier(mask, reason):
    with pytest.raises(InputError, match=reason):
        half_scan(mask)


def test_block_is_symmetric_and_its_window_smooth():
    half = half_scan(lines(40, slice(12, None), 1))
    block = half.block((30, 40))
    assert block == (slice(0, 30), slice(12, 29))
    window = middle_window((30, 40), block)
    assert window.shape == (30, 40)
    np.testing.assert_allclose(window[0], window[17])
    np.testing.assert_allclose(window[0, 12:29], window[0, 12:29][::-1])
    assert window[0, 20] == 1
    assert 0 < window[0, 12] < 0.1
    assert not window[:, :12].any()


def test_in_phase_is_the_nearest_image_with_that_phase():
    image, phase = random_complex((7, 5), 0), unit_phase(random_complex((7, 5), 1))
    found = in_phase(image, phase)
    np.testing.assert_allclose((found / phase).imag, 0, atol=1e-12)
    np.testing.assert_allclose((((image - found) / phase).real), 0, atol=1e-12)
    np.testing.assert_allclose(in_phase(found, phase), found)


def test_unit_phase_of_nothing_is_one():
    phase = unit_phase(np.array([[0, 2j, -3, 1e-30]], np.complex64))
    np.testing.assert_allclose(phase, [[1, 1j, -1, 1]], rtol=1e-6)
    assert phase.dtype == np.complex64
