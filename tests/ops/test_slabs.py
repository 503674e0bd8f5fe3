"""Slices of a volume: a linear map with its adjoint, and the motion that makes one fit."""

import numpy as np
import pytest

from anatwin.ops.rigid_motion import rigid
from anatwin.ops.roughness import roughness_slope
from anatwin.ops.slabs import Slabs
from anatwin.testing.laws import assert_adjoint, assert_linear

_SOURCE = (13, 14, 15)


def _slabs(n: int = 4) -> Slabs:
    rng = np.random.default_rng(2)
    index = np.stack([rigid(rng.normal([1, 2, 3 * k]), rng.normal(size=3) / 5) for k in range(n)])
    offsets = np.array([-1.0, 0.0, 1.0])
    return Slabs(index, offsets, np.array([0.25, 0.5, 0.25]), (9, 10, n), _SOURCE)


def test_slabs_have_an_adjoint() -> None:
    slabs = _slabs()
    assert_adjoint(slabs, _SOURCE, slabs.shape)
    assert_linear(slabs.forward, _SOURCE)


def test_a_slab_of_a_linear_volume_is_its_value_at_the_centre() -> None:
    i, j, k = np.meshgrid(*map(np.arange, _SOURCE), indexing="ij")
    index = np.eye(4)[None].copy()
    index[0, :3, 3] = 2, 3, 6
    slabs = Slabs(index, np.array([-2.0, 2.0]), np.array([0.5, 0.5]), (4, 5, 1), _SOURCE)
    rows, columns = np.meshgrid(np.arange(4), np.arange(5), indexing="ij")
    seen = slabs.forward((i + 2 * j - k).astype(float))[:, :, 0]
    np.testing.assert_allclose(seen, (rows + 2) + 2 * (columns + 3) - 6)


def test_a_slice_moves_towards_where_it_fits() -> None:
    points = np.stack(np.meshgrid(*map(np.arange, (24, 25, 26)), indexing="ij"), axis=-1)
    rng = np.random.default_rng(1)
    volume = sum(
        np.exp(-((points - centre) ** 2).sum(axis=-1) / 18)
        for centre in rng.uniform(5, 19, (12, 3))
    ).astype(np.float32)
    start = np.eye(4)
    start[:3, 3] = 2, 2, 12
    truth = rigid(np.array([0.6, -0.5, 0.7]), np.array([0.03, -0.04, 0.05])) @ start
    profile = (np.array([-0.5, 0.5]), np.array([0.5, 0.5]))
    measured = Slabs(truth[None], *profile, (18, 19, 1), volume.shape).forward(volume)[:, :, 0]
    index = start[None].copy()
    for _ in range(8):
        slabs = Slabs(index, *profile, (18, 19, 1), volume.shape)
        index = (slabs.slice_motion(volume, 3 * measured, np.ones((18, 19)), 0) @ index[0])[None]
    corners = np.array([[0, 0, 0, 1], [17, 0, 0, 1], [0, 18, 0, 1]]).T
    assert np.abs((index[0] - truth) @ corners).max() < 0.1
    nothing = slabs.slice_motion(volume, measured, np.zeros((18, 19)), 0)
    np.testing.assert_allclose(nothing, np.eye(4))


def test_the_slope_of_roughness_is_its_derivative() -> None:
    rng = np.random.default_rng(0)
    volume, direction = rng.normal(size=(2, 5, 6, 7))

    def roughness(x: np.ndarray) -> float:
        return sum(np.sqrt(0.3**2 + np.diff(x, axis=n) ** 2).sum() for n in range(3))

    slope, bound = roughness_slope(volume, 0.3)
    step = 1e-5
    central = (roughness(volume + step * direction) - roughness(volume - step * direction)) / (
        2 * step
    )
    assert (slope * direction).sum() == pytest.approx(central, rel=1e-6)
    above = roughness(volume) + (slope * direction).sum() + (bound * direction**2).sum() / 2
    assert roughness(volume + direction) <= above
