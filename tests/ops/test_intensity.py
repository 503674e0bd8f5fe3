import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.intensity import percentile_bounds, rescale


def scaled_by_itself(image):
    return rescale(image, percentile_bounds(image))


class TestRescale:
    @settings(deadline=None, max_examples=20)
    @given(seed=st.integers(0, 99), gain=st.floats(0.01, 1000.0), offset=st.floats(0.5, 50.0))
    def test_gain_and_offset_of_a_scan_without_zeros_do_not_matter(self, seed, gain, offset):
        image = np.random.default_rng(seed).random((7, 8, 9)) + 0.5
        ours = scaled_by_itself(gain * (image + offset))
        assert np.allclose(ours, scaled_by_itself(image), atol=2e-3)

    def test_result_runs_from_zero_to_one_in_single_precision(self):
        scaled = scaled_by_itself(np.random.default_rng(1).normal(100, 20, (11, 12, 13)))
        assert scaled.dtype == np.float32
        assert scaled.min() == 0
        assert scaled.max() == 1

    def test_zeros_are_not_foreground(self):
        inner = np.random.default_rng(2).random((6, 7, 8)) + 1
        padded = np.pad(inner, 20)
        assert np.allclose(scaled_by_itself(padded)[20:-20, 20:-20, 20:-20],
                           scaled_by_itself(inner))  # fmt: skip
        assert scaled_by_itself(padded)[0, 0, 0] == 0

    def test_outliers_are_clipped(self):
        image = np.random.default_rng(3).random(5000)
        image[0] = 1e9
        scaled = scaled_by_itself(image)
        assert scaled[0] == 1
        assert 0.4 < scaled.mean() < 0.6

    @pytest.mark.parametrize("value", [0.0, 3.0])
    def test_no_contrast_is_all_zeros(self, value):
        assert not scaled_by_itself(np.full((3, 4, 5), value)).any()

    def test_voxels_that_are_not_finite_count_as_zero(self):
        image = np.random.default_rng(4).random((4, 5, 6)) + 1
        image[0, 0, 0], image[1, 1, 1] = np.nan, np.inf
        scaled = scaled_by_itself(image)
        assert np.isfinite(scaled).all()
        assert scaled[0, 0, 0] == scaled[1, 1, 1] == 0
