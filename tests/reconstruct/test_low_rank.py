from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from anatwin.core import Grid, UsageError
from anatwin.ops.fourier import fft
from anatwin.phantoms import FourierCoils, head_ellipsoids
from anatwin.reconstruct import RootSumOfSquares, ZeroFilled
from anatwin.reconstruct.low_rank import LowRank
from anatwin.testing.suites import ReconstructorSuite, relative_error


class TestLowRank(ReconstructorSuite):
    method = LowRank()
    error: ClassVar[float] = 0.05


def head(coils):
    grid = Grid.centred((70, 64, 1), (3.2, 4.0, 5.0))
    return head_ellipsoids().kspace(grid, slice_axis=2, **({"coils": coils} if coils else {}))


def thinned(full, mask):
    return replace(full, data=full.data * mask, mask=mask, coils=None)


def test_needs_no_sampled_centre_and_beats_zero_filling_by_eight_decibels():
    """A third of all points, none of them chosen for calibration."""
    ring = FourierCoils.ring(6, 420.0)
    full = head(ring)
    radius = np.hypot(*np.meshgrid(np.linspace(-1, 1, 70), np.linspace(-1, 1, 64), indexing="ij"))
    chance = np.clip(1 - radius, 0.15, 0.8)[..., None]
    scan = thinned(full, np.random.default_rng(1).random((70, 64, 1)) < chance)
    truth = RootSumOfSquares()(replace(full, coils=None)).data
    found = relative_error(LowRank()(scan).magnitude().data, truth)
    zeros = relative_error(RootSumOfSquares()(scan).data, truth)
    assert 20 * np.log10(zeros / found) > 8


def test_a_smooth_phase_completes_half_of_a_single_coil_scan():
    full = replace(head(None), coils=None)
    mask = np.zeros((1, 64, 1), bool)
    mask[:, :38] = True
    scan = thinned(full, mask)
    truth = RootSumOfSquares()(full).data
    with_phase, without, zeros = (
        relative_error(method(scan).magnitude().data, truth)
        for method in (LowRank(), LowRank(smooth_phase=False), ZeroFilled())
    )
    assert with_phase < 0.6 * min(without, zeros)


def test_measured_samples_of_a_single_coil_stay():
    full = replace(head(None), coils=None)
    mask = np.random.default_rng(3).random((70, 64, 1)) < 0.6
    scan = thinned(full, mask)
    found = fft(LowRank(iterations=4)(scan).data[..., 0], (0, 1))
    np.testing.assert_allclose(found * mask[..., 0], scan.data[0, ..., 0], atol=1e-4)


def test_given_maps_combine_the_coil_images():
    full = head(FourierCoils.ring(4, 420.0))
    mask = np.ones((1, 64, 1), bool)
    mask[:, 1::4] = False
    scan = replace(full, data=full.data * mask, mask=mask)
    power = np.sqrt((np.abs(full.coils) ** 2).sum(axis=0))
    truth = RootSumOfSquares()(full).data / power
    assert relative_error(LowRank()(scan).magnitude().data, truth) < 0.06


def test_an_empty_slice_is_dark():
    full = head(FourierCoils.ring(4, 420.0))
    data = np.concatenate([full.data, 0 * full.data], axis=3)
    grid = Grid.centred((70, 64, 2), (3.2, 4.0, 5.0))
    image = LowRank(iterations=2)(replace(full, data=data, grid=grid, coils=None)).data
    assert not image[..., 1].any()
    assert image[..., 0].any()


@pytest.mark.parametrize(
    "options", [{"kernel": 1}, {"threshold": 0.0}, {"iterations": 0}, {"energy": 1.1}]
)
def test_refuses_impossible_options(options):
    with pytest.raises(UsageError, match=f"LowRank.{next(iter(options))}"):
        LowRank(**options)
