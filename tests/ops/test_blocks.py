import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import GeometryError
from anatwin.ops.blocks import (
    block_edges,
    block_mean,
    block_means,
    fill_blocks,
    shares_kept,
    spread,
    spread_inside,
)
from anatwin.ops.threshold import otsu_threshold

shapes = st.sampled_from([(6, 9), (4, 7, 1), (3, 4, 5)])


@settings(deadline=None, max_examples=20)
@given(shapes, st.integers(2, 4), st.integers(0, 10**6))
def test_spreading_and_averaging_undo_one_another(shape, factor, seed):
    coarse = np.random.default_rng(seed).random(shape)
    fine = spread(coarse, factor)
    edges = block_edges(shape, factor)
    assert fine.shape == tuple(n * edge for n, edge in zip(shape, edges, strict=True))
    assert block_mean(fine, factor) == pytest.approx(coarse)


@settings(deadline=None, max_examples=20)
@given(shapes, st.integers(0, 10**6))
def test_blocks_are_filled_as_far_as_asked_and_best_first(shape, seed):
    rng = np.random.default_rng(seed)
    density = rng.random(shape)
    score = rng.random([n * edge for n, edge in zip(shape, block_edges(shape, 5), strict=True)])
    bone = fill_blocks(score, density)
    size = score.size / density.size
    assert np.abs(block_mean(bone, 5) - density).max() <= 1 / size + 1e-9
    assert np.abs(block_mean(bone, 5).sum(axis=-1) - density.sum(axis=-1)).max() < 1 / size
    low = spread(block_mean(np.where(bone, 0, score), 5) * 0, 5) + np.where(bone, score, np.inf)
    block = (0,) * len(shape)
    first = tuple(slice(0, edge) for edge in block_edges(shape, 5))
    assert density[block] >= 0
    assert np.where(bone, -np.inf, score)[first].max() <= low[first].min()


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10**6))
def test_mass_stays_inside_where_there_is_room(seed):
    rng = np.random.default_rng(seed)
    inside = spread(rng.random((5, 7)) < 0.8, 4) & (rng.random((20, 28)) < 0.7)
    density = np.minimum(rng.random((5, 7)), block_mean(inside, 4))
    fine = spread_inside(density, inside)
    assert block_mean(fine, 4) == pytest.approx(density)
    assert not fine[~inside].any()


def test_volumes_that_end_inside_a_block_go_on_as_their_edge():
    values = np.random.default_rng(0).random((5, 6, 4), np.float32)
    means = block_means(values, 2)
    assert means.shape == (3, 3, 2)
    assert means[0, 1, 1] == pytest.approx(values[:2, 2:4, 2:].mean(), rel=1e-6)
    assert means[2, 0, 0] == pytest.approx(values[4, :2, :2].mean(), rel=1e-6)


def test_parts_of_blocks_are_refused():
    with pytest.raises(GeometryError, match="whole blocks"):
        block_mean(np.zeros((7, 9)), 3)


@settings(deadline=None, max_examples=20)
@given(st.floats(0.1, 0.9), st.floats(-50, 50), st.floats(1, 40))
def test_otsu_parts_two_heaps(share, low, gap):
    rng = np.random.default_rng(0)
    values = np.where(rng.random((40, 41)) < share, low, low + gap)
    level = otsu_threshold(values + 0.05 * gap * rng.standard_normal(values.shape))
    assert low + 0.1 * gap < level < low + 0.9 * gap


def test_otsu_agrees_with_the_peer():
    from skimage.filters import threshold_otsu

    values = np.random.default_rng(1).gamma(2, 30, (30, 31, 32))
    step = np.ptp(values) / 256
    assert otsu_threshold(values) == pytest.approx(threshold_otsu(values), abs=step)


@settings(deadline=None, max_examples=20)
@given(shapes, st.integers(0, 10**6))
def test_logits_are_moved_until_every_share_is_kept(shape, seed):
    rng = np.random.default_rng(seed)
    fine = [n * edge for n, edge in zip(shape, block_edges(shape, 5), strict=True)]
    score, inside = 4 * rng.standard_normal(fine), rng.random(fine) < 0.7
    share, room = rng.random(shape), block_mean(inside, 5)
    found = shares_kept(score, share, inside)
    assert block_mean(found, 5) == pytest.approx(np.minimum(share, room), abs=1e-5)
    assert not found[~inside].any()
    most, least = fill_blocks(np.where(inside, found, -1), share * 0.5), inside & (found == 0)
    assert not (most & least).any()
