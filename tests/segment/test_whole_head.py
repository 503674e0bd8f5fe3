"""What the networks say of a head, before an atlas weighs it."""

import numpy as np
import pytest

from anatwin.core import Grid, Volume
from anatwin.segment import WholeHead
from anatwin.segment.seen import Seen


@pytest.fixture(scope="module")
def seen():
    """A bright ball with a hole, coarse enough to be seen quickly."""
    grid = Grid.centred((30, 34, 28), (2.0, 2.0, 2.0))
    index = np.indices(grid.shape) - np.reshape([14.5, 16.5, 13.5], (3, 1, 1, 1))
    radius = np.sqrt((index**2).sum(axis=0))
    return Seen.of(Volume(((radius < 11) & (radius > 5)).astype(np.float32), grid), 128)


def test_networks_say_the_same_side_by_side_and_one_after_the_other(seen):
    one, two = (WholeHead(threads=n).evidence(seen) for n in (1, 2))
    assert len(one.near) == 2
    for alone, beside in zip(one.near, two.near, strict=True):
        np.testing.assert_array_equal(alone.levels, beside.levels)
        assert alone.levels.shape[1:] == seen.head.shape
        assert set(np.unique(alone.levels.sum(axis=0, dtype=int))) <= set(range(245, 266))
