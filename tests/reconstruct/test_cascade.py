from dataclasses import replace
from functools import cache
from typing import ClassVar

import numpy as np
import pytest

from anatwin.core import Grid, InputError, KSpace
from anatwin.ops.fourier import fft, ifft
from anatwin.phantoms import FourierCoils, head_ellipsoids
from anatwin.phantoms.ellipsoids import ONE_COIL
from anatwin.reconstruct import Sense, Wavelet, ZeroFilled
from anatwin.reconstruct.cascade import Cascade, Networks
from anatwin.reconstruct.planes import Plane, choose_units
from anatwin.reconstruct.sharing import SharedSamples, fill_from_neighbours, over_neighbours
from anatwin.reconstruct.stack import open_stack
from anatwin.testing.suites import ReconstructorSuite


class TestCascade(ReconstructorSuite):
    method = Cascade()
    error: ClassVar[float] = 0.06


@cache
def lines(acceleration=4, *, coils=1):
    """Return Gaussian lines of a head of ellipsoids, and its fully sampled k-space."""
    from anatwin.train.masks import gaussian_lines

    ring = FourierCoils.ring(coils, 500.0) if coils > 1 else ONE_COIL
    grid = Grid.centred((150, 134, 2), (1.6, 1.8, 12.0))
    full = head_ellipsoids().kspace(grid, coils=ring, slice_axis=2)
    mask = gaussian_lines(134, acceleration, seed=2)[None, :, None]
    mask = np.broadcast_to(mask, (150, 134, 1))
    return replace(full, data=full.data * mask, mask=mask), full


def error(image, full):
    truth = (Sense() if full.n_coils > 1 else ZeroFilled())(full).data
    return float(np.linalg.norm(image.data - truth) / np.linalg.norm(truth))


@pytest.mark.parametrize(("coils", "share"), [(1, 0.6), (5, 0.8)])
def test_beats_compressed_sensing_at_4x(coils, share):
    scan, full = lines(coils=coils)
    cascade, wavelet = error(Cascade()(scan), full), error(Wavelet(iterations=60)(scan), full)
    assert cascade < share * wavelet


def test_measured_samples_stay_nearly_what_they_are():
    scan, _ = lines(8)
    image = Cascade()(scan)
    again = fft(image.data, (0, 1))
    measured = np.broadcast_to(scan.mask, again.shape)
    difference = again[measured] - scan.data[0][measured]
    assert np.linalg.norm(difference) < 0.005 * np.linalg.norm(scan.data)


def test_everything_measured_stays_the_truth():
    _, full = lines()
    assert error(Cascade()(full), full) < 0.005


def test_a_file_that_is_no_cascade_is_refused(tmp_path):
    from anatwin.nets import find

    scan, _ = lines()
    with pytest.raises(InputError, match="not a cascade"):
        Cascade(model=find("head"))(scan)
    (tmp_path / "broken.onnx").write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a network"):
        Cascade(model=tmp_path / "broken.onnx")(scan)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("coils", [1, 3])
@pytest.mark.parametrize("is_lines", [True, False])
def test_agrees_with_torch(tmp_path, shared, coils, is_lines):
    torch = pytest.importorskip("torch", reason="torch trains the networks")
    from anatwin.train.batches import random_coils
    from anatwin.train.cascade import Cascade as TorchCascade
    from anatwin.train.cascade import CascadeShape
    from anatwin.train.cascade_export import export_cascade
    from anatwin.train.scan import Scan

    rng = np.random.default_rng(7)
    torch.manual_seed(0)
    strides = (1,) if shared else (2, 1)
    shape = CascadeShape(cascades=3, features=8, strides=strides, shared=shared, weight=2.0)
    model = TorchCascade(shape)
    with torch.no_grad():
        for weight in model.blocks.parameters():
            weight.copy_((weight + 0.02 * torch.randn_like(weight)).half().float())
        model.log_coil_weights.copy_(torch.tensor([-1.0, 0.5, 3.0]))
    export_cascade(model, tmp_path / "cascade.onnx")
    size = (37, 46)
    maps = random_coils(size, 1, rng)[0][:coils] if coils > 1 else np.ones((1, *size), "c8")
    mask = rng.random((1 if is_lines else size[0], size[1])) < 0.4
    noise = rng.standard_normal((2, coils, *size)).astype(np.float32)
    plane = Plane((noise[0] + 1j * noise[1]) * mask, mask)
    ours = Networks.open(tmp_path / "cascade.onnx").image(plane, maps)
    images = np.fft.fftshift(
        np.fft.ifft2(np.fft.ifftshift(plane.samples, axes=(1, 2))), axes=(1, 2)
    )
    images = (images * np.sqrt(size[0] * size[1])).astype(np.complex64)
    scan = Scan(
        torch.from_numpy(images)[None],
        torch.from_numpy(np.fft.ifftshift(mask))[None],
        torch.from_numpy(maps)[None] if coils > 1 else None,
    )
    with torch.no_grad():
        theirs = model(scan)[0].numpy()
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()


