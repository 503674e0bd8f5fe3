import os
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from anatwin.core import Grid, InputError, KSpace, UsageError
from anatwin.ops.fourier import fft
from anatwin.phantoms import head_ellipsoids
from anatwin.phantoms.coils import coil_ring
from anatwin.reconstruct import RootSumOfSquares
from anatwin.reconstruct.grappa import Grappa
from anatwin.testing.laws import random_complex
from anatwin.testing.suites import ReconstructorSuite, relative_error

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
FILE = DATA / "kspace/brain_8ch_coil_images.mat"


class TestGrappa(ReconstructorSuite):
    method = Grappa()
    error: ClassVar[float] = 0.03
    is_complex: ClassVar[bool] = False


def scan_of(images):
    """Return fully sampled synthetic k-space of coil images ``coil i j``."""
    grid = Grid.isotropic((*images.shape[1:], 1), 1.0)
    data = fft(images, (1, 2)).astype(np.complex64)[..., None]
    return KSpace(data, np.ones((1, 1, 1), bool), grid, 0, 2, "synthetic")


def equispaced(full, factor):
    """Return a scan of every so manieth line and 24 in the middle."""
    n = full.grid.shape[1]
    mask = np.arange(n) % factor == 0
    mask[n // 2 - 12 : n // 2 + 12] = True
    mask = mask.reshape(1, n, 1)
    return replace(full, data=full.data * mask, mask=mask)


def gain_db(full, factor):
    """Return how much smaller the error is than that of the zero-filled image."""
    truth, scan = RootSumOfSquares()(full).data, equispaced(full, factor)
    errors = [relative_error(m(scan).data, truth) for m in (RootSumOfSquares(), Grappa())]
    return 20 * np.log10(errors[0] / errors[1])


@pytest.fixture(scope="module")
def ellipsoids():
    """Return the head of ellipsoids as eight loops around it see it, with noise of 0.5 %."""
    grid = Grid.centred((176, 208, 1), (1.3, 1.2, 4.0))
    images = (
        head_ellipsoids().image(grid, samples=2).data[..., 0] * coil_ring(grid, 8).maps()[..., 0]
    )
    full = scan_of(images)
    noise = 0.005 * np.abs(images).max() * random_complex(full.data.shape, 0)
    return replace(full, data=(full.data + noise).astype(np.complex64))


@pytest.mark.parametrize(("factor", "margin"), [(2, 15), (3, 12), (4, 3)])
def test_beats_zero_filling_on_ellipsoids(ellipsoids, factor, margin):
    assert gain_db(ellipsoids, factor) > margin


@pytest.mark.skipif(not FILE.exists(), reason=f"no {FILE}")
@pytest.mark.parametrize(("factor", "margin"), [(2, 12), (3, 11), (4, 7)])
def test_beats_zero_filling_on_real_coil_images(factor, margin):
    from scipy.io import loadmat

    images = np.moveaxis(loadmat(FILE)["data"], -1, 0)
    assert gain_db(scan_of(images), factor) > margin


def test_gaps_along_both_axes(ellipsoids):
    mask = np.zeros(ellipsoids.grid.shape, bool)
    mask[::2, ::2] = True
    mask[88 - 12 : 88 + 12, 104 - 12 : 104 + 12] = True
    scan = replace(ellipsoids, data=ellipsoids.data * mask, mask=mask)
    truth = RootSumOfSquares()(ellipsoids).data
    errors = [relative_error(m(scan).data, truth) for m in (RootSumOfSquares(), Grappa())]
    assert errors[1] < 0.2 * errors[0]


def test_a_complete_scan_is_its_own_image(ellipsoids):
    image = Grappa()(ellipsoids).data
    np.testing.assert_array_equal(image, RootSumOfSquares()(ellipsoids).data)


def test_says_what_to_do_when_the_middle_was_not_measured(ellipsoids):
    scan = equispaced(ellipsoids, 3)
    mask = scan.mask & (np.arange(208) % 3 == 0).reshape(1, -1, 1)
    with pytest.raises(InputError, match=r"8 samples or more, got 1 x 1; use RootSumOfSquares"):
        Grappa()(replace(scan, data=scan.data * mask, mask=mask))


@pytest.mark.parametrize(
    "option", [{"neighbours": 0}, {"kernel": 4}, {"calibration": 7}, {"regularisation": -1.0}]
)
def test_refuses_impossible_options(option):
    with pytest.raises(UsageError, match=rf"Grappa\.{next(iter(option))}"):
        Grappa(**option)
