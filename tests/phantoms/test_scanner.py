import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import Grid, UsageError, Volume
from anatwin.ops.fourier import ifft
from anatwin.phantoms.coils import coil_ring, object_phase
from anatwin.phantoms.sampling import variable_density
from anatwin.phantoms.scanner import Scanner, measure, noise_mixing, object_mean

EVERYTHING = np.ones((1, 1, 1), bool)


def ball(grid: Grid) -> Volume:
    index = np.indices(grid.shape) - np.array(grid.shape).reshape(3, 1, 1, 1) / 2
    inside = np.linalg.norm(index / np.array(grid.shape).reshape(3, 1, 1, 1), axis=0) < 0.35
    return Volume((2.0 * inside).astype(np.float32), grid)


@settings(deadline=None, max_examples=8)
@given(st.integers(1, 12), st.integers(0, 50))
def test_root_sum_of_squares_of_the_coils_is_one(n_coils: int, seed: int) -> None:
    maps = coil_ring(Grid.centred((14, 18, 11), (12, 10, 15)), n_coils, seed=seed).maps()
    assert maps.shape == (n_coils, 14, 18, 11)
    assert maps.dtype == np.complex64
    assert np.sqrt((np.abs(maps) ** 2).sum(axis=0)) == pytest.approx(1, abs=1e-5)


def test_coils_are_smooth_and_differ_from_place_to_place() -> None:
    maps = coil_ring(Grid.isotropic((40, 44, 36), 5.0), 8).maps()
    strength = np.abs(maps)
    x, y = np.linspace(-1, 1, 40)[:, None], np.linspace(-1, 1, 44)[None]
    within_ring = x**2 + y**2 < 0.9
    assert np.abs(np.diff(maps, axis=3))[:, within_ring].max() < 0.08
    brightest = {np.unravel_index(s.argmax(), s.shape)[:2] for s in strength}
    assert len(brightest) == 8
    assert strength[0, -1, 22].mean() > 2 * strength[0, 0, 22].mean()  # it is on the right


def test_coils_stay_at_their_place_when_the_grid_is_flipped() -> None:
    grid = Grid.isotropic((16, 20, 18), 11.0)
    matrix = grid.matrix @ np.diag([-1, 1, 1, 1])
    matrix[:3, 3] = grid.at(15, 0, 0)
    flipped = Grid.from_matrix(grid.shape, matrix)
    a, b = coil_ring(grid, 5).maps(), coil_ring(flipped, 5).maps()
    assert np.allclose(a, b[:, ::-1], atol=1e-4)


def test_phase_has_unit_magnitude_and_its_amplitude() -> None:
    phase = object_phase(Grid.isotropic((20, 24, 22), 9.0), 0.8, seed=3).maps()[0]
    assert np.abs(phase) == pytest.approx(1, abs=1e-5)
    assert 0.5 < np.abs(np.angle(phase)).max() < 1.0


@pytest.mark.parametrize("slice_axis", [None, 0, 1, 2])
def test_full_noise_free_scan_gives_the_image_back(slice_axis: int | None) -> None:
    volume = ball(Grid.centred((20, 26, 17), (8, 7, 9)))
    scanner = Scanner(n_coils=3, noise=0.0)
    readout = 1 if slice_axis != 1 else 0
    kspace = measure(volume, scanner, EVERYTHING, readout_axis=readout, slice_axis=slice_axis)
    coil_images = np.stack([ifft(coil, kspace.encoded_axes) for coil in kspace.data])
    image = np.sqrt((np.abs(coil_images) ** 2).sum(axis=0))
    assert np.allclose(image, volume.data, atol=1e-5)
    maps = coil_ring(volume.grid, 3).maps()
    combined = (maps.conj() * coil_images).sum(axis=0)
    assert np.abs(combined) == pytest.approx(volume.data, abs=1e-5)
    assert np.abs(combined.imag).max() > 0.1  # the object has a phase


@pytest.mark.parametrize("correlation", [0.0, 0.4])
def test_noise_is_as_strong_and_as_correlated_as_asked(correlation: float) -> None:
    volume = ball(Grid.centred((32, 40, 36), (6, 5, 6)))
    quiet = Scanner(n_coils=5, noise=0.0)
    noisy = Scanner(n_coils=5, noise=0.05, noise_correlation=correlation)
    a, b = (measure(volume, s, EVERYTHING, readout_axis=0).data for s in (quiet, noisy))
    noise = ifft(b - a, (1, 2, 3)).reshape(5, -1)
    sigma = 0.05 * object_mean(volume.data)
    assert object_mean(volume.data) == pytest.approx(2.0, rel=1e-6)
    assert noise.real.std(axis=1) == pytest.approx(sigma, rel=0.02)
    assert noise.imag.std(axis=1) == pytest.approx(sigma, rel=0.02)
    measured = (noise @ noise.conj().T).real / noise.shape[1] / (2 * sigma**2)
    mixing = noise_mixing(noisy)
    assert np.allclose(measured, mixing @ mixing.T, atol=0.03)
    assert measured[0, 4] == pytest.approx(correlation, abs=0.03)  # neighbours on the ring


def test_same_seed_same_scan_other_seed_other_scan() -> None:
    volume = ball(Grid.isotropic((12, 16, 14), 15.0))
    one, same, other = (
        measure(volume, Scanner(seed=s), EVERYTHING, readout_axis=0).data for s in (4, 4, 5)
    )
    assert np.array_equal(one, same)
    assert not np.allclose(one, other, atol=0.1)


@pytest.mark.parametrize(
    "wrong",
    [{"n_coils": 0}, {"noise": -0.1}, {"noise_correlation": 1.0}, {"noise_correlation": -1}],
)
def test_impossible_scanners_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="Scanner"):
        Scanner(**wrong)


@pytest.mark.parametrize("shape", [(181,), (64,), (70, 83)])
@pytest.mark.parametrize("acceleration", [1, 2, 3.5, 4, 6, 8])
def test_pattern_has_its_acceleration_and_a_full_centre(
    shape: tuple[int, ...], acceleration: float
) -> None:
    mask = variable_density(shape, acceleration, calibration=24, seed=7)
    assert mask.shape == shape
    assert abs(mask.sum() - mask.size / acceleration) <= 1
    width = min(24, int((mask.size / acceleration / 2) ** (1 / len(shape))))
    starts = [n // 2 - width // 2 for n in shape]
    assert mask[tuple(slice(s, s + width) for s in starts)].all()


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.integers(40, 90))
def test_pattern_is_denser_inside_and_repeats_with_its_seed(seed: int, n: int) -> None:
    mask = variable_density((n, n + 7), 5, calibration=8, seed=seed)
    assert np.array_equal(mask, variable_density((n, n + 7), 5, calibration=8, seed=seed))
    assert not np.array_equal(mask, variable_density((n, n + 7), 5, calibration=8, seed=seed + 1))
    inner = mask[n // 4 : -n // 4, n // 4 : -n // 4]
    assert inner.mean() > 2 * (mask.sum() - inner.sum()) / (mask.size - inner.size)
