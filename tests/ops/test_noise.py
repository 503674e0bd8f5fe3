import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.acquire import Cartesian, FullySampled
from anatwin.core import Grid, InputError
from anatwin.ops.noise import noise_covariance, outer_samples, prewhiten
from anatwin.phantoms import Scanner, head_ellipsoids
from anatwin.phantoms.scanner import noise_mixing, object_mean


def noise(mixing: np.ndarray, shape: tuple[int, ...], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    white = rng.standard_normal((2, mixing.shape[1], *shape))
    return np.tensordot(mixing, white[0] + 1j * white[1], axes=1).astype(np.complex64)


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 9), st.integers(0, 1000), st.floats(1e-4, 1e4))
def test_prewhitened_noise_has_unit_covariance(n_coils: int, seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    mixing = scale * (rng.standard_normal((n_coils, n_coils)) + 3 * np.eye(n_coils))
    scan = noise(mixing, (33, 21), seed)
    white = prewhiten(scan, noise_covariance(scan))
    assert (white.shape, white.dtype) == (scan.shape, np.complex64)
    assert np.allclose(noise_covariance(white), np.eye(n_coils), atol=1e-3)


def test_covariance_from_one_scan_whitens_another() -> None:
    mixing = noise_mixing(Scanner(n_coils=6, noise_correlation=0.4)) @ np.diag([1, 2, 3, 1, 5, 1])
    covariance = noise_covariance(noise(mixing, (40, 50), 1))
    assert np.allclose(covariance, 2 * mixing @ mixing.T, rtol=0.1, atol=1.5)
    white = noise_covariance(prewhiten(noise(mixing, (200, 100), 2), covariance))
    assert np.allclose(white, np.eye(6), atol=0.08)


def test_whitening_keeps_zeros_and_the_signal_of_known_coils() -> None:
    data = noise(np.diag([1.0, 2.0, 4.0]), (5, 8), 3)
    data[:, 2] = 0
    white = prewhiten(data, np.diag([1.0, 4.0, 16.0]))
    assert not white[:, 2].any()
    assert np.allclose(white, data / np.array([1, 2, 4])[:, None, None], atol=1e-6)


@pytest.mark.parametrize("method", [FullySampled, Cartesian])
def test_outer_samples_of_a_scan_tell_its_noise(method: type) -> None:
    grid = Grid.centred((96, 90, 1), (2.2, 2.6, 5.0))
    scanner = Scanner(n_coils=4, noise=0.1, noise_correlation=0.3)
    volume = head_ellipsoids().image(grid)
    kspace = method(scanner=scanner)(volume)
    samples = outer_samples(kspace.data, kspace.mask, share=0.1)
    measured = int(np.broadcast_to(kspace.mask, grid.shape).sum())
    assert samples.shape[0] == 4
    assert 0.1 * measured <= samples.shape[1] <= 0.12 * measured
    mixing = noise_mixing(scanner) * 0.1 * object_mean(volume.data)
    expected = 2 * mixing @ mixing.T
    error = np.abs(noise_covariance(samples) - expected).max() / expected.max()
    assert error < 0.25  # some signal of sharp edges is left there


def test_outer_samples_are_the_farthest() -> None:
    data = np.arange(11, dtype=np.complex64)[None]
    mask = np.ones(11, bool)
    mask[0] = False
    assert sorted(outer_samples(data, mask, share=0.3).real.ravel()) == [1, 9, 10]


def test_hopeless_noise_is_refused() -> None:
    with pytest.raises(InputError, match="at least as many"):
        noise_covariance(np.ones((5, 4), np.complex64))
    dead = noise(np.diag([1.0, 0.0, 2.0]), (50,), 1)
    with pytest.raises(InputError, match="leave out"):
        prewhiten(dead, noise_covariance(dead))
