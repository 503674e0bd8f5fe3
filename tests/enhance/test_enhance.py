from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import Grid, InputError, UsageError, Volume
from anatwin.enhance import Bicubic, EnhanceMethod, Nearest
from anatwin.ops.blocks import block_mean
from anatwin.phantoms.coarse import coarse_scan

METHODS = get_args(EnhanceMethod)


def shares(shape, seed=0):
    data = np.random.default_rng(seed).random(shape).astype(np.float32)
    return Volume(data, Grid.isotropic(shape, 0.5))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(7, 9, 1), (3, 4, 5)])
def test_every_method_keeps_place_and_density(method, shape):
    coarse = shares(shape)
    fine = method(factor=4)(coarse)
    assert fine.grid.shape == tuple(4 * n if n > 1 else 1 for n in shape)
    assert fine.grid.at(-0.5, -0.5, 0) == pytest.approx(
        coarse.grid.at(-0.5, -0.5, 0 if shape[2] == 1 else -0.375)
    )
    assert 0 <= fine.data.min() <= fine.data.max() <= 1
    size = np.prod([4 if n > 1 else 1 for n in shape])
    assert np.abs(block_mean(fine.data, 4) - coarse.data).max() <= 1 / size + 1e-6
    assert np.array_equal(method(factor=4)(coarse).data, fine.data)


@pytest.mark.parametrize("method", METHODS)
def test_values_that_are_no_shares_and_odd_factors_are_refused(method):
    with pytest.raises(InputError, match="calibrate"):
        method()(Volume(np.full((4, 5, 1), 90.0), Grid.isotropic((4, 5, 1), 1.0)))
    with pytest.raises(UsageError, match="factor"):
        method(factor=1)


def test_bicubic_restores_a_straight_edge_that_nearest_cannot():
    i, j = np.meshgrid(np.arange(60), np.arange(80), indexing="ij")
    bone = (i + 0.6 * j < 55).astype(np.float32)[..., None]
    truth = Volume(bone, Grid.isotropic(bone.shape, 0.05))
    coarse = coarse_scan(truth, 10, noise=0)
    smooth, rough = (m(factor=10)(coarse).data > 0.5 for m in (Bicubic, Nearest))
    wrong = [np.mean(found != (bone > 0.5)) for found in (smooth, rough)]
    assert wrong[0] < 0.01 < wrong[1]


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10**6))
def test_a_coarse_scan_is_the_mean_with_the_noise_asked_for(seed):
    truth = shares((43, 61, 1), seed)
    exact, noisy = (coarse_scan(truth, 10, noise=n, seed=seed) for n in (0.0, 0.1))
    assert exact.data == pytest.approx(block_mean(truth.data[:40, :60], 10), abs=1e-6)
    assert exact.grid.spacing_mm == pytest.approx((5.0, 5.0, 0.5))
    assert 0.05 < np.std(noisy.data - exact.data) < 0.16
