"""Thick slices are aligned from far away, and what cannot be aligned is refused."""

from functools import cache

import numpy as np
import pytest

from anatwin.acquire import ThickSlices, View
from anatwin.align import GlobalRigid
from anatwin.core import Grid, QualityError, Transform, UsageError, Volume
from anatwin.ops.rigid_motion import turn_between
from anatwin.phantoms import head_ellipsoids


@cache
def _head() -> Volume:
    """Return an asymmetric head of ellipsoids, 3 mm."""
    return head_ellipsoids().image(Grid.isotropic((72, 84, 80), 3.0)).magnitude()


@cache
def _view(direction: str, seed: int, contrast: float = 0.0, turn: float = 45) -> View:
    method = ThickSlices(
        direction=direction, distance_mm=12, rotation_deg=turn, shift_mm=30, noise=0.01,
        contrast=contrast, seed=seed,
    )  # fmt: skip
    return method(_head())


def _errors(found: Transform, truth: Transform) -> tuple[float, float]:
    points = np.random.default_rng(0).uniform(-60, 60, (500, 3))
    apart = np.linalg.norm(found.apply(points) - truth.apply(points), axis=1)
    return np.degrees(turn_between(found.matrix, truth.matrix)), apart.mean()


def test_any_pose_is_found() -> None:
    fixed = ThickSlices(distance_mm=12, noise=0.01, seed=99)(_head()).volume
    view = _view("coronal", 2)
    turn, target = _errors(GlobalRigid()(view.volume, fixed), view.transform.inverse())
    assert turn < 2.0
    assert target < 1.5


def test_edges_align_other_contrasts() -> None:
    fixed = ThickSlices(distance_mm=12, noise=0.01, seed=99)(_head()).volume
    view = _view("coronal", 4, contrast=0.8, turn=15)
    found = GlobalRigid(similarity="edges", rotation_deg=15, rotation_step_deg=15, candidates=5)(
        view.volume, fixed
    )
    turn, target = _errors(found, view.transform.inverse())
    assert turn < 5.0
    assert target < 4.0


def test_exchanging_the_scans_gives_the_inverse() -> None:
    near = GlobalRigid(rotation_deg=0, shift_mm=20, candidates=4)
    view = ThickSlices(direction="coronal", distance_mm=12, rotation_deg=6, shift_mm=8)(_head())
    fixed = ThickSlices(distance_mm=12)(_head()).volume
    there, back = near(view.volume, fixed), near(fixed, view.volume)
    turn, target = _errors(
        Transform.from_matrix(there.matrix @ back.matrix), Transform.from_matrix(np.eye(4))
    )
    assert turn < 0.6
    assert target < 0.6


def test_what_cannot_be_aligned_is_refused() -> None:
    fixed = ThickSlices(distance_mm=12)(_head()).volume
    with pytest.raises(QualityError, match="empty"):
        GlobalRigid(rotation_deg=0)(Volume(np.zeros_like(fixed.data), fixed.grid), fixed)
    noise = Volume(np.random.default_rng(0).random(fixed.data.shape, np.float32), fixed.grid)
    with pytest.raises(QualityError):
        GlobalRigid(rotation_deg=0)(noise, fixed)


def test_impossible_settings_are_refused() -> None:
    for wrong in (
        {"rotation_deg": 100.0}, {"shift_mm": -1.0}, {"overlap": 1.0}, {"acceptance": 2.0},
    ):  # fmt: skip
        with pytest.raises(UsageError):
            GlobalRigid(**wrong)
