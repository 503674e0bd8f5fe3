"""The same image as SigPy's from raw samples: the same coil maps and the same objective."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from anatwin.core import Grid, KSpace
from anatwin.ops.coils import typical_brightness
from anatwin.ops.linop import CoilSampling
from anatwin.ops.solve import fista
from anatwin.ops.wavelet import WaveletTransform
from anatwin.reconstruct import Espirit, Sense
from anatwin.reconstruct.planes import Plane
from anatwin.reconstruct.total_variation import TotalVariation
from anatwin.testing.suites import relative_error

sigpy = pytest.importorskip("sigpy")
mri = pytest.importorskip("sigpy.mri")
apps = pytest.importorskip("sigpy.mri.app")

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
FILE = DATA / "kspace/brain_8ch_poisson.npy"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"no {FILE}")


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Keep the linear algebra library's threads from waiting for one another on busy cores."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(scope="module")
def brain():
    """Return a scan with maps everywhere, and the samples in units of typical brightness."""
    samples = np.load(FILE).astype(np.complex64)
    mask = np.abs(samples).sum(axis=0) > 0
    rows, columns = (n // 2 for n in mask.shape)
    centre = samples[None, :, rows - 12 : rows + 12, columns - 12 : columns + 12]
    unit = np.float32(typical_brightness(centre, mask.shape))
    maps = Espirit(crop=0).maps(Plane(samples, mask))
    grid = Grid.isotropic((*mask.shape, 1), 1.0)
    scan = KSpace(samples[..., None] / unit, mask[..., None], grid, 0, 2, coils=maps[..., None])
    return SimpleNamespace(scan=scan, samples=samples / unit, mask=mask, maps=maps)


def test_sense(brain):
    theirs = apps.SenseRecon(brain.samples, brain.maps, max_iter=8, show_pbar=False).run()
    ours = Sense(iterations=8, tolerance=0)(brain.scan).data[..., 0]
    assert relative_error(ours, theirs) < 1e-4


def test_wavelet_on_a_grid_that_stays(brain):
    """Ours as shipped moves its grid from step to step, which is another objective."""
    theirs = apps.L1WaveletRecon(
        brain.samples, brain.maps, 0.007, max_iter=30, show_pbar=False
    ).run()
    sampling = CoilSampling(brain.maps, brain.mask)
    seen = sampling.adjoint(brain.samples)
    sparse = WaveletTransform(seen.shape, "db4", 4)

    def shrink(image, _):
        bands = sparse.forward(image, (3, 3))  # where SigPy has its grid
        size = np.abs(bands)
        bands *= np.maximum(size - np.float32(0.007), 0) / np.maximum(size, 1e-20)
        return sparse.adjoint(bands, (3, 3))

    ours = fista(lambda x: sampling.normal(x) - seen, shrink, seen, iterations=30, gain=1.0)
    assert relative_error(ours, theirs) < 0.005


class Length(sigpy.prox.Prox):
    """Shrinks the length of the gradient; SigPy's own app shrinks each of its directions."""

    def _prox(self, alpha, slopes):
        size = np.sqrt((np.abs(slopes) ** 2).sum(axis=0))
        return slopes * (1 - alpha * 0.004 / np.maximum(size, alpha * 0.004))


def test_total_variation(brain):
    gradient = sigpy.linop.FiniteDifference(brain.mask.shape)
    theirs = sigpy.app.LinearLeastSquares(
        mri.linop.Sense(brain.maps, weights=brain.mask.astype(np.float32)),
        brain.samples,
        proxg=Length(gradient.oshape),
        G=gradient,
        solver="ADMM",  # its primal-dual solver needs a thousand steps for what this does in 20
        rho=0.02,
        max_cg_iter=5,
        max_iter=22,
        show_pbar=False,
    ).run()
    ours = TotalVariation(strength=0.004, energy=1)(brain.scan).data[..., 0]
    assert relative_error(ours, theirs) < 0.005
