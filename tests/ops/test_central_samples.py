import numpy as np
import pytest

from anatwin.core import Grid
from anatwin.ops.central_samples import central_coverage, central_samples
from anatwin.ops.coils import middle_block
from anatwin.ops.trajectory import radial_trajectory, spiral_trajectory
from anatwin.phantoms import FourierCoils, head_ellipsoids
from anatwin.testing.noncartesian import sample_ellipsoids

GRID = Grid.centred((90, 74, 2), (2.6, 3.4, 9.0))
SHAPE = GRID.shape[:2]
COILS = FourierCoils.ring(4, 500.0)
TRAJECTORIES = {
    "lines": radial_trajectory(70, 180, golden=True),
    "spirals": spiral_trajectory(16, 1 / 180, knots=[(0.0, 0.0), (2.9, 0.5)]),
}


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_the_middle_is_that_of_a_cartesian_scan(name: str) -> None:
    trajectory = TRAJECTORIES[name]
    full = head_ellipsoids().kspace(GRID, coils=COILS, slice_axis=2)
    expected = np.moveaxis(full.data[(slice(None), *middle_block(SHAPE, [24, 24]))], -1, 0)
    scan = sample_ellipsoids(GRID, trajectory, coils=COILS)
    flat = scan.data.reshape(*scan.data.shape[:2], -1)
    found = central_samples(flat, trajectory.reshape(-1, 2), SHAPE, side=24)
    assert found.dtype == np.complex64
    assert np.linalg.norm(found - expected) < 0.01 * np.linalg.norm(expected)


def test_coverage_falls_where_windings_are_missing() -> None:
    arms = TRAJECTORIES["spirals"]
    covered = [central_coverage(arms[::n].reshape(-1, 2), SHAPE, side=24) for n in (1, 2, 4)]
    assert covered[0] > 0.95
    assert covered[1] == pytest.approx(0.5, abs=0.1)
    assert covered[2] == pytest.approx(0.25, abs=0.1)
    far = arms[:, -9:].reshape(-1, 2)
    assert central_coverage(far, SHAPE, side=24) == 0


def test_a_small_image_is_its_own_middle() -> None:
    steps = [(np.arange(n) - n // 2) / n for n in (9, 6)]
    grid = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 2)
    samples = np.arange(54) + 1j
    found = central_samples(samples, grid, (9, 6), side=12)
    np.testing.assert_allclose(found, samples.reshape(9, 6), rtol=1e-3)
