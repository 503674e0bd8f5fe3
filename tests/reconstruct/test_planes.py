from dataclasses import replace

import numpy as np
import pytest

from anatwin.core import Grid, KSpace, listening
from anatwin.ops.fourier import fft, ifft
from anatwin.phantoms import FourierCoils, head_ellipsoids
from anatwin.reconstruct import RootSumOfSquares, Sense, Wavelet, ZeroFilled
from anatwin.reconstruct.stack import open_stack
from anatwin.testing.laws import random_complex
from anatwin.testing.suites import known_image, known_scan, relative_error


def test_fully_sampled_volume_is_its_own_image():
    """Any slice direction, and 3-D: the root sum of squares of the coil images."""
    images = random_complex((3, 11, 8, 6), 0).astype(np.complex64)
    expected = np.sqrt((np.abs(images) ** 2).sum(axis=0))
    grid = Grid.isotropic((11, 8, 6), 1.0)
    for readout, across in [(0, 2), (1, 0), (2, 1), (0, None), (1, None), (2, None)]:
        axes = tuple(a for a in range(3) if a != across)
        data = fft(images, tuple(a + 1 for a in axes))
        kspace = KSpace(data, np.ones((1, 1, 1), bool), grid, readout, across)
        np.testing.assert_allclose(RootSumOfSquares()(kspace).data, expected, atol=1e-5)


def test_every_slice_may_have_its_own_lines():
    full = known_scan(slice_axis=2)
    mask = np.broadcast_to(full.mask, full.grid.shape).copy()
    mask[:, 2, 1] = False
    kspace = replace(full, data=full.data * mask, mask=mask)
    both = [Sense()(k).data for k in (kspace, full)]
    np.testing.assert_allclose(both[0][..., 0], both[1][..., 0], atol=1e-4)
    assert open_stack(kspace).mask(1).sum() == open_stack(kspace).mask(0).sum() - 1


def test_lines_along_either_axis_give_the_same_image():
    scan = known_scan(slice_axis=2)
    swapped = KSpace(
        scan.data.swapaxes(1, 2), scan.mask.swapaxes(0, 1), Grid.isotropic((60, 74, 3), 1.0), 1, 2
    )
    image = Wavelet()(scan).data
    assert relative_error(Wavelet()(swapped).data.swapaxes(0, 1), image) < 1e-4


def test_a_single_coil_needs_no_maps():
    grid = Grid.centred((60, 70, 1), (4.0, 3.6, 5.0))
    mask = np.ones((60, 1, 1), bool)
    mask[1::4] = False
    mask[20:40] = True
    full = head_ellipsoids().kspace(grid, slice_axis=2)
    scan = replace(full, data=full.data * mask, mask=mask, coils=None)
    truth = RootSumOfSquares()(full).data
    errors = [
        relative_error(m(scan).magnitude().data, truth)
        for m in (ZeroFilled(), Wavelet(strength=0.02))
    ]
    assert errors[1] < 0.8 * errors[0]


@pytest.mark.parametrize("factor", [0.2, 1.0, 30.0])
def test_given_maps_are_used_at_their_own_scale(factor):
    """The image times the maps is what the coils saw, whatever the maps' brightness."""
    grid = Grid.centred((48, 60, 1), (5.0, 4.2, 5.0))
    ring = FourierCoils.ring(5, 400.0)
    louder = FourierCoils(ring.frequencies, ring.weights * factor)
    full = head_ellipsoids().kspace(grid, coils=louder, slice_axis=2)
    mask = np.ones((1, 60, 1), bool)
    mask[0, 1::2] = False
    scan = replace(full, data=full.data * mask, mask=mask)
    power = np.sqrt((np.abs(full.coils) ** 2).sum(axis=0))
    truth = RootSumOfSquares()(full).data / power
    assert relative_error(Sense(iterations=30)(scan).magnitude().data, truth) < 0.02
    assert relative_error(ZeroFilled()(full).magnitude().data, truth) < 0.01


def test_wavelet_beats_least_squares_in_noise():
    scan = known_scan(slice_axis=2)
    level = 0.03 * np.abs(known_image(scan)).max()
    noise = level * random_complex(scan.data.shape, 4) * scan.mask
    noisy = replace(scan, data=(scan.data + noise).astype(np.complex64))
    errors = [
        relative_error(method(noisy).magnitude().data, known_image(scan))
        for method in (Sense(), Wavelet(strength=0.03))
    ]
    assert errors[1] < 0.8 * errors[0]


def test_tells_how_far_it_is():
    heard = []
    with listening(lambda what, done, total: heard.append((what, done, total))):
        RootSumOfSquares()(known_scan(slice_axis=2))
    assert heard == [("slices", n, 3) for n in range(4)]


@pytest.mark.parametrize("method", [RootSumOfSquares(), ZeroFilled(), Sense(), Wavelet()])
def test_an_empty_slice_is_dark_and_the_others_are_not_touched(method):
    scan = known_scan(slice_axis=2)
    data = scan.data.copy()
    data[..., 1] = 0
    image = method(replace(scan, data=data)).data
    assert not image[..., 1].any()
    assert relative_error(image[..., 0], method(scan).data[..., 0]) < 0.02


@pytest.mark.parametrize("axis", [2, None])
def test_air_is_dark_even_where_a_slice_holds_nothing_else(axis):
    scan = known_scan(slice_axis=axis)
    head = np.abs(known_image(scan))
    mean = head[head > 0.2].mean()
    far = replace(
        scan.grid,
        shape=tuple(2 * n if a == (axis or 0) else n for a, n in enumerate(scan.grid.shape)),
    )
    padding = [(0, 0)] * 4
    padding[(axis or 0) + 1] = (0, scan.grid.shape[axis or 0])
    images = ifft(scan.data, (1,)) if axis is None else scan.data
    images = np.pad(images, padding)
    noise = 0.02 * mean * random_complex(images.shape, 3)
    samples = (fft(images, (1,)) if axis is None else images) + noise
    kspace = replace(scan, data=(samples * scan.mask).astype(np.complex64), grid=far)
    image = Wavelet()(kspace).magnitude().data
    air = np.moveaxis(image, axis or 0, 0)[-scan.grid.shape[axis or 0] // 2 :]
    assert not air.any()


def test_the_middle_of_k_space_may_be_missing():
    grid = Grid.isotropic((40, 42, 2), 1.0)
    mask = np.ones((40, 42, 1), bool)
    mask[8:32, 8:34] = False
    samples = random_complex((3, 40, 42, 2), 0).astype(np.complex64) * mask
    image = RootSumOfSquares()(KSpace(samples, mask, grid, slice_axis=2)).data
    np.testing.assert_allclose(np.linalg.norm(image), np.linalg.norm(samples), rtol=1e-5)
