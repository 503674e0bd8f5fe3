import os
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from anatwin.core import Grid, InputError, KSpace, UsageError
from anatwin.ops.fourier import fft
from anatwin.phantoms import head_ellipsoids
from anatwin.reconstruct import RootSumOfSquares, ZeroFilled
from anatwin.reconstruct.pocs import Pocs
from anatwin.testing.suites import ReconstructorSuite, known_image, known_scan, relative_error

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
FILE = DATA / "kspace/brain_8ch_coil_images.mat"


class TestPocs(ReconstructorSuite):
    """Lines left out all over k-space are not what it is for; it must do no harm."""

    method = Pocs()
    error: ClassVar[float] = 0.15


def test_one_coil_keeps_the_samples_that_it_measured():
    grid = Grid.centred((60, 72, 1), (4.0, 3.5, 5.0))
    full = head_ellipsoids().kspace(grid, slice_axis=2)
    mask = np.arange(72).reshape(1, -1, 1) < 46
    scan = replace(full, data=full.data * mask, mask=mask, coils=None)
    samples = fft(Pocs()(scan).data[None], (1, 2)) * mask
    assert relative_error(samples, scan.data) < 1e-5


def test_lines_may_be_left_out_on_top():
    scan, truth = known_scan(slice_axis=2), known_image(known_scan(slice_axis=2))
    mask = scan.mask & (np.arange(60) >= 15).reshape(1, -1, 1)
    half = replace(scan, data=scan.data * mask, mask=mask)
    methods = (ZeroFilled(), Pocs(iterations=40))
    errors = [relative_error(m(half).magnitude().data, truth) for m in methods]
    assert errors[1] < 0.6 * errors[0]


@pytest.mark.skipif(not FILE.exists(), reason=f"no {FILE}")
@pytest.mark.parametrize("share", [5 / 8, 6 / 8])
def test_beats_zero_filling_on_real_coil_images(share):
    from scipy.io import loadmat

    images = np.moveaxis(loadmat(FILE)["data"], -1, 0)
    data = fft(images, (1, 2)).astype(np.complex64)[..., None]
    mask = np.arange(256).reshape(1, -1, 1) >= 256 * (1 - share)
    grid = Grid.isotropic((256, 256, 1), 1.0)
    scan = KSpace(data * mask, mask, grid, 0, 2, "synthetic")
    full = replace(scan, data=data, mask=np.ones((1, 1, 1), bool))
    truth = RootSumOfSquares()(full).data
    head = truth > 0.1 * np.percentile(truth, 99)
    images = [m(scan).magnitude().data for m in (Pocs(), ZeroFilled())]
    errors = [relative_error(x * head, truth * head) for x in images]
    assert 20 * np.log10(errors[1] / errors[0]) > 1


def test_says_what_to_do_when_the_middle_was_not_measured():
    scan = known_scan(slice_axis=2)
    mask = np.ones((1, 60, 1), bool)
    mask[:, 27] = False
    coils = np.full(scan.data.shape, 8**-0.5, np.complex64)
    with pytest.raises(InputError, match=r"8 x 8 samples or more, got 74 x 5"):
        Pocs()(replace(scan, data=scan.data * mask, mask=mask, coils=coils))


def test_refuses_no_iterations():
    with pytest.raises(UsageError, match=r"Pocs\.iterations"):
        Pocs(iterations=0)
