from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import Grid
from anatwin.ops.fourier import ifft
from anatwin.phantoms import Ellipsoid, Ellipsoids, FourierCoils, head_ellipsoids

OBJECT = head_ellipsoids()
fraction = st.floats(-1, 1)


def oblique(grid: Grid, angle: float = 0.3) -> Grid:
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix = turn @ grid.matrix
    matrix[:3, 3] += [3, -5, 4]
    return Grid.from_matrix(grid.shape, matrix)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def test_transform_of_the_kspace_nears_the_image_as_voxels_shrink() -> None:
    errors = []
    for n in (20, 40, 64):
        grid = oblique(Grid.isotropic((n, n + 4, n - 2), 240 / n))
        image = ifft(OBJECT.kspace(grid).data[0], (0, 1, 2))
        errors.append(distance(image, OBJECT.image(grid, samples=2).data))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.1
    slope = np.log(errors[0] / errors[-1]) / np.log(64 / 20)
    assert slope == pytest.approx(0.5, abs=0.15)  # that of a jump's truncated Fourier series


@pytest.mark.parametrize("slice_axis", [0, 1, 2])
def test_every_slice_is_the_section_of_the_object(slice_axis: int) -> None:
    shape, spacing = [70, 76, 72], [3.4, 3.3, 3.2]
    shape[slice_axis], spacing[slice_axis] = 5, 23.0
    grid = oblique(Grid.centred((shape[0], shape[1], shape[2]), tuple(spacing)))
    axes = tuple(a for a in range(3) if a != slice_axis)
    kspace = OBJECT.kspace(grid, slice_axis=slice_axis)
    assert kspace.slice_axis == slice_axis
    image = ifft(kspace.data[0], axes)
    assert distance(image, OBJECT.image(grid).data) < 0.2
    assert np.abs(image - OBJECT.image(grid).data).mean() < 0.04


def test_coils_of_plane_waves_multiply_the_image() -> None:
    grid = oblique(Grid.isotropic((44, 48, 42), 5.5))
    coils = FourierCoils.ring(3, 260)
    plain = ifft(OBJECT.kspace(grid).data, (1, 2, 3))
    received = OBJECT.kspace(grid, coils=coils)
    assert received.coils is not None
    images = ifft(received.data, (1, 2, 3))
    assert distance(images, plain * received.coils) < 0.05
    assert distance(images[0], images[1]) > 0.3


def test_centre_of_kspace_is_the_integral() -> None:
    grid = oblique(Grid.isotropic((30, 34, 32), 7.0))
    integral = sum(part.integral for part in OBJECT.parts)
    centre = OBJECT.kspace(grid).data[0, 15, 17, 16]
    expected = integral / grid.voxel_mm3 / np.sqrt(grid.n_voxels)
    assert centre == pytest.approx(expected, rel=1e-5)


@settings(deadline=None, max_examples=10)
@given(fraction, fraction, fraction, st.floats(0.2, 3), st.floats(-3, 3))
def test_kspace_is_linear_and_shifts_turn_its_phase(
    x: float, y: float, z: float, value: float, turn: float
) -> None:
    grid = Grid.isotropic((12, 10, 14), 8.0)
    still = Ellipsoid((0, 0, 0), (20, 12, 25), (turn, 0.3, -turn), value)
    moved = Ellipsoid((8.0 * 2, -8.0, 8.0 * 3), still.semi_mm, still.turn_rad, value)
    other = Ellipsoid((9 * x, 9 * y, 9 * z), (15, 10, 9), value=1j)
    a, b, both = (Ellipsoids(p).kspace(grid).data for p in ((still,), (other,), (still, other)))
    assert np.allclose(a + b, both, atol=1e-4)
    k = [np.arange(n) - n // 2 for n in grid.shape]
    ramp = np.exp(-2j * np.pi * (2 * k[0][:, None, None] / 12 - k[1][:, None] / 10 + 3 * k[2] / 14))
    assert np.allclose(Ellipsoids((moved,)).kspace(grid).data, a * ramp, atol=1e-4)


def test_object_differs_from_its_mirror_images_and_rotations() -> None:
    image = OBJECT.image(Grid.isotropic((36, 36, 36), 6.5)).data
    for flips in product((1, -1), repeat=3):
        for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0), (0, 2, 1), (1, 2, 0), (2, 0, 1)):
            if (flips, order) != ((1, 1, 1), (0, 1, 2)):
                turned = image[:: flips[0], :: flips[1], :: flips[2]].transpose(order)
                assert distance(turned, image) > 0.1


def test_supersampled_image_keeps_the_integral() -> None:
    grid = Grid.isotropic((40, 48, 44), 5.0)
    total = OBJECT.image(grid, samples=3).data.sum() * grid.voxel_mm3
    assert total == pytest.approx(sum(part.integral for part in OBJECT.parts).real, rel=2e-3)
