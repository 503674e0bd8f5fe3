"""Thick slices lie where their grid says, and nowhere else."""

import numpy as np
import pytest

from anatwin.acquire import ThickSlices, View
from anatwin.core import Grid, InputError, UsageError, Volume

_GRID = Grid.centred((44, 52, 48), (1.0, 1.0, 1.0))


def _positions(grid: Grid) -> np.ndarray:
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    return index @ grid.matrix[:3, :3].T + grid.matrix[:3, 3]


def _wave(points: np.ndarray, frequency: np.ndarray, phase: float) -> np.ndarray:
    return 2 + np.cos(2 * np.pi * points @ frequency + phase)


def _phase_slip(view: View, frequency: np.ndarray, phase: float) -> tuple[float, float]:
    """Return the shift of the wave in the view [rad] and its amplitude, poses undone."""
    points = _positions(view.volume.grid)
    real = np.stack(
        [where.apply(points[:, :, k].reshape(-1, 3)) for k, where in enumerate(view.slices)], axis=1
    ).reshape(points.shape)
    reach = np.array(_GRID.shape) / 2 - 9
    inside = (np.abs(real) < reach).all(axis=-1)
    assert inside.sum() > 2000
    turn = 2 * np.pi * real[inside] @ frequency + phase
    design = np.column_stack([np.ones(turn.size), np.cos(turn).ravel(), np.sin(turn).ravel()])
    _, a, b = np.linalg.lstsq(design, view.volume.data[inside], rcond=None)[0]
    return float(np.arctan2(-b, a)), float(np.hypot(a, b))


@pytest.mark.parametrize("profile", ["boxcar", "gaussian"])
@pytest.mark.parametrize("direction", ["axial", "coronal", "sagittal", "0.3,-0.5,0.8"])
@pytest.mark.parametrize("distance_mm", [4.0, 6.5])
def test_a_plane_wave_comes_back_in_place(direction: str, distance_mm: float, profile: str) -> None:
    frequency, phase = np.array([0.021, -0.034, 0.043]), 0.7
    volume = Volume(_wave(_positions(_GRID), frequency, phase), _GRID)
    method = ThickSlices(
        direction=direction, distance_mm=distance_mm, profile=profile, rotation_deg=8, shift_mm=3,
        slice_rotation_deg=1, slice_shift_mm=0.5, seed=4,
    )  # fmt: skip
    view = method(volume)
    slip, _ = _phase_slip(view, frequency, phase)
    assert abs(slip) < 2e-3


def test_a_slab_damps_a_wave_as_its_profile_says() -> None:
    frequency = np.array([0.0, 0.0, 0.06])
    volume = Volume(_wave(_positions(_GRID), frequency, 0.0), _GRID)
    for profile, expected in (
        ("boxcar", np.sinc(0.06 * 8)),
        ("gaussian", np.exp(-2 * (np.pi * 0.06 * 8 / 2.3548) ** 2)),
    ):
        view = ThickSlices(distance_mm=4, thickness_mm=8, profile=profile)(volume)
        slip, amplitude = _phase_slip(view, frequency, 0.0)
        assert abs(slip) < 1e-3
        assert amplitude == pytest.approx(expected, abs=0.01)


def test_the_stack_covers_the_field_of_view_and_shares_its_centre() -> None:
    volume = Volume(np.ones(_GRID.shape, np.float32), _GRID)
    for direction, shape in (
        ("axial", (44, 52, 6)),
        ("coronal", (44, 48, 6)),
        ("sagittal", (52, 48, 6)),
    ):
        grid = ThickSlices(direction=direction)(volume).volume.grid
        assert grid.shape == shape
        np.testing.assert_allclose(grid.at(*((n - 1) / 2 for n in grid.shape)), 0, atol=1e-9)


def test_the_same_seed_gives_the_same_pose_of_another_volume() -> None:
    rng = np.random.default_rng(0)
    image = Volume(rng.random(_GRID.shape, np.float32), _GRID)
    mask = Volume((image.data > 0.5).astype(np.float32), _GRID)
    moved = {"rotation_deg": 20.0, "shift_mm": 5.0, "slice_shift_mm": 1.0, "seed": 3}
    seen = ThickSlices(**moved, contrast=0.5, noise=0.1)(image)
    drawn = ThickSlices(**moved)(mask)
    assert seen.transform == drawn.transform
    assert seen.slices == drawn.slices
    assert len(set(seen.slices)) == len(seen.slices)
    assert seen.transform.rotation_deg > 1


def test_contrast_and_noise_change_values_alone() -> None:
    rng = np.random.default_rng(0)
    image = Volume(rng.random(_GRID.shape, np.float32), _GRID)
    plain, bent = ThickSlices()(image), ThickSlices(contrast=0.6)(image)
    noisy = ThickSlices(noise=0.05, seed=0)(image)
    assert plain.volume.grid == bent.volume.grid
    assert not np.allclose(plain.volume.data, bent.volume.data, atol=0.05)
    assert np.std(noisy.volume.data - plain.volume.data) == pytest.approx(0.05, rel=0.05)


def test_impossible_stacks_are_refused() -> None:
    for wrong in (
        {"direction": "upwards"}, {"direction": "0,0,0"}, {"distance_mm": 0.0}, {"noise": -1.0},
    ):  # fmt: skip
        with pytest.raises(UsageError):
            ThickSlices(**wrong)
    with pytest.raises(InputError, match="too thin"):
        ThickSlices(distance_mm=200)(Volume(np.ones(_GRID.shape), _GRID))
