"""A bend is found and taken out; where nothing bends, nothing is bent."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from anatwin.acquire import ThickSlices
from anatwin.align import FreeForm, unbent, unbent_labels
from anatwin.core import (
    Bend,
    Grid,
    Label,
    Labels,
    LabelTable,
    QualityError,
    Transform,
    UsageError,
    Volume,
)
from anatwin.phantoms import head_ellipsoids

pytest.importorskip("SimpleITK")

_AMPLITUDE_MM, _WAVE_MM = 3.0, 220.0
_TABLE = LabelTable((Label(1, "object", (200, 80, 80)),))


@pytest.fixture(scope="module")
def head() -> Volume:
    return head_ellipsoids().image(Grid.isotropic((64, 76, 70), 3.0)).magnitude()


def _wave(points: np.ndarray) -> np.ndarray:
    """Return how far points ``n 3`` [mm] of the head move when it bends."""
    return _AMPLITUDE_MM * np.sin(2 * np.pi * np.roll(points, 1, axis=1) / _WAVE_MM)


@pytest.fixture(scope="module")
def bent_head(head: Volume) -> Volume:
    """Return the head whose value at x came from x + wave(x)."""
    index = np.indices(head.grid.shape).reshape(3, -1).T
    matrix = head.grid.matrix
    points = index @ matrix[:3, :3].T + matrix[:3, 3]
    back = (points + _wave(points) - matrix[:3, 3]) @ np.linalg.inv(matrix[:3, :3]).T
    data = map_coordinates(head.data, back.T, order=1).reshape(head.grid.shape)
    return Volume(data.astype(np.float32), head.grid)


@pytest.fixture(scope="module")
def fixed(head: Volume) -> Volume:
    return ThickSlices(distance_mm=9, noise=0.01, seed=7)(head).volume


def _stack(volume: Volume) -> tuple[Volume, Transform]:
    """Return a coronal stack of a head that moved, and the map from the fixed world to it."""
    method = ThickSlices(
        direction="coronal", distance_mm=9, rotation_deg=8, shift_mm=6, noise=0.01, seed=3
    )
    view = method(volume)
    return view.volume, view.transform.inverse()


def test_a_bend_is_found(head: Volume, fixed: Volume, bent_head: Volume) -> None:
    stack, pose = _stack(bent_head)
    bend = FreeForm(iterations=8)(stack, fixed, pose)
    points = np.random.default_rng(0).uniform(-50, 50, (300, 3))
    there = points + _wave(points)  # at rest; where the bent head shows it: ``points``
    before, after = (
        np.linalg.norm(found - pose.apply(points), axis=1).mean()
        for found in (pose.apply(there), pose.apply(bend.apply(there)))
    )
    assert before > 3
    assert after < 0.75 * before
    straight = _stack(head)[0].data
    misfit, rest = (
        np.abs(found.data - straight).mean() for found in (stack, unbent(stack, pose, bend))
    )
    assert rest < 0.65 * misfit


def test_what_moved_rigidly_is_not_bent(fixed: Volume, head: Volume) -> None:
    stack, pose = _stack(head)
    bend = FreeForm(iterations=3)(stack, fixed, pose)
    assert not bend.shift_mm.any()
    np.testing.assert_allclose(unbent(stack, pose, bend).data, stack.magnitude().data, atol=1e-3)


def test_labels_are_unbent_as_the_image_is() -> None:
    grid = Grid.isotropic((14, 12, 10), 2.0)
    data = np.zeros(grid.shape, np.uint8)
    data[3:9, 4:8, 2:7] = 1
    shift = np.zeros((*grid.shape, 3), np.float32)
    shift[..., 0] = 4  # two voxels along the first axis
    pose = Transform.from_matrix(np.eye(4))
    found = unbent_labels(Labels(data, grid, _TABLE), pose, Bend(grid, shift))
    np.testing.assert_array_equal(found.data, np.roll(data, -2, axis=0))


def test_what_is_not_aligned_is_refused(fixed: Volume, head: Volume) -> None:
    far = np.eye(4)
    far[:3, 3] = 1000
    with pytest.raises(QualityError, match="align them rigidly"):
        FreeForm(iterations=1)(_stack(head)[0], fixed, Transform.from_matrix(far))


def test_a_lattice_has_a_size() -> None:
    with pytest.raises(UsageError, match="lattice"):
        FreeForm(lattice_mm=0)
