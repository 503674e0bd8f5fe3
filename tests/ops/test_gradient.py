import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.gradient import Gradient, VariationShrinkage, total_variation
from anatwin.testing.laws import assert_adjoint, random_complex

shapes = st.tuples(st.integers(2, 11), st.integers(2, 9))


@settings(deadline=None, max_examples=25)
@given(shape=shapes, seed=st.integers(0, 100))
def test_adjoint(shape, seed):
    assert_adjoint(Gradient(), shape, (2, *shape), seed=seed)


@settings(deadline=None, max_examples=25)
@given(shape=shapes, seed=st.integers(0, 100))
def test_largest_gain_bounds_the_spectrum(shape, seed):
    image = random_complex(shape, seed)
    power = np.linalg.norm(Gradient().forward(image)) ** 2
    assert power <= Gradient.largest_gain * np.linalg.norm(image) ** 2


def test_variation_of_a_rectangle_is_its_outline():
    image = np.zeros((17, 23))
    image[4:9, 6:18] = 2.5
    corner = 2 - 2**0.5  # the length of the gradient at one corner takes the short way
    assert total_variation(image) == pytest.approx(2.5 * (2 * (5 + 12) - corner))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("value", [3.0, 3j, 1.2 - 0.9j])
def test_a_plateau_comes_down_by_what_its_outline_costs(axis, value):
    """The proximal map of a step, in closed form: both levels move, the edge stays."""
    line = np.zeros(15, complex)
    line[4:10] = value
    image = np.tile(line, (12, 1)) if axis else np.tile(line[:, None], (1, 12))
    weight, direction = 0.3, value / abs(value)
    expected = image - direction * np.where(image != 0, 2 * weight / 6, -2 * weight / 9)
    np.testing.assert_allclose(VariationShrinkage(weight, 2000)(image), expected, atol=1e-6)


def test_the_image_is_a_minimum():
    image, weight = random_complex((9, 14), 0), 0.4

    def cost(x):
        return 0.5 * np.linalg.norm(x - image) ** 2 + weight * total_variation(x)

    found = VariationShrinkage(weight, 1500)(image)
    for seed in range(20):
        for size in (1e-1, 1e-2):
            assert cost(found + size * random_complex(image.shape, seed)) > cost(found) - 1e-8


def test_goes_on_where_the_last_call_ended():
    image = random_complex((13, 10), 1).astype(np.complex64)
    best = VariationShrinkage(0.5, 1500)(image)
    shrink = VariationShrinkage(0.5, 5)
    gaps = [np.linalg.norm(shrink(image) - best) for _ in range(15)]
    assert gaps[-1] < 0.05 * gaps[0]
    assert best.dtype == np.complex64


def test_no_weight_changes_nothing():
    image = random_complex((6, 7), 2)
    np.testing.assert_array_equal(VariationShrinkage(0.0, 3)(image), image)
