import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import GeometryError
from anatwin.ops.quilting import (
    beyond,
    disagreement,
    laid,
    minimum_error_boundary,
    patch_starts,
    quilt,
)


def costs(seed, rows, columns):
    return np.random.default_rng(seed).random((rows, columns)) ** 3


def monotone_cost(cost):
    """Return the cost of the best path that enters every row once."""
    total = cost[0]
    for row in cost[1:]:
        padded = np.pad(total, 1, constant_values=np.inf)
        total = row + np.min([padded[:-2], padded[1:-1], padded[2:]], axis=0)
    return total.min()


sizes = (st.integers(0, 10**6), st.integers(2, 25), st.integers(2, 14))


class TestBoundary:
    @settings(deadline=None, max_examples=30)
    @given(*sizes)
    def test_never_costlier_than_the_monotone_path_or_a_straight_cut(self, seed, rows, columns):
        cost = costs(seed, rows, columns)
        ours = cost[minimum_error_boundary(cost)].sum()
        assert ours <= monotone_cost(cost) + 1e-6
        assert ours <= cost.sum(axis=0).min() + 1e-6

    def test_it_may_go_back_where_that_is_cheaper(self):
        cost = np.ones((7, 9))
        cost[0:5, 1] = cost[4, 1:6] = cost[2:5, 5] = cost[2, 5:8] = cost[2:7, 7] = 0
        path = minimum_error_boundary(cost)
        assert cost[path].sum() == pytest.approx(0, abs=1e-6)
        assert monotone_cost(cost) > 0

    @settings(deadline=None, max_examples=30)
    @given(*sizes)
    def test_it_parts_the_overlap_in_two(self, seed, rows, columns):
        path = minimum_error_boundary(costs(seed, rows, columns))
        after = beyond(path)
        assert path.any(axis=1).all()
        assert after[path].all()
        # No pixel before the boundary touches one after it, other than the boundary's own.
        free = after & ~path
        assert not (~after[:, :-1] & free[:, 1:]).any()
        assert not (~after[:-1] & free[1:]).any()

    def test_bone_against_void_costs_most(self):
        first, second = np.array([[1.0, 1.0, 0.0]]), np.array([[0.0, 0.6, 0.0]])
        cost = disagreement(first, second)[0]
        assert cost[0] > 10 * cost[1] > cost[2] == 0


class TestQuilt:
    @settings(deadline=None, max_examples=10)
    @given(st.integers(0, 10**6))
    def test_patches_of_one_image_give_that_image(self, seed):
        image = np.random.default_rng(seed).random((22, 31))
        starts = tuple((i, j) for i in (0, 5, 10) for j in (0, 6, 12, 18))
        patches = np.array([image[i : i + 12, j : j + 13] for i, j in starts])
        assert np.array_equal(quilt(patches, starts), image)

    @settings(deadline=None, max_examples=10)
    @given(st.integers(0, 10**6))
    def test_pixels_outside_the_overlap_are_untouched(self, seed):
        patches = np.random.default_rng(seed).random((2, 9, 12))
        sewn = quilt(patches, ((0, 0), (0, 8)))
        assert np.array_equal(sewn[:, :8], patches[0, :, :8])
        assert np.array_equal(sewn[:, 12:], patches[1, :, 4:])
        overlap = sewn[:, 8:12]
        assert ((overlap == patches[0, :, 8:]) | (overlap == patches[1, :, :4])).all()

    def test_every_pixel_comes_from_a_patch_that_covers_it(self):
        rng = np.random.default_rng(3)
        starts = ((0, 0), (0, 7), (6, 0), (6, 7))
        patches = rng.random((4, 10, 11))
        sewn = quilt(patches, starts)
        layers = np.full((4, 16, 18), np.nan)
        for layer, patch, (i, j) in zip(layers, patches, starts, strict=True):
            layer[i : i + 10, j : j + 11] = patch
        assert (layers == sewn).any(axis=0).all()

    def test_a_trabecula_that_both_patches_show_is_not_cut(self):
        first, second = np.zeros((2, 20, 16))
        first[:, 6:9] = second[:, 2:5] = 1  # a strut at column 6, seen by both, 4 to the right
        first[8:12, 12:] = 1  # only the first patch believes in a branch
        sewn = quilt(np.array([first, second]), ((0, 0), (0, 4)))
        assert (sewn[:, 6:9] == 1).all()


class TestCover:
    @settings(deadline=None, max_examples=20)
    @given(st.integers(0, 10**6), st.integers(9, 40), st.integers(9, 40), st.integers(1, 8))
    def test_patches_of_one_picture_give_it_back_sewn_or_laid(self, seed, rows, columns, step):
        picture = np.random.default_rng(seed).random((rows, columns))
        starts = patch_starts(picture.shape, 9, step=step)
        patches = np.stack([picture[i : i + 9, j : j + 9] for i, j in starts])
        assert np.array_equal(quilt(patches, starts), picture)
        assert np.array_equal(laid(patches, starts), picture)

    def test_later_patches_lie_over_earlier_ones(self):
        patches = np.stack([np.zeros((4, 4)), np.ones((4, 4))])
        assert laid(patches, ((0, 0), (0, 2))).tolist() == [[0, 0, 1, 1, 1, 1]] * 4

    def test_an_image_smaller_than_a_patch_is_refused(self):
        with pytest.raises(GeometryError, match="8 x 8"):
            patch_starts((7, 20), 8, step=6)
