"""A prior that names few of many classes at each place, and what evidence makes of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.sparse_prior import N_LEVELS, believed, sampled

N_CLASSES, N_TISSUES, SHAPE = 7, 4, (3, 4, 5)


def prior(rng):
    """Return two classes a voxel, which share all of it."""
    classes = np.stack(
        [rng.permuted(np.tile(np.arange(N_CLASSES), (60, 1)), axis=1)[:, :2]]
    ).reshape(*SHAPE, 2)
    first = rng.integers(128, 255, SHAPE)
    return classes.astype(np.uint8), np.stack([first, 255 - first], axis=-1).astype(np.uint8)


def dense(classes, shares):
    full = np.zeros((N_CLASSES, *SHAPE))
    for index in range(N_CLASSES):
        full[index] = np.where(classes == index, shares / 255, 0).sum(axis=-1)
    return full


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=10)
def test_sampled_is_what_a_voxel_holds_and_linear_in_between(seed):
    rng = np.random.default_rng(seed)
    classes, shares = prior(rng)
    full = dense(classes, shares)
    at = np.array([[1, 2, 3], [1, 2.5, 3], [0.25, 2, 3]]).T
    found = sampled(classes, shares, at, np.arange(N_CLASSES), N_CLASSES)
    between = [
        full[:, 1, 2, 3],
        (full[:, 1, 2, 3] + full[:, 1, 3, 3]) / 2,
        0.75 * full[:, 0, 2, 3] + 0.25 * full[:, 1, 2, 3],
    ]
    assert np.abs(found.T - between).max() < 1e-5


def test_channels_are_sums_and_beyond_the_ends_it_goes_on():
    rng = np.random.default_rng(0)
    classes, shares = prior(rng)
    at = np.array([[-9.0, 9, 9], [2, 3, 4]]).T
    channel = np.array([0, 1, 0, 1, 0, 1, 0])
    found = sampled(classes, shares, at, channel, 2)
    full = dense(classes, shares)[:, [0, 2], [3, 3], [4, 4]]
    assert found[0] == pytest.approx(full[0::2].sum(axis=0), abs=5e-3)
    assert found.sum(axis=0) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("threads", [1, 3])
def test_believed_is_bayes_rule(threads):
    rng = np.random.default_rng(1)
    classes, shares = prior(rng)
    n = 50
    at = rng.uniform(0, 1, (3, n)) * (np.array(SHAPE) - 1.01)[:, None]
    levels = rng.integers(0, N_LEVELS, (5, n)).astype(np.uint8)
    name_of = np.stack([rng.integers(0, 3, N_CLASSES), rng.integers(3, 5, N_CLASSES)])
    weights = rng.uniform(0.1, 1, (2, N_LEVELS)).astype(np.float32)
    grey = rng.integers(0, N_LEVELS, n).astype(np.uint8)
    look = rng.uniform(0.1, 1, (N_LEVELS, N_TISSUES)).astype(np.float32)
    tissue_of = rng.integers(0, N_TISSUES, N_CLASSES)
    floor = rng.uniform(0, 0.1, N_CLASSES)
    found, counts = believed(
        (classes, shares, floor), at, (levels, name_of, weights), (grey, look, tissue_of),
        np.arange(N_CLASSES), threads=threads,
    )  # fmt: skip
    weight = sampled(classes, shares, at, np.arange(N_CLASSES), N_CLASSES) + floor[:, None]
    for names, table in zip(name_of, weights, strict=True):
        weight *= table[levels[names]]
    weight *= look[grey][:, tissue_of].T
    weight /= weight.sum(axis=0)
    assert found == pytest.approx(weight, abs=1e-5)
    assert counts.sum() == pytest.approx(n, rel=1e-4)
    tissue = [counts[:, t].sum() for t in range(N_TISSUES)]
    assert tissue == pytest.approx(
        [weight[tissue_of == t].sum() for t in range(N_TISSUES)], rel=1e-4
    )
