import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.data_consistency import DataConsistency
from anatwin.ops.fourier import fft, ifft
from anatwin.ops.linop import CoilSampling

SHAPE = (9, 12)


def complex_noise(rng, shape):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)


def coil_maps(rng, n):
    maps = complex_noise(rng, (n, *SHAPE))
    return maps / np.sqrt((np.abs(maps) ** 2).sum(0))


def consistency_of(rng, coils, mask):
    samples = complex_noise(rng, (len(coils), *SHAPE)) * mask
    sampling = CoilSampling(coils, mask)
    return DataConsistency(sampling, sampling.adjoint(samples)), samples


@pytest.mark.parametrize("mask_shape", [(1, 12), (9, 12), (9, 1)])
def test_a_single_coil_is_the_published_formula(mask_shape):
    rng = np.random.default_rng(1)
    mask = rng.random(mask_shape) < 0.4
    mask.flat[0] = True
    consistent, samples = consistency_of(rng, np.ones((1, *SHAPE), np.complex64), mask)
    image = complex_noise(rng, SHAPE)
    weight = 3.0
    ours, everywhere = fft(image, (0, 1)), np.broadcast_to(mask, SHAPE)
    mean = np.where(everywhere, (ours + weight * samples[0]) / (1 + weight), ours)
    expected = ifft(mean, (0, 1))
    np.testing.assert_allclose(consistent(image, weight / (1 + weight)), expected, atol=2e-6)


@pytest.mark.parametrize("n", [1, 4])
def test_several_coils_are_made_consistent_one_by_one_and_combined(n):
    rng = np.random.default_rng(n)
    mask, coils = rng.random(SHAPE) < 0.5, coil_maps(rng, n)
    consistent, samples = consistency_of(rng, coils, mask)
    image = complex_noise(rng, SHAPE)
    replaced = np.where(mask, samples, fft(coils * image, (1, 2)))
    expected = (coils.conj() * ifft(replaced, (1, 2))).sum(0)
    np.testing.assert_allclose(consistent(image, 1.0), expected, atol=3e-6)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 999), trust=st.floats(0.01, 1.0))
def test_what_was_not_measured_stays(seed, trust):
    rng = np.random.default_rng(seed)
    mask = rng.random(SHAPE) < 0.5
    consistent, samples = consistency_of(rng, np.ones((1, *SHAPE), np.complex64), mask)
    image = complex_noise(rng, SHAPE)
    before, after = fft(image, (0, 1)), fft(consistent(image, trust), (0, 1))
    np.testing.assert_allclose(after[~mask], before[~mask], atol=1e-5)
    if trust == 1.0:
        np.testing.assert_allclose(after[mask], samples[0][mask], atol=1e-5)


def test_the_zero_filled_image_has_the_object_s_brightness():
    rng = np.random.default_rng(5)
    coils = 0.5 * coil_maps(rng, 3)
    image = complex_noise(rng, SHAPE)
    sampling = CoilSampling(coils, np.ones((1, 1), np.bool_))
    consistent = DataConsistency(sampling, sampling.adjoint(sampling.forward(image)))
    np.testing.assert_allclose(consistent.zero_filled(), image, atol=1e-5)
    assert consistent(image, 0.7).dtype == np.complex64


@pytest.mark.parametrize("coil_steps", [0, 4])
def test_the_image_is_zero_where_no_coil_sees(coil_steps):
    rng = np.random.default_rng(6)
    coils = coil_maps(rng, 3)
    coils[:, :2] = 0
    sampling = CoilSampling(coils, rng.random((1, 12)) < 0.5)
    image = complex_noise(rng, SHAPE)
    moved = DataConsistency(sampling, sampling.adjoint(sampling.forward(image)), coil_steps)
    result = moved(image, 0.9)
    assert not result[:2].any()
    np.testing.assert_allclose(result[2:], image[2:], atol=1e-5)


def test_steps_of_conjugate_gradients_find_the_best_image():
    rng = np.random.default_rng(8)
    coils, mask = coil_maps(rng, 3), rng.random(SHAPE) < 0.5
    samples, image = complex_noise(rng, (3, *SHAPE)) * mask, complex_noise(rng, SHAPE)
    sampling = CoilSampling(coils, mask)

    def cost(x, weight=0.25):
        near = np.linalg.norm(x - image) ** 2
        return np.linalg.norm(sampling.forward(x) - samples) ** 2 + weight * near

    once, few, many = (
        cost(DataConsistency(sampling, sampling.adjoint(samples), n)(image, 0.8))
        for n in (1, 3, 40)
    )
    assert many < few < once < cost(image)
    best = DataConsistency(sampling, sampling.adjoint(samples), 40)(image, 0.8)
    around = (cost(best + 0.01 * complex_noise(rng, SHAPE)) for _ in range(5))
    assert all(other > many for other in around)
