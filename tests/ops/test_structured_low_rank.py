import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from anatwin.core import Grid
from anatwin.ops.fourier import fft
from anatwin.ops.structured_low_rank import annihilation, complete_kspace, hankel_gram
from anatwin.phantoms import FourierCoils, head_ellipsoids
from anatwin.testing.laws import random_complex
from anatwin.testing.suites import relative_error


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Keep the linear algebra library's threads from waiting for one another on busy cores."""
    with threadpool_limits(1, user_api="blas"):
        yield


def windows(spectrum, kernel):
    """Return the matrix of all wrapped windows of every coil, the slow and obvious way."""
    rows, columns = spectrum.shape[1:]
    places = [
        [((i + a) % rows, (j + b) % columns) for a in range(kernel) for b in range(kernel)]
        for i in range(rows)
        for j in range(columns)
    ]
    return np.array([[coil[p] for coil in spectrum for p in place] for place in places])


@settings(deadline=None, max_examples=10)
@given(coils=st.integers(1, 3), kernel=st.integers(1, 3), seed=st.integers(0, 99))
def test_gram_is_that_of_the_windows(coils, kernel, seed):
    images = random_complex((coils, 9, 7), seed)
    matrix = windows(np.fft.fft2(images, norm="ortho"), kernel)
    np.testing.assert_allclose(hankel_gram(images, kernel), matrix.conj().T @ matrix, atol=1e-10)


@settings(deadline=None, max_examples=10)
@given(phase=st.booleans(), coils=st.integers(1, 3), seed=st.integers(0, 99))
def test_annihilation_is_the_energy_that_filters_leave(phase, coils, seed):
    """The form at other images, against weighted eigenvectors of the windows themselves."""
    kernel, level = 2, 0.4
    learnt, others = random_complex((2, coils, 9, 7), seed)
    stacked = [np.concatenate([x, x.conj()]) if phase else x for x in (learnt, others)]
    first, second = (windows(np.fft.fft2(x, norm="ortho"), kernel) for x in stacked)
    power, vectors = np.linalg.eigh(first.conj().T @ first)
    noise = level**2 * power[-1]
    left = np.linalg.norm(second @ vectors, axis=0) ** 2
    expected = ((noise / (power + noise) + 0.002) * left).sum() / kernel**2 / (2 if phase else 1)
    form = annihilation(learnt, kernel, level, smooth_phase=phase)
    np.testing.assert_allclose(np.vdot(others, form.apply(others)).real, expected, rtol=1e-9)


@pytest.fixture(scope="module")
def samples():
    grid = Grid.centred((60, 48, 1), (3.6, 5.2, 5.0))
    coils = FourierCoils.ring(5, 420.0)
    return head_ellipsoids().kspace(grid, coils=coils, slice_axis=2).data[..., 0]


def complete(samples, mask, **changes):
    options = {"kernel": 5, "threshold": 0.01, "iterations": 15} | changes
    return complete_kspace(samples * mask, mask, **options)


def test_gaps_are_filled_without_a_sampled_centre_and_measured_samples_stay(samples):
    mask = np.random.default_rng(1).random((60, 48)) < 0.6
    found = complete(samples, mask)
    np.testing.assert_array_equal(found[:, mask], samples[:, mask])
    assert found.dtype == np.complex64
    assert relative_error(found, samples) < 0.1 < 0.4 < relative_error(samples * mask, samples)


def test_lines_that_run_along_one_axis_share_their_mask(samples):
    lines = np.random.default_rng(2).random((60, 1)) < 0.5
    everywhere = np.broadcast_to(lines, (60, 48))
    np.testing.assert_array_equal(complete(samples, lines), complete(samples, everywhere))


def test_a_smooth_phase_tells_the_other_half_of_k_space():
    """One coil, nine sixteenths of k-space: conjugate images know what zeros do not."""
    grid = Grid.centred((64, 56, 1), (3.6, 4.2, 5.0))
    image = head_ellipsoids().image(grid).data[..., 0]
    wave = np.linspace(-1, 1, 64)[:, None] + 0.5 * np.linspace(-1, 1, 56) ** 2
    full = fft((image * np.exp(1j * wave))[None].astype(np.complex64), (1, 2))
    mask = np.zeros((64, 1), bool)
    mask[:36] = True
    errors = [
        relative_error(complete(full, mask, smooth_phase=smooth), full) for smooth in (True, False)
    ]
    assert errors[0] < 0.6 * errors[1]


def test_nothing_stays_nothing():
    mask = np.eye(12, dtype=bool)
    assert not complete(np.zeros((2, 12, 12), np.complex64), mask).any()
