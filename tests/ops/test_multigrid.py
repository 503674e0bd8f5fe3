"""Laws of the transfers between grids."""

import tracemalloc

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from anatwin.ops.elasticity import Elastic, diagonal
from anatwin.ops.multigrid import Multigrid, prolonged, restricted

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


def test_a_void_costs_no_more_memory_than_bone():
    """Nodes without material are prescribed like supports; as springs they took most of it."""
    shape = (33, 34, 35)
    full = np.full(shape, 1e6, np.float32)
    porous = full.copy()
    porous[9:] = 0
    assert _most_memory(porous) < 1.1 * _most_memory(full)


def _most_memory(modulus_kpa):
    elastic = Elastic(modulus_kpa, 0.3, (0.02, 0.02, 0.02))
    supported = diagonal(elastic) == 0
    supported[..., 0] = True
    Multigrid(elastic, supported)  # imports, and tables that are kept
    tracemalloc.start()
    try:
        Multigrid(elastic, supported)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