def test_slices_and_planes_of_a_3d_scan_may_have_any_size():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((2, 1, 21, 30, 27)).astype(np.float32)
    data = (noise[0] + 1j * noise[1]).astype(np.complex64)
    mask = rng.random((1, 30, 27)) < 0.5
    grid = Grid.isotropic((21, 30, 27), 1.0)
    image = Cascade()(KSpace(data * mask, mask, grid, readout_axis=0))
    assert image.data.shape == (21, 30, 27)


def test_shared_samples_agree_with_torch(tmp_path):
    torch = pytest.importorskip("torch", reason="torch trains the networks")
    from anatwin.train.cascade import Cascade as TorchCascade
    from anatwin.train.cascade import CascadeShape
    from anatwin.train.cascade_export import export_cascade
    from anatwin.train.scan import Scan

    rng = np.random.default_rng(3)
    torch.manual_seed(1)
    model = TorchCascade(CascadeShape(cascades=2, convolutions=3, features=8, neighbours=2))
    with torch.no_grad():
        for weight in model.blocks.parameters():
            weight.copy_((weight + 0.02 * torch.randn_like(weight)).half().float())
    export_cascade(model, tmp_path / "cascade.onnx")
    mask = rng.random((1, 40, 5)) < 0.4
    noise = rng.standard_normal((2, 1, 36, 40, 5)).astype(np.float32)
    grid = Grid.centred((36, 40, 5), (1.0, 1.0, 4.0))
    samples = ((noise[0] + 1j * noise[1]) * mask).astype(np.complex64)
    kspace = KSpace(samples, mask, grid, slice_axis=2)
    ours = Cascade(model=tmp_path / "cascade.onnx")(kspace).data
    brightness = choose_units(open_stack(kspace), 1.0).brightness
    images = ifft(samples / np.float32(brightness), (1, 2))[0].transpose(2, 0, 1)
    lines = np.fft.ifftshift(mask.transpose(2, 0, 1), axes=2)
    scan = Scan(torch.from_numpy(images.copy())[:, None], torch.from_numpy(lines.copy()))
    with torch.no_grad():
        theirs = model(scan).numpy().transpose(1, 2, 0) * brightness
    assert np.abs(ours - theirs).max() < 1e-4 * np.abs(theirs).max()


def test_neighbours_fill_what_a_slice_lacks():
    data = np.ones((1, 6, 8, 4), np.complex64) * np.arange(1, 5)
    mask = np.zeros((1, 8, 4), np.bool_)
    mask[0, np.arange(8), np.arange(8) % 4] = True
    grid = Grid.centred((6, 8, 4), (1.0, 1.0, 4.0))
    kspace = KSpace((data * mask).astype(np.complex64), mask, grid, slice_axis=2)
    near, far = (fill_from_neighbours(kspace, n).data[0, 0, :4] for n in (1, 3))
    assert near[1].real.tolist() == [2, 2, 2, 0]
    assert far[3].real.tolist() == [4, 4, 4, 4]
    assert over_neighbours(np.arange(5), 0, 1).tolist() == [1, 3, 6, 9, 7]
    turned = KSpace(kspace.data, mask[:, :, :1], grid)
    assert fill_from_neighbours(turned, 1) is turned
    assert len(SharedSamples.of(kspace, 2).samples(3)) == 2
