"""Stacks of thick slices become one fine image, and bad views are named."""

from functools import cache

import numpy as np
import pytest

from anatwin.acquire import ThickSlices
from anatwin.core import Grid, InputError, QualityError, Transform, UsageError, Volume
from anatwin.fuse import Assembly, LeftOut, Posed, SuperResolution, assemble
from anatwin.fuse.super_resolution import _smooth
from anatwin.phantoms import head_ellipsoids

_GRID = Grid.centred((46, 54, 50), (4.0, 4.0, 4.0))


@cache
def _head() -> Volume:
    return head_ellipsoids().image(_GRID).magnitude()


def _views(**motion: float) -> list[Posed]:
    views = []
    for seed, direction in enumerate(("axial", "coronal", "sagittal")):
        view = ThickSlices(direction=direction, distance_mm=16, noise=0.01, seed=seed, **motion)(
            _head()
        )
        views.append(Posed(view.volume, view.transform.inverse()))
    return views


def _error(image: Volume) -> float:
    inner = (slice(5, -5),) * 3
    truth = _head().data[inner]
    return float(np.linalg.norm(image.data[inner] - truth) / np.linalg.norm(truth))


def test_three_views_are_finer_than_one() -> None:
    method = SuperResolution(iterations=10)
    views = _views(rotation_deg=10)
    alone, together = (_error(method(some, _GRID)) for some in (views[:1], views))
    assert together < 0.85 * alone


def test_moving_slices_are_brought_back() -> None:
    views = _views(slice_rotation_deg=2, slice_shift_mm=2.5)
    still, moved = (
        _error(SuperResolution(iterations=6, rounds=rounds)(views, _GRID)) for rounds in (1, 4)
    )
    assert moved < 0.96 * still


def test_a_ruined_slice_hardly_shows() -> None:
    views = _views()
    data = views[0].volume.data.copy()
    data[:, :, 6] = data[::-1, :, 6] * 0.2
    ruined = [Posed(Volume(data, views[0].volume.grid), views[0].transform), *views[1:]]
    method = SuperResolution(iterations=10, rounds=2)
    assert _error(method(ruined, _GRID)) < 1.15 * _error(method(views, _GRID))


def test_impossible_requests_are_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        SuperResolution()([], _GRID)
    far = np.eye(4)
    far[0, 3] = 1e4
    lost = [Posed(_head(), Transform.from_matrix(far))]
    with pytest.raises(InputError, match="reaches"):
        SuperResolution()(lost, _GRID)
    for wrong in ({"iterations": 0}, {"edge": 0.0}, {"smoothness": -1.0}):
        with pytest.raises(UsageError):
            SuperResolution(**wrong)


def _match(moving: Volume, fixed: Volume) -> tuple[Transform, float]:
    """Agree by the mean alone: what a real aligner finds is tested with it."""
    gap = abs(float(moving.data.mean() - fixed.data.mean()))
    if gap > 1:
        raise QualityError("The scans do not resemble each other.")
    sign = float(np.sign(moving.grid.matrix[0, 0]))
    return Transform.from_matrix(np.eye(4)), 0.9 + 0.05 * sign - gap


def _flat(mean: float, spacing: float, sign: float = 1.0) -> Volume:
    data = np.linspace(mean - 1, mean + 1, 64).reshape(4, 4, 4)
    return Volume(data, Grid.from_matrix((4, 4, 4), np.diag([sign * spacing, spacing, spacing, 1])))


def test_bad_views_are_named_with_a_reason() -> None:
    empty = Volume(np.zeros((4, 4, 4)), _flat(1, 1).grid)
    found = assemble([_flat(1, 2), empty, _flat(50, 1), _flat(1.1, 3), _flat(1, 4, -1)], _match)
    assert isinstance(found, Assembly)
    assert all(isinstance(part, LeftOut) for part in found.left_out)
    assert found.used == (0, 3)
    assert [part.view for part in found.left_out] == [1, 2, 4]
    reasons = [part.reason for part in found.left_out]
    assert "empty" in reasons[0]
    assert "resemble" in reasons[1]
    assert "mirrors" in reasons[2]
    assert found.agreement[0] == 1.0
    with pytest.raises(QualityError, match="No two"):
        assemble([_flat(1, 1), _flat(50, 2)], _match)
    with pytest.raises(QualityError, match="Every view is empty"):
        assemble([empty], _match)


def test_what_no_slice_reaches_does_not_darken_the_rim() -> None:
    image = np.zeros((12, 13, 14), np.float32)
    image[4:9, 4:9, 4:9] = 2
    smooth = _smooth(image)
    np.testing.assert_allclose(smooth[3:10, 3:10, 3:10], 2, rtol=1e-5)
    assert smooth[0, 0, 0] == 0
