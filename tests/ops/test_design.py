"""Laws of the density filter and of both updates."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from anatwin.ops.density_filter import ConeFilter
from anatwin.ops.design_update import Masses, MovingAsymptotes, Step, optimality_criteria

SHAPES = [(9, 13), (5, 7, 6)]


def a_filter(shape, seed, radius):
    domain = np.random.default_rng(seed).random(shape) < 0.8
    domain.flat[0] = True
    return ConeFilter(domain, radius), domain


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 99), radius=st.floats(0.5, 15.0))
def test_the_filter_keeps_an_even_density_and_has_its_transpose(shape, seed, radius):
    cone, domain = a_filter(shape, seed, radius)
    np.testing.assert_allclose(cone(np.full(shape, 0.4)), 0.4 * domain)
    x, y = np.random.default_rng(seed).random((2, *shape))
    np.testing.assert_allclose(np.vdot(y, cone(x)), np.vdot(cone.adjoint(y), x))


def test_the_filter_weighs_with_a_cone():
    cone = ConeFilter(np.ones((5, 5), bool), 1.5)
    point = np.zeros((5, 5))
    point[2, 2] = 1
    around = cone(point)
    side, corner = 0.5, 1.5 - np.sqrt(2)
    total = 1.5 + 4 * side + 4 * corner
    np.testing.assert_allclose(around[2, 1:4], np.array([side, 1.5, side]) / total)
    np.testing.assert_allclose(around[1, 1], corner / total)


def a_step(seed, *, parts=3, voxels=240):
    rng = np.random.default_rng(seed)
    density = rng.uniform(0.1, 0.9, voxels)
    weight = rng.uniform(0.5, 1.5, voxels)
    step = Step(
        density,
        -(10 ** rng.uniform(-6, 3, voxels)),
        weight,
        np.maximum(density - 0.2, 0),
        np.minimum(density + 0.2, 1),
    )
    numbers = rng.integers(0, parts, voxels)
    return step, Masses(numbers, np.bincount(numbers, weights=weight * density))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99))
@pytest.mark.parametrize("method", ["criteria", "asymptotes"])
def test_an_update_keeps_the_mass_of_every_part_and_the_bounds(method, seed):
    step, masses = a_step(seed)
    update = optimality_criteria if method == "criteria" else MovingAsymptotes()
    after = update(step, masses)
    kept = np.bincount(masses.parts, weights=step.weight * after)
    np.testing.assert_allclose(kept, masses.target, rtol=1e-9)
    assert (after >= step.low - 1e-12).all()
    assert (after <= step.high + 1e-12).all()
    assert np.vdot(step.slope, after - step.density) < 0


@pytest.mark.parametrize("method", ["criteria", "asymptotes"])
def test_an_update_finds_the_optimum_of_springs_in_parallel(method):
    """Least of sum c/x with sum x kept has x in proportion to the root of c."""
    c = np.random.default_rng(0).uniform(0.5, 2.0, 50)
    x = np.full(50, 0.4)
    parts = np.zeros(50, np.int64)
    update = optimality_criteria if method == "criteria" else MovingAsymptotes()
    for _ in range(60):
        step = Step(x, -c / x**2, np.ones(50), np.maximum(x - 0.1, 0.01), np.minimum(x + 0.1, 1))
        x = update(step, Masses(parts, np.array([20.0])))
    np.testing.assert_allclose(x, 20 * np.sqrt(c) / np.sqrt(c).sum(), rtol=2e-3)
