import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from anatwin.core import Grid
from anatwin.ops.coils import (
    calibration_region,
    low_resolution,
    middle_block,
    typical_brightness,
    virtual_coils,
)
from anatwin.ops.espirit import espirit_kernel, espirit_maps
from anatwin.phantoms import FourierCoils, head_ellipsoids
from anatwin.testing.laws import random_complex


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Keep the linear algebra library's threads from waiting for one another on busy cores."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(scope="module")
def scan():
    grid = Grid.centred((70, 62, 1), (3.0, 4.0, 5.0))
    return head_ellipsoids().kspace(grid, coils=FourierCoils.ring(6, 420.0), slice_axis=2)


@pytest.fixture(scope="module")
def centre(scan):
    return scan.data[:, 23:47, 19:43, 0]


@settings(deadline=None, max_examples=30)
@given(
    shape=st.tuples(st.integers(3, 30), st.integers(3, 28)),
    side=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    largest=st.integers(1, 12),
)
def test_calibration_region_is_the_sampled_block(shape, side, largest):
    mask = np.zeros(shape, bool)
    block = tuple(slice(n // 2 - min(s, n) // 2, n // 2 - min(s, n) // 2 + min(s, n))
                  for n, s in zip(shape, side, strict=True))  # fmt: skip
    mask[block] = True
    region = calibration_region(mask, largest)
    expected = [min(s, n, largest) for n, s in zip(shape, side, strict=True)]
    assert [r.stop - r.start for r in region] == expected
    assert mask[region].all()
    assert all(r.start <= n // 2 < r.stop for r, n in zip(region, shape, strict=True))


def test_calibration_region_is_empty_where_the_middle_was_not_measured():
    mask = np.ones((9, 8), bool)
    mask[4, 4] = False
    assert not mask[calibration_region(mask, 6)].any()


def test_maps_are_the_true_sensitivities(scan, centre):
    """They agree up to a phase that all coils share, wherever the object is."""
    convolution = espirit_kernel(centre, 6, 0.02)
    maps, support = espirit_maps(convolution, centre, (70, 62))
    truth = scan.coils[..., 0] / np.linalg.norm(scan.coils[..., 0], axis=0)
    agreement = np.abs((maps.conj() * truth).sum(axis=0))
    inside = np.abs(head_ellipsoids().image(scan.grid).data[..., 0]) > 0.3
    assert agreement[inside].min() > 0.999
    np.testing.assert_allclose(np.linalg.norm(maps, axis=0), 1, atol=1e-5)
    assert support[inside].min() > 0.98
    assert support.max() < 1.001
    assert maps[0][inside].real.min() > 0
    assert np.abs(maps[0].imag).max() < 1e-6


def test_maps_agree_with_sigpy(scan, centre):
    from sigpy.mri.app import EspiritCalib

    samples = scan.data[..., 0]
    maps, _ = espirit_maps(espirit_kernel(centre, 6, 0.02), centre, (70, 62))
    peer = EspiritCalib(
        samples, calib_width=24, kernel_width=6, thresh=0.02, crop=0, show_pbar=False
    )
    agreement = np.abs((maps.conj() * peer.run()).sum(axis=0))
    inside = np.abs(head_ellipsoids().image(scan.grid).data[..., 0]) > 0.3
    assert agreement[inside].min() > 0.999


def test_few_virtual_coils_hold_what_few_coils_measured():
    mixing, sources = random_complex((9, 3), 0), random_complex((3, 20, 5), 1)
    samples = np.tensordot(mixing, sources, 1)
    combine = virtual_coils(samples, 0.9999)
    assert combine.shape == (3, 9)
    np.testing.assert_allclose(combine @ combine.conj().T, np.eye(3), atol=1e-10)
    kept = np.linalg.norm(np.tensordot(combine, samples, 1))
    np.testing.assert_allclose(kept, np.linalg.norm(samples), rtol=1e-8)
    assert virtual_coils(samples, 1.0).shape[0] >= 3


def test_virtual_coils_do_not_depend_on_scale():
    samples = random_complex((5, 40), 2).astype(np.complex64)
    few = virtual_coils(samples, 0.7)
    tiny = virtual_coils(samples * np.float32(1e-30), 0.7)
    np.testing.assert_allclose(np.abs(np.sum(few * tiny.conj(), axis=1)), 1, atol=1e-5)
    np.testing.assert_array_equal(virtual_coils(0 * samples, 0.9), np.eye(5))


def test_virtual_coils_come_strongest_first():
    samples = random_complex((5, 40), 2) * np.arange(1, 6)[:, None]
    power = np.linalg.norm(np.tensordot(virtual_coils(samples, 1.0), samples, 1), axis=1)
    assert (np.diff(power) < 0).all()
    assert len(power) == 5


def test_low_resolution_has_the_brightness_of_the_image(centre):
    flat = np.zeros((1, 24, 24), np.complex64)
    flat[0, 12, 12] = 7 * np.sqrt(70 * 62)  # an image that is 7 everywhere
    image = low_resolution(flat, (70, 62))
    np.testing.assert_allclose(np.abs(image), 7, rtol=0.02)


def test_typical_brightness_is_that_of_a_uniform_object(scan):
    full = scan.data[..., 0]
    bright = typical_brightness(full[None, :, 23:47, 19:43], (70, 62))
    image = np.sqrt((np.abs(low_resolution(full[:, 23:47, 19:43], (70, 62))) ** 2).sum(axis=0))
    assert 0.5 * image.max() < bright < image.max()
    np.testing.assert_allclose(
        typical_brightness(1e-30 * full[None, :, 23:47, 19:43], (70, 62)), 1e-30 * bright, rtol=1e-4
    )
    assert typical_brightness(np.zeros((1, 2, 4, 4), np.complex64), (8, 8)) == 1.0


@pytest.mark.parametrize(("n", "side"), [(8, 4), (9, 4), (8, 3), (9, 3)])
def test_the_middle_block_keeps_the_zero_frequency_in_its_middle(n, side):
    (block,) = middle_block((n,), (side,))
    assert np.arange(n)[block][side // 2] == n // 2
