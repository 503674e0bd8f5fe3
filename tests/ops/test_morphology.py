import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from anatwin.ops.morphology import boundary, bounding_box, largest_part, largest_piece, span


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 999), share=st.sampled_from([0.0, 0.01, 0.3, 0.9, 1.0]))
def test_boundary_is_what_erosion_removes(seed, share):
    mask = np.random.default_rng(seed).random((6, 7, 5)) < share
    expected = np.argwhere(mask & ~ndimage.binary_erosion(mask))
    np.testing.assert_array_equal(boundary(mask), expected)


def test_bounding_box():
    mask = np.zeros((4, 5, 6), bool)
    assert bounding_box(mask) is None
    mask[1, 2, 3] = mask[3, 2, 5] = True
    assert bounding_box(mask) == (slice(1, 4), slice(2, 3), slice(3, 6))


def test_largest_part():
    mask = np.zeros((9, 8, 7), bool)
    assert largest_part(mask) == (0.0, 0)
    mask[1:4, 1:3, 1:3] = mask[6:8, 6, 5] = mask[8, 7, 6] = True
    assert largest_part(mask) == (12 / 15, 3)


def test_span_reaches_from_the_first_to_the_last():
    line = np.zeros(9, bool)
    assert span(line) == slice(0, 0)
    line[[2, 6]] = True
    assert span(line) == slice(2, 7)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 999), share=st.sampled_from([0.0, 0.1, 0.3, 1.0]))
def test_the_largest_piece_is_one_part_of_the_share_that_is_told(seed, share):
    mask = np.random.default_rng(seed).random((6, 7, 5)) < share
    piece = largest_piece(mask)
    assert (piece <= mask).all()
    assert largest_part(piece)[1] == min(largest_part(mask)[1], 1)
    assert piece.sum() == round(largest_part(mask)[0] * mask.sum())
