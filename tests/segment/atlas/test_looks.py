"""What tissues look like."""

import numpy as np
import pytest

from anatwin.ops.sparse_prior import N_LEVELS
from anatwin.segment.atlas.looks import GREYS, TOP, looks

RARE = 1e-3
NEITHER = np.zeros(2, bool)


def histogram(values):
    return np.histogram(values, N_LEVELS, (0 - TOP / 510, TOP + TOP / 510))[0].astype(float)


def test_one_and_two_gaussians_are_found():
    rng = np.random.default_rng(0)
    single = rng.normal(0.4, 0.05, 9000)
    double = np.r_[rng.normal(0.3, 0.04, 6000), rng.normal(0.8, 0.06, 3000)]
    counts = np.stack([histogram(single), histogram(double), np.zeros(N_LEVELS)])
    mixed = np.array([False, True, False])
    found = looks(counts, mixed, mixed & False, None)
    for _ in range(5):
        found = looks(counts, mixed, mixed & False, found)
    assert found.mean[0] == pytest.approx(0.4, abs=0.005)
    assert found.mean[1] == pytest.approx([0.3, 0.8], abs=0.01)
    assert found.share[1] == pytest.approx([2 / 3, 1 / 3], abs=0.02)
    assert np.sqrt(found.variance[1]) == pytest.approx([0.04, 0.06], abs=0.01)
    mean, variance = found.moments()
    assert mean[1] == pytest.approx(double.mean(), abs=0.01)
    assert variance[1] == pytest.approx(double.var(), rel=0.05)


def test_a_tissue_that_is_not_there_looks_like_everything_or_as_before():
    counts = np.stack([histogram(np.full(100, 0.5)), histogram(np.full(100, 0.9))])
    first = looks(counts, NEITHER, NEITHER, None)
    counts[1] = 0
    assert looks(counts, NEITHER, NEITHER, first).mean[1] == pytest.approx(0.9, abs=0.01)
    assert looks(counts, NEITHER, NEITHER, None).mean[1] == pytest.approx(0.5, abs=0.01)


def test_the_likeliest_tissue_of_a_grey_value_is_the_nearest():
    rng = np.random.default_rng(0)
    counts = np.stack([histogram(rng.normal(grey, 0.08, 2000)) for grey in (0.2, 0.7)])
    table = looks(counts, NEITHER, NEITHER, None).table(np.zeros(1), RARE)
    clear = (np.abs(GREYS - 0.45) > 0.02) & (np.abs(GREYS - 0.45) < 0.2)
    assert (table.argmax(axis=1) == (GREYS > 0.45))[clear].all()
    assert (table > 0).all()


def test_plain_tissues_have_one_spread_and_part_half_way():
    rng = np.random.default_rng(0)
    counts = np.stack(
        [histogram(rng.normal(*look, 4000)) for look in ((0.3, 0.15), (0.7, 0.05), (1.2, 0.02))]
    )
    nothing = np.zeros(3, bool)
    own = looks(counts, nothing, nothing, None)
    assert np.sqrt(own.variance[:, 0]) == pytest.approx([0.15, 0.05, 0.02], abs=0.01)
    one = looks(counts, nothing, np.array([True, True, False]), None)
    assert one.variance[0, 0] == one.variance[1, 0] > own.variance[1, 0]
    assert one.variance[2] == pytest.approx(own.variance[2])
    table = one.table(np.zeros(1), RARE)[:, :2]
    clear = np.abs(GREYS - 0.5) < 0.15
    assert (table.argmax(axis=1) == (GREYS > 0.5))[clear].mean() > 0.97


def test_a_voxel_that_may_be_mixed_says_less_and_as_much_of_both_sides():
    counts = np.stack([histogram(np.full(100, grey)) for grey in (0.4, 0.6)])
    even, uneven = (
        looks(counts, NEITHER, NEITHER, None)
        .table(np.array([0.0, 0.05]), RARE)
        .reshape(2, N_LEVELS, 2)
    )
    near = np.abs(GREYS - 0.4).argmin()
    assert even[near, 0] / even[near, 1] > 5 * uneven[near, 0] / uneven[near, 1] > 5


def test_what_is_far_from_every_tissue_tells_less_the_less_rare_it_may_be():
    counts = np.stack([histogram(np.full(100, grey)) for grey in (0.2, 0.5)])
    strict, mild = (
        looks(counts, NEITHER, NEITHER, None).table(np.zeros(1), r) for r in (1e-4, 0.1)
    )
    at = np.abs(GREYS - 0.5).argmin()
    assert strict[at, 1] / strict[at, 0] > 50 * mild[at, 1] / mild[at, 0] > 50
