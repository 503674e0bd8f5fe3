import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.patches import (
    blend_windows,
    gaussian,
    row_slabs,
    triangle,
    window_ramps,
    window_starts,
)

PLANS = st.tuples(st.integers(1, 200), st.integers(2, 64)).flatmap(
    lambda t: st.tuples(st.just(t[0]), st.just(t[1]), st.integers(0, t[1] // 2))
)


@settings(deadline=None)
@given(PLANS)
def test_windows_cover_the_length_and_overlap_enough(plan):
    length, window, overlap = plan
    starts = window_starts(length, window, overlap)
    assert starts[0] == 0
    assert starts[-1] == max(0, length - window)
    steps = np.diff(starts)
    assert (steps > 0).all()
    assert (steps <= window - overlap).all()


@settings(deadline=None)
@given(PLANS, st.sampled_from([triangle, gaussian]))
def test_ramps_sum_to_one(plan, profile):
    length, window, overlap = plan
    starts = window_starts(length, window, overlap)
    total = np.zeros(max(length, window))
    for start, ramp in zip(
        starts, window_ramps(length, window, starts, profile=profile), strict=True
    ):
        assert (ramp > 0).all()
        total[start : start + window] += ramp
    np.testing.assert_allclose(total, 1, rtol=1e-6)


@pytest.mark.parametrize("overlap", [0, 3, 8])
def test_pointwise_probabilities_are_blended_back(overlap):
    image = np.random.default_rng(3).random((37, 29, 43), np.float32)
    slabs = blend_windows(
        image, lambda part: np.stack([part, 1 - part, part**2]), (16, 20, 24), overlap=overlap
    )
    pieces = [(start, slab.copy()) for start, slab in slabs]
    ends = np.cumsum([slab.shape[1] for _, slab in pieces])
    assert [start for start, _ in pieces] == [0, *ends[:-1]]
    scores = np.concatenate([slab for _, slab in pieces], axis=1)
    np.testing.assert_allclose(scores, np.stack([image, 1 - image, image**2]), atol=5e-4)
    assert scores.max() <= 1


def test_window_centres_count_more_than_their_edges():
    image = np.zeros((24, 8, 8), np.float32)
    calls = iter(range(2))

    def nth(part):
        return np.full((1, *part.shape), next(calls), np.float32)

    line = np.concatenate(
        [s[0, :, 4, 4].copy() for _, s in blend_windows(image, nth, (16, 8, 8), overlap=8)]
    )
    assert (line[:8] == 0).all()
    np.testing.assert_allclose(line[16:], 1, atol=1e-4)
    assert (np.diff(line) >= 0).all()


def test_channels_go_to_the_network_together_and_axes_overlap_as_told():
    image = np.random.default_rng(4).random((2, 21, 18, 25), np.float32) / 2
    shapes = set()

    def add(part):
        shapes.add(part.shape)
        return part.sum(axis=0, keepdims=True)

    slabs = blend_windows(image, add, (8, 10, 12), overlap=(4, 2, 0), profile=gaussian)
    scores = np.concatenate([slab.copy() for _, slab in slabs], axis=1)
    np.testing.assert_allclose(scores[0], image.sum(axis=0), atol=5e-4)
    assert shapes == {(2, 8, 10, 12)}


@given(length=st.integers(0, 90), width=st.integers(1, 40))
def test_slabs_of_rows_cover_all_once(length, width):
    slabs = row_slabs(length, width)
    rows = [row for slab in slabs for row in range(length)[slab]]
    assert rows == list(range(length))
    assert all(0 < slab.stop - slab.start <= width for slab in slabs)


def test_memory_holds_two_bytes_a_probability_of_one_window_s_thickness():
    n_classes, window, across = 16, 64, 128
    image = np.zeros((2 * across, across, across), np.float32)

    def unsure(part):
        return np.full((n_classes, *part.shape), 1 / n_classes, np.float32)

    tracemalloc.start()
    for _, slab in blend_windows(image, unsure, (window,) * 3, overlap=16):
        assert abs(slab - 1 / n_classes).max() < 5e-4
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    slab_bytes = n_classes * window * across**2 * 2
    window_bytes = n_classes * window**3 * 4
    assert peak < slab_bytes + 2 * window_bytes
