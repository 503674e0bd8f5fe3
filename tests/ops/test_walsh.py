import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import Grid
from anatwin.ops.walsh import walsh_maps
from anatwin.phantoms import head_ellipsoids
from anatwin.phantoms.coils import coil_ring

GRID = Grid.centred((72, 90, 1), (3.0, 2.6, 5.0))


def head(n_coils: int) -> tuple[np.ndarray, np.ndarray]:
    image = head_ellipsoids().image(GRID).data[..., 0]
    return image.astype(np.complex64), coil_ring(GRID, n_coils).maps()[..., 0]


@settings(deadline=None, max_examples=8)
@given(st.integers(1, 7), st.integers(0, 99), st.sampled_from([1, 4, 7]))
def test_sum_of_squares_is_one_and_the_first_coil_real(n: int, seed: int, window: int) -> None:
    rng = np.random.default_rng(seed)
    images = rng.standard_normal((n, 37, 22, 2)).astype(np.float32).view(np.complex64)[..., 0]
    maps = walsh_maps(images, window=window)
    assert (maps.shape, maps.dtype) == (images.shape, np.complex64)
    assert np.sqrt((np.abs(maps) ** 2).sum(axis=0)) == pytest.approx(1, abs=1e-5)
    assert np.abs(maps[0].imag).max() < 1e-6
    assert maps[0].real.min() >= -1e-6


def test_maps_are_those_of_closed_form_coils() -> None:
    image, truth = head(8)
    noise = np.random.default_rng(0).standard_normal((2, *truth.shape))
    for sigma, expected in ((0.0, 0.9999), (0.02, 0.999)):
        images = truth * image + sigma * (noise[0] + 1j * noise[1]).astype(np.complex64)
        agreement = np.abs((walsh_maps(images).conj() * truth).sum(axis=0))
        assert agreement[np.abs(image) > 0.1].min() > expected - 0.005
        assert agreement[np.abs(image) > 0.1].mean() > expected


def test_maps_do_not_depend_on_the_scale_of_the_images() -> None:
    image, truth = head(5)
    maps = walsh_maps(truth * image)
    for scale in (1e-3, 1e3):
        scaled = walsh_maps(truth * image * np.float32(scale))
        assert np.allclose(maps[:, np.abs(image) > 0.1], scaled[:, np.abs(image) > 0.1], atol=1e-3)


def test_nothing_measured_still_gives_unit_maps() -> None:
    maps = walsh_maps(np.zeros((3, 8, 9), np.complex64))
    assert np.sqrt((np.abs(maps) ** 2).sum(axis=0)) == pytest.approx(1, abs=1e-6)
