"""Laws of the transfers between grids."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from anatwin.ops.multigrid import prolonged, restricted

NODES = st.sampled_from([(2, 5, 8), (2, 6, 9), (3, 4, 7, 6), (3, 5, 8, 9)])


@settings(max_examples=8, deadline=None)
@given(NODES, st.integers(0, 9))
def test_gathering_is_the_transpose_of_interpolating(shape, seed):
    rng = np.random.default_rng(seed)
    fine = rng.standard_normal(shape)
    gathered = restricted(fine)
    coarse = rng.standard_normal(gathered.shape)
    np.testing.assert_allclose(np.vdot(gathered, coarse), np.vdot(fine, prolonged(coarse, shape)))


@pytest.mark.parametrize("shape", [(2, 9, 6), (3, 5, 4, 7)])
def test_interpolating_keeps_what_is_linear(shape):
    nodes = [n // 2 + 1 for n in shape[1:]]
    places = np.stack(np.meshgrid(*(2.0 * np.arange(n) for n in nodes), indexing="ij"))
    fine = np.stack(np.meshgrid(*(np.arange(float(n)) for n in shape[1:]), indexing="ij"))
    np.testing.assert_allclose(prolonged(places, shape), fine)
