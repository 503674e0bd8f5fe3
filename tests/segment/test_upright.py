"""Heads that lie otherwise than their header says."""

import numpy as np
import pytest

from anatwin.core import Grid, Volume
from anatwin.segment.lattice import Lattice
from anatwin.segment.upright import ENOUGH, rotations, turned, turned_volume, upright

SHAPE = (9, 12, 7)


def test_there_are_24_ways_and_none_is_a_mirror_image():
    ways = list(rotations())
    assert len({way.tobytes() for way in ways}) == 24
    assert all(round(np.linalg.det(way)) == 1 for way in ways)
    assert np.array_equal(ways[0], np.eye(3))
    assert all(np.array_equal(way @ way, np.eye(3)) for way in ways[:4])


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.8, 1.3, 2.0)])
def test_voxels_on_a_turned_grid_are_the_turned_array(spacing):
    rng = np.random.default_rng(1)
    volume = Volume(rng.random(SHAPE, np.float32), Grid.centred(SHAPE, spacing))
    for way in rotations():
        found = turned_volume(volume, way)
        axes = np.abs(way).argmax(axis=1)
        lattice = Lattice.of(found.grid, [spacing[axis] for axis in axes])
        assert np.array_equal(lattice.sample(found.data), turned(volume.data, way))
        assert np.array_equal(found.data, volume.data)
        middle = [(n - 1) / 2 for n in SHAPE]
        assert found.grid.at(*middle) == pytest.approx(volume.grid.at(*middle))


def test_a_turned_head_is_turned_back_and_others_stay():
    rng = np.random.default_rng(2)
    head = rng.random(SHAPE, np.float32)

    def agreement(array):
        return 2 * ENOUGH if np.array_equal(array, head) else ENOUGH / 2

    for way in list(rotations())[1:]:
        back = upright(turned(head, way), agreement)
        assert np.array_equal(back @ way, np.eye(3))
    assert upright(head[::-1], agreement) is None
