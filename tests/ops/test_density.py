import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.density import pipe_menon_density, ramp_density, scale_density
from anatwin.ops.nufft import Nufft
from anatwin.ops.trajectory import radial_trajectory, spiral_trajectory

SHAPE = (36, 30)
LINES = radial_trajectory(90, 72, golden=False)


@given(shape=st.tuples(st.integers(4, 13), st.integers(4, 13)))
@settings(deadline=None, max_examples=10)
def test_samples_on_a_cartesian_grid_weigh_one(shape: tuple[int, int]) -> None:
    steps = [(np.arange(n) - n // 2) / n for n in shape]
    grid = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1)
    np.testing.assert_allclose(pipe_menon_density(grid, shape), 1, atol=1e-3)


@pytest.mark.parametrize(("weigh", "edge"), [(ramp_density, 0.01), (pipe_menon_density, 0.04)])
def test_weights_of_full_sampling_add_up_to_the_disc(weigh, edge: float) -> None:
    disc = np.pi / 4 * SHAPE[0] * SHAPE[1]
    assert weigh(LINES, SHAPE).sum() == pytest.approx(disc, rel=edge)


def test_the_ramp_is_what_iteration_finds_on_even_lines() -> None:
    ramp, found = ramp_density(LINES, SHAPE), pipe_menon_density(LINES, SHAPE, iterations=20)
    radius = np.linalg.norm(LINES, axis=-1)
    between = (radius > 0.1) & (radius < 0.45)
    assert np.median(np.abs(found / ramp - 1)[between]) < 0.05


@pytest.mark.parametrize(
    "trajectory", [LINES, spiral_trajectory(12, 1 / 72, knots=[(0, 0), (0.8, 0.2), (1.5, 0.5)])]
)
def test_a_smooth_object_comes_back(trajectory: np.ndarray) -> None:
    rows, columns = np.indices(SHAPE)
    blob = np.exp(-((rows - 20) ** 2 + (columns - 11) ** 2) / 8).astype(np.complex64)
    nufft = Nufft(trajectory, SHAPE)

    def error(weights: np.ndarray) -> float:
        image = nufft.adjoint(nufft.forward(blob) * weights.astype(np.float32))
        return float(np.linalg.norm(image - blob) / np.linalg.norm(blob))

    flat = np.ones(trajectory.shape[:-1]) * SHAPE[0] * SHAPE[1] / trajectory[..., 0].size
    assert error(pipe_menon_density(trajectory, SHAPE)) < 0.03
    assert error(flat) > 0.3


def test_scale_does_not_matter_once_the_middle_is_one() -> None:
    weights = pipe_menon_density(LINES, SHAPE)
    np.testing.assert_allclose(scale_density(weights, LINES, SHAPE), weights, rtol=0.01)
    scaled = scale_density(1e4 * weights, LINES, SHAPE)
    np.testing.assert_allclose(scaled, weights, rtol=0.01)
    outside = np.where(np.linalg.norm(LINES, axis=-1) > 0.4, weights, 0)
    assert np.isfinite(scale_density(outside, LINES, SHAPE)).all()
