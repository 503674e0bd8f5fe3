"""Raw eight-channel samples of a brain, 87.6 % of them never measured."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from anatwin.core import Grid, KSpace
from anatwin.ops.fourier import fft
from anatwin.reconstruct import Espirit, RootSumOfSquares, Sense, Wavelet, ZeroFilled
from anatwin.reconstruct.planes import Plane

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
FILE = DATA / "kspace/brain_8ch_poisson.npy"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"no {FILE}")


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Keep the linear algebra library's threads from waiting for one another on busy cores."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(scope="module")
def scan():
    samples = np.load(FILE).astype(np.complex64)[..., None]
    mask = np.abs(samples).sum(axis=0) > 0
    grid = Grid.isotropic(samples.shape[1:], 1.0)
    return KSpace(samples, mask, grid, readout_axis=0, slice_axis=2)


@pytest.fixture(scope="module")
def images(scan):
    methods = (RootSumOfSquares(), ZeroFilled(), Sense(), Wavelet())
    return {type(m).__name__: m(scan).magnitude().data[..., 0] for m in methods}


def test_wavelet_leaves_neither_noise_nor_lost_edges(images):
    """Air is dark and white matter is smooth, while the edge of the ventricle stays sharp."""
    wavelet, sense, zero_filled = (images[n] for n in ("Wavelet", "Sense", "ZeroFilled"))
    tissue = np.median(wavelet[wavelet > 0.3 * np.percentile(wavelet, 99)])
    assert wavelet[222:].mean() < 0.02 * tissue
    flat = np.s_[45:55, 65:75]  # white matter
    assert wavelet[flat].std() < 0.6 * sense[flat].std()
    slopes = [np.percentile(np.abs(np.diff(image, axis=1)), 98) for image in (wavelet, zero_filled)]
    assert slopes[0] > 1.3 * slopes[1]


def test_the_methods_agree_on_the_brightness(images):
    for image in images.values():
        assert np.linalg.norm(image) == pytest.approx(np.linalg.norm(images["Sense"]), rel=0.2)


def test_wavelet_predicts_samples_that_it_was_not_shown(scan):
    """Every tenth sample outside the centre is hidden; the image must tell what it was."""
    rng = np.random.default_rng(0)
    hidden = scan.mask & (rng.random(scan.mask.shape) < 0.1)
    hidden[100:130, 75:105] = False
    maps = Espirit().maps(Plane(scan.data[..., 0], scan.mask[..., 0]))
    shown = replace(scan, data=scan.data * ~hidden, mask=scan.mask & ~hidden, coils=maps[..., None])
    left_out = {}
    for method in (ZeroFilled(), Sense(), Wavelet()):
        predicted = fft(maps * method(shown).data[..., 0], (1, 2))
        residual = (predicted - scan.data[..., 0]) * hidden[..., 0]
        left_out[type(method).__name__] = np.linalg.norm(residual)
    assert left_out["Wavelet"] < min(left_out["Sense"], left_out["ZeroFilled"])
