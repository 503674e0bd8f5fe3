"""Registration's mathematics: motions, interpolation, shifts and the fit."""

import numpy as np
import pytest

from anatwin.ops.rigid_fit import Image, Points, correlation, fitted
from anatwin.ops.rigid_motion import halved, rigid, rotation_lattice, turn_between
from anatwin.ops.shift_search import ShiftSearch
from anatwin.ops.warp import warped


def _blobs(shape: tuple[int, int, int], motion: np.ndarray) -> np.ndarray:
    """Return smooth blobs, known in closed form, seen after a motion about the middle."""
    rng = np.random.default_rng(5)
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    at = (index - (np.array(shape) - 1) / 2) @ motion[:3, :3].T + motion[:3, 3]
    image = np.zeros(shape)
    for centre, height in zip(rng.uniform(-7, 7, (9, 3)), rng.uniform(0.5, 2, 9), strict=True):
        image += height * np.exp(-((at - centre) ** 2).sum(axis=-1) / 30)
    return image.astype(np.float32)


def _image(values: np.ndarray) -> Image:
    index = np.eye(4)
    index[:3, 3] = (np.array(values.shape) - 1) / 2
    return Image(values, index, index[2], values.shape[2])


def test_half_a_motion_done_twice_is_the_motion() -> None:
    motion = rigid(np.array([3.0, -20.0, 8.0]), np.array([0.4, -1.1, 0.7]))
    half = halved(motion)
    np.testing.assert_allclose(half @ half, motion, atol=1e-12)
    assert turn_between(motion, half) == pytest.approx(turn_between(np.eye(4), half))


def test_the_lattice_of_turns_holds_its_corners() -> None:
    turns = rotation_lattice(np.radians(30), np.radians(20))
    assert len(turns) == 125
    assert rotation_lattice(0.0, 0.3)[0] == pytest.approx(np.eye(3))
    assert min(turn_between(turn, np.eye(3)) for turn in turns) == 0


def test_warping_reproduces_a_linear_image() -> None:
    i, j, k = np.meshgrid(np.arange(6), np.arange(7), np.arange(8), indexing="ij")
    values = 2 * i - j + 0.5 * k
    index = rigid(np.array([1.3, 2.1, 1.7]), np.array([0.1, 0.05, -0.1]))
    result, inside = warped(values, index, (3, 4, 5))
    points = np.stack(np.meshgrid(*map(np.arange, (3, 4, 5)), indexing="ij"), axis=-1)
    at = points @ index[:3, :3].T + index[:3, 3]
    assert inside.any()
    np.testing.assert_allclose(result[inside > 0], (at @ [2, -1, 0.5])[inside > 0], atol=1e-5)
    assert not result[inside == 0].any()


def test_every_shift_is_found() -> None:
    image = np.pad(_blobs((20, 21, 22), np.eye(4)), 6)
    mask = np.pad(np.ones((20, 21, 22)), 6)
    search = ShiftSearch(image, mask, reach=6, overlap=0.3)
    moved, seen = (np.roll(x, (3, -4, 2), (0, 1, 2)) for x in (image, mask))
    best = search.best(moved, seen, n=1)[0]
    assert best.voxels == (-3, 4, -2)
    assert best.correlation == pytest.approx(1, abs=1e-3)


def test_a_motion_is_found_and_its_inverse_the_other_way() -> None:
    shape = (25, 26, 27)
    truth = rigid(np.array([1.1, -0.7, 0.9]), np.array([0.12, -0.1, 0.15]))
    fixed, moving = _image(_blobs(shape, truth)), _image(_blobs(shape, np.eye(4)))
    lattice = np.eye(4)
    lattice[:3, 3] = -8
    points = Points((17, 17, 17), lattice, np.zeros(3))
    there = fitted(fixed, moving, points, start=np.eye(4))
    back = fitted(moving, fixed, points, start=np.eye(4))
    assert np.degrees(turn_between(there.motion, truth)) < 0.3
    np.testing.assert_allclose(there.motion[:3, 3], truth[:3, 3], atol=0.05)
    np.testing.assert_allclose(there.motion @ back.motion, np.eye(4), atol=0.01)
    assert there.correlation > 0.995
    assert 0.5 < there.overlap <= 1


def test_images_without_contrast_have_no_correlation() -> None:
    assert correlation(np.zeros((15, 15))) == -1
    flat = _image(np.ones((9, 9, 9), np.float32))
    points = Points((5, 5, 5), np.eye(4), np.full(3, -2.0))
    assert fitted(flat, flat, points, start=np.eye(4)).correlation == -1
