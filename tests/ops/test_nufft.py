import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import MissingPartError
from anatwin.ops.fourier import fft
from anatwin.ops.nufft import CoilGram, CoilNufft, Nufft, transfer_function
from anatwin.ops.trajectory import radial_trajectory
from anatwin.testing.laws import assert_adjoint, random_complex

sizes = st.tuples(st.integers(4, 13), st.integers(4, 13))


def cartesian(shape: tuple[int, int]) -> np.ndarray:
    steps = [(np.arange(n) - n // 2) / n for n in shape]
    return np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1)


def anywhere(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (n, 2))


@given(shape=sizes, seed=st.integers(0, 99))
@settings(deadline=None, max_examples=15)
def test_adjoint(shape: tuple[int, int], seed: int) -> None:
    points = anywhere(30, seed).reshape(5, 6, 2)
    assert_adjoint(Nufft(points, shape), (3, *shape), (3, 5, 6), seed=seed)
    coils = random_complex((4, *shape), seed)
    assert_adjoint(CoilNufft(coils, points), shape, (4, 5, 6), seed=seed)


@given(shape=sizes)
@settings(deadline=None, max_examples=15)
def test_a_cartesian_trajectory_is_the_unitary_fft(shape: tuple[int, int]) -> None:
    image = random_complex((2, *shape), 1)
    nufft = Nufft(cartesian(shape), shape)
    np.testing.assert_allclose(nufft.forward(image), fft(image, (1, 2)), atol=1e-10)
    single = nufft.forward(image.astype(np.complex64))
    assert single.dtype == np.complex64
    np.testing.assert_allclose(single, fft(image, (1, 2)), atol=1e-5)
    np.testing.assert_allclose(nufft.adjoint(nufft.forward(image)), image, atol=1e-10)


@given(shape=sizes, frequency=st.tuples(*[st.floats(-0.5, 0.5)] * 2))
@settings(deadline=None, max_examples=15)
def test_one_voxel_is_a_wave_around_the_middle(
    shape: tuple[int, int], frequency: tuple[float, float]
) -> None:
    image = np.zeros(shape, complex)
    image[3, 1] = 1
    sample = Nufft(np.array([frequency]), shape).forward(image)
    offset = np.array([3 - shape[0] // 2, 1 - shape[1] // 2])
    wave = np.exp(-2j * np.pi * (offset @ np.array(frequency))) / np.sqrt(np.prod(shape))
    np.testing.assert_allclose(sample, [wave], atol=1e-10)


def test_a_shift_of_the_image_is_a_phase_ramp() -> None:
    points = anywhere(40)
    image = np.zeros((12, 15), complex)
    image[4:8, 5:9] = random_complex((4, 4), 2)
    nufft = Nufft(points, image.shape)
    ramp = np.exp(-2j * np.pi * points @ np.array([2, -3]))
    moved = np.roll(image, (2, -3), axis=(0, 1))
    np.testing.assert_allclose(nufft.forward(moved), ramp * nufft.forward(image), atol=1e-10)


@given(shape=sizes, seed=st.integers(0, 99))
@settings(deadline=None, max_examples=15)
def test_one_convolution_is_there_and_back(shape: tuple[int, int], seed: int) -> None:
    points, weights = anywhere(25, seed), np.random.default_rng(seed).random(25)
    coils, image = random_complex((3, *shape), seed), random_complex(shape, seed + 1)
    coil_nufft = CoilNufft(coils, points)
    expected = coil_nufft.adjoint(weights * coil_nufft.forward(image))
    gram = CoilGram(coils, transfer_function(points, weights, shape))
    np.testing.assert_allclose(gram.normal(image), expected, atol=1e-9)


def test_gain_is_a_little_above_the_largest_eigenvalue() -> None:
    shape = (9, 11)
    points = radial_trajectory(12, 20, golden=True)
    coils = random_complex((2, *shape), 3)
    gram = CoilGram(coils, transfer_function(points, np.ones(points.shape[:-1]), shape))
    units = np.eye(99).reshape(99, *shape).astype(complex)
    matrix = np.stack([gram.normal(unit).ravel() for unit in units], axis=-1)
    largest = np.linalg.eigvalsh(matrix)[-1]
    assert largest <= gram.gain(random_complex(shape, 4)) <= 1.1 * largest
    assert gram.gain(np.zeros(shape, complex)) == 1


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "finufft", None)
    with pytest.raises(MissingPartError, match=r"pip install 'anatwin\[nufft\]'"):
        Nufft(anywhere(3), (4, 5)).forward(np.ones((4, 5), complex))
