"""A known motion is found again; what is moved lands where it should."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.align import Rigid, resampled
from anatwin.core import GeometryError, Grid, QualityError, Transform, UsageError, Volume
from anatwin.phantoms import anatomy, signal

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
GRID = Grid.centred((56, 62, 48), (4.0, 4.0, 5.0))


def motion(*, about_z_deg, about_x_deg, shift_mm):
    """A rotation about the origin of the world, then a shift."""
    z, x = np.deg2rad([about_z_deg, about_x_deg])
    turn_z = [[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]]
    turn_x = [[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]]
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = np.array(turn_z) @ turn_x, shift_mm
    return Transform.from_matrix(matrix)


def every_third_voxel(volume):
    """The same scan, coarser in its slices."""
    matrix = volume.grid.matrix @ np.diag([3.0, 3.0, 1.0, 1.0])
    data = volume.data[::3, ::3]
    return Volume(data, Grid.from_matrix(data.shape, matrix))


@pytest.fixture(scope="module")
def fixed():
    return signal(anatomy(GRID, seed=5), "t1", seed=5)


class TestRigid:
    def test_a_known_motion_is_found_in_another_contrast(self, fixed):
        true = motion(about_z_deg=7.0, about_x_deg=-4.0, shift_mm=(6.0, -9.0, 5.0))
        other = signal(anatomy(GRID, seed=5), "t2", seed=5)
        moving = resampled(other, Grid.centred((60, 58, 52), (4.5, 4.2, 5.5)), true.inverse())
        found = Rigid()(moving, fixed)
        points = np.array([(x, y, z) for x in (-60, 60) for y in (-70, 70) for z in (-50, 60)])
        error = np.linalg.norm(found.apply(points) - true.apply(points), axis=1)
        assert error.max() < 1.5, "registration must be better than half a voxel"

    def test_it_is_deterministic(self, fixed):
        moving = resampled(fixed, GRID, motion(about_z_deg=3, about_x_deg=0, shift_mm=(1, 2, 3)))
        quick = Rigid(iterations=5, sampling=0.1)
        first, second = (quick(moving, fixed).matrix for _ in range(2))
        np.testing.assert_allclose(first, second, atol=1e-6)

    def test_scans_that_share_nothing_are_refused(self, fixed):
        flat = Volume(np.zeros(GRID.shape, np.float32), GRID)
        with pytest.raises(QualityError, match="could not be aligned"):
            Rigid()(flat, fixed)

    def test_real_visits_come_closer(self):
        folder = DATA / "visits" / "patient01"
        if not folder.exists():
            pytest.skip(f"real data is not at {folder}")
        from anatwin.io.nifti import read_volume

        moving, fixed = (
            every_third_voxel(read_volume(folder / f"study{n}_T1W.nii.gz")) for n in (2, 1)
        )
        found = Rigid()(moving, fixed)
        before, after = (
            np.corrcoef(
                resampled(moving, fixed.grid, how).data.ravel(), fixed.magnitude().data.ravel()
            )[0, 1]
            for how in (None, found)
        )
        assert after > max(before, 0.9)

    def test_parameters_are_checked(self):
        with pytest.raises(UsageError, match="sampling"):
            Rigid(sampling=0.0)
        with pytest.raises(UsageError, match="iterations"):
            Rigid(iterations=0)


class TestTransform:
    @given(
        about_z_deg=st.floats(-60, 60),
        about_x_deg=st.floats(-60, 60),
        shift_mm=st.tuples(*[st.floats(-50, 50)] * 3),
    )
    @settings(deadline=None, max_examples=25)
    def test_there_and_back_is_nothing(self, **how):
        there = motion(**how)
        points = np.random.default_rng(0).normal(0, 60, (7, 3))
        np.testing.assert_allclose(there.inverse().apply(there.apply(points)), points, atol=1e-9)

    def test_the_angle_of_a_rotation(self):
        turned = motion(about_z_deg=12.0, about_x_deg=0.0, shift_mm=(1, 2, 3))
        assert turned.rotation_deg == pytest.approx(12.0)

    def test_what_cannot_be_inverted_is_refused(self):
        with pytest.raises(GeometryError, match="invertible"):
            Transform.from_matrix(np.diag([1.0, 0.0, 1.0, 1.0]))


def test_resampling_onto_its_own_grid_changes_nothing(fixed):
    np.testing.assert_allclose(resampled(fixed, GRID).data, fixed.data, atol=2e-3)
