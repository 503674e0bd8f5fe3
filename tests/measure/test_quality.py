from math import inf, isnan

import numpy as np
import pytest
from fastmri import evaluate
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from anatwin.core import GeometryError, Grid, InputError, Volume
from anatwin.measure import image_quality

SHAPE = (23, 31, 6)
GRID = Grid.centred(SHAPE, (1.0, 1.1, 4.0))


def pair(seed=0, shape=SHAPE):
    rng = np.random.default_rng(seed)
    reference = rng.gamma(2.0, 1.0, shape).cumsum(axis=0)
    return reference + rng.normal(size=shape), reference


def values(*args, **options):
    return {m.name: m.value for m in image_quality(*args, **options)}


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_equal_to_scikit_image_in_fastmri_convention(axis):
    shape = (13, 17, 11)
    image, reference = pair(seed=axis, shape=shape)
    grid = Grid.isotropic(shape, 1.0)
    rows = image_quality(Volume(image, grid), Volume(reference, grid), slice_axis=axis)
    psnr, ssim, nmse = rows
    limit = reference.max()
    slices = zip(np.moveaxis(image, axis, 0), np.moveaxis(reference, axis, 0), strict=True)
    expected = np.mean([structural_similarity(b, a, data_range=limit) for a, b in slices])
    assert ssim.name == f"SSIM[7 uniform, volume max, slices along {'ijk'[axis]}]"
    assert ssim.value == pytest.approx(expected, abs=1e-6)
    assert psnr.name == "PSNR[volume, max(reference)]"
    assert psnr.value == pytest.approx(
        peak_signal_noise_ratio(reference, image, data_range=limit), abs=1e-6
    )
    error = np.linalg.norm(reference - image) ** 2 / np.linalg.norm(reference) ** 2
    assert nmse.value == pytest.approx(error, abs=1e-6)


def test_equal_to_fastmri():
    shape = (13, 17, 11)
    image, reference = pair(seed=3, shape=shape)
    grid = Grid.isotropic(shape, 1.0)
    psnr, ssim, nmse = image_quality(Volume(image, grid), Volume(reference, grid), slice_axis=0)
    assert psnr.value == pytest.approx(float(evaluate.psnr(reference, image)), abs=1e-6)
    assert ssim.value == pytest.approx(float(evaluate.ssim(reference, image)[0]), abs=1e-6)
    assert nmse.value == pytest.approx(float(evaluate.nmse(reference, image)), abs=1e-6)


def test_slices_lie_across_the_thickest_axis():
    image, reference = pair()
    names = values(Volume(image, GRID), Volume(reference, GRID))
    assert "SSIM[7 uniform, volume max, slices along k]" in names


def test_perfect_image_of_any_type():
    data = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    whole, turned = Volume(data, GRID), Volume(data * np.exp(0.3j), GRID)
    psnr, ssim, nmse = image_quality(whole, whole, basis="raw k-space")
    assert (psnr.value, ssim.value, nmse.value) == (inf, pytest.approx(1), 0)
    assert psnr.basis == "raw k-space"
    assert values(turned, whole)["NMSE[volume]"] == pytest.approx(0, abs=1e-12)


def test_mask_counts_its_voxels_alone():
    image, reference = pair()
    mask = np.zeros(SHAPE, bool)
    mask[5:16, 7:20, 1:5] = True
    spoiled = np.where(mask, image, 1e3)
    here = (Volume(reference, GRID),)
    inside = values(Volume(image, GRID), *here, mask=mask)
    outside = values(Volume(spoiled, GRID), *here, mask=mask)
    for name in ("PSNR[mask, max(reference)]", "NMSE[mask]"):
        assert inside[name] == pytest.approx(outside[name])
    maps = [
        structural_similarity(
            reference[..., k], image[..., k], data_range=reference.max(), full=True
        )[1]
        for k in range(SHAPE[2])
    ]
    expected = np.mean(np.stack(maps, -1)[mask])
    name = "SSIM[7 uniform, volume max, slices along k, mask]"
    assert inside[name] == pytest.approx(expected, abs=1e-9)


def test_narrow_slices_have_no_ssim():
    shape = (6, 20, 9)
    image, reference = pair(shape=shape)
    grid = Grid.isotropic(shape, 1.0)
    ssim = image_quality(Volume(image, grid), Volume(reference, grid))[1]
    assert isnan(ssim.value)
    assert "narrower than 7" in ssim.basis


def test_what_cannot_be_compared():
    image, reference = (Volume(data, GRID) for data in pair())
    with pytest.raises(GeometryError):
        image_quality(image, Volume(reference.data, Grid.isotropic(SHAPE, 1.0)))
    with pytest.raises(InputError, match="reference image is empty"):
        image_quality(image, Volume(np.zeros(SHAPE), GRID))
    with pytest.raises(InputError, match="mask"):
        image_quality(image, reference, mask=np.zeros(SHAPE, bool))
