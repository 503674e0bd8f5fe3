"""Smooth shading is found from the histogram alone."""

import numpy as np
import pytest

from anatwin.ops.shading import least_entropy_factor

_SHAPE = (30, 34, 26)


def _tissues() -> np.ndarray:
    """Return two tissues in blobs that are spread evenly, with a little noise."""
    waves = [np.sin(np.arange(n) * 2 * np.pi / 9) for n in _SHAPE]
    blobs = waves[0][:, None, None] * waves[1][:, None] * waves[2]
    rng = np.random.default_rng(0)
    return np.where(blobs > 0, 180.0, 100.0) + rng.normal(0, 3, _SHAPE)


def _shading(order: int) -> np.ndarray:
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in _SHAPE), indexing="ij")
    return np.exp(0.2 * x - 0.1 * z - (0.25 * (x**2 + y * z) if order > 1 else 0))


@pytest.mark.parametrize("order", [1, 2])
def test_shading_is_found(order: int) -> None:
    image, shading = _tissues(), _shading(order)
    inside = np.zeros(_SHAPE, np.bool_)
    inside[2:-3, 3:-1, 1:-4] = True
    factor = least_entropy_factor(image * shading, inside, order)
    assert factor[inside].mean() == pytest.approx(1, abs=1e-4)
    left = np.log(factor * shading)[inside]
    assert left.std() < 0.1 * np.log(shading)[inside].std()


def test_an_even_image_stays() -> None:
    everywhere = np.ones(_SHAPE, np.bool_)
    factor = least_entropy_factor(_tissues(), everywhere)
    assert np.abs(factor - 1).max() < 0.02


def test_a_factor_stays_as_it_is_at_the_box() -> None:
    inside = np.zeros(_SHAPE, np.bool_)
    inside[8:22, 8:26, 6:20] = True
    factor = least_entropy_factor(_tissues() * _shading(2), inside)
    np.testing.assert_array_equal(factor[:8], np.broadcast_to(factor[8], (8, *_SHAPE[1:])))
