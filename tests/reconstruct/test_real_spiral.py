"""A real eight-channel spiral scan of a resolution phantom, beside SigPy."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from anatwin.core import Grid, NonCartesian
from anatwin.io.ismrmrd import read_ismrmrd, write_ismrmrd
from anatwin.ops.central_samples import central_samples
from anatwin.ops.coils import middle_block
from anatwin.ops.density import pipe_menon_density
from anatwin.reconstruct import Automatic, Espirit, Gridding, Sense, Wavelet
from anatwin.reconstruct.planes import Plane
from anatwin.testing.suites import relative_error

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
FILE = DATA / "kspace/phantom_8ch_spiral.mat"
SHAPE = (300, 300)

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"no {FILE}")


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Keep the linear algebra library's threads from waiting for one another on busy cores."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(scope="module")
def spiral() -> NonCartesian:
    from scipy.io import loadmat

    held = loadmat(FILE)
    frequency = held["k"].T
    samples = np.ascontiguousarray(held["data"].transpose(2, 1, 0)).astype(np.complex64)
    trajectory = np.stack([frequency.real, frequency.imag], axis=-1)
    return NonCartesian(
        samples[None],
        trajectory,
        Grid.isotropic((*SHAPE, 1), 1.0),
        weights=held["w"].T,
        coils=coil_maps(samples, trajectory)[..., None],
    )


def coil_maps(samples: np.ndarray, trajectory: np.ndarray) -> np.ndarray:
    flat = samples.reshape(len(samples), -1)
    centre = central_samples(flat, trajectory.reshape(-1, 2), SHAPE, side=24)
    padded, mask = np.zeros((len(samples), *SHAPE), np.complex64), np.zeros(SHAPE, bool)
    block = middle_block(SHAPE, centre.shape[1:])
    padded[:, *block], mask[block] = centre, True
    return Espirit().maps(Plane(padded, mask))


def half_of(spiral: NonCartesian) -> NonCartesian:
    data = np.ascontiguousarray(spiral.data[:, :, ::2])
    return replace(spiral, data=data, trajectory=spiral.trajectory[::2].copy(), weights=None)


def test_half_the_spirals_show_what_all_show(spiral: NonCartesian) -> None:
    whole, half = (Sense()(s).magnitude().data for s in (spiral, half_of(spiral)))
    swirls = relative_error(Gridding()(half_of(spiral)).data, whole)
    assert relative_error(half, whole) < 0.12
    assert relative_error(half, whole) < 0.5 * swirls


def test_the_scan_comes_back_from_a_file_and_is_reconstructed(
    spiral: NonCartesian, tmp_path: Path
) -> None:
    write_ismrmrd(replace(spiral, coils=None), tmp_path / "spiral.h5")
    scan = read_ismrmrd(tmp_path / "spiral.h5")
    np.testing.assert_array_equal(scan.data, spiral.data)
    assert isinstance(Automatic().choose(scan).method, Wavelet)
    image = Gridding()(scan).data
    assert relative_error(image, Gridding()(spiral).data) < 1e-4


def test_sigpy_finds_the_same_image(spiral: NonCartesian) -> None:
    sense = pytest.importorskip("sigpy.mri.app").SenseRecon
    half = half_of(spiral)
    weights = pipe_menon_density(half.trajectory, SHAPE)
    ours = Sense(iterations=4, tolerance=0)(half).data[..., 0]
    theirs = sense(
        half.data[0],
        half.coils[..., 0],
        coord=half.trajectory * np.array(SHAPE),
        weights=weights.astype(np.float32),
        max_iter=4,
        show_pbar=False,
    ).run()
    scale = np.vdot(theirs, ours) / np.vdot(theirs, theirs)
    assert relative_error(scale * theirs, ours) < 0.01
