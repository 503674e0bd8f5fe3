"""A bend moves points smoothly, and only where it is known."""

import numpy as np
import pytest

from anatwin.core import Bend, GeometryError, Grid

_GRID = Grid.isotropic((5, 6, 7), 10.0)


def test_a_bend_is_linear_between_the_points_of_its_lattice() -> None:
    index = np.indices(_GRID.shape).transpose(1, 2, 3, 0)
    places = index @ _GRID.matrix[:3, :3].T + _GRID.matrix[:3, 3]
    slope = np.random.default_rng(0).normal(size=(3, 3)) * 0.1
    bend = Bend(_GRID, (places @ slope).astype(np.float32))
    points = np.random.default_rng(1).uniform(-19, 19, (50, 3))
    np.testing.assert_allclose(bend.apply(points), points + points @ slope, atol=1e-5)


def test_nothing_moves_beyond_the_lattice() -> None:
    bend = Bend(_GRID, np.ones((*_GRID.shape, 3), np.float32))
    far = np.array([[100.0, 0, 0], [0, -90, 50]])
    np.testing.assert_array_equal(bend.apply(far), far)


def test_every_point_of_the_lattice_needs_a_finite_shift() -> None:
    with pytest.raises(GeometryError, match="finite"):
        Bend(_GRID, np.ones((5, 6, 3), np.float32))
    with pytest.raises(GeometryError, match="finite"):
        Bend(_GRID, np.full((*_GRID.shape, 3), np.nan, np.float32))
