import numpy as np

from anatwin.core import head_table
from anatwin.segment.strays import keep_large, keep_largest, rename_strays

SHAPE = (20, 24, 28)
TABLE = head_table()


def head(**boxes):
    data = np.full(SHAPE, TABLE["soft_tissue"].index, np.uint8)
    for name, (corner, size) in boxes.items():
        box = tuple(slice(a, a + b) for a, b in zip(corner, size, strict=True))
        data[box] = TABLE[name].index
    return data


def test_brain_in_the_nose_is_soft_tissue():
    brain = {"white_matter_left": ((2, 2, 14), (6, 9, 9)), "cortex_left": ((8, 2, 14), (2, 9, 9))}
    found = head(**brain, csf=((3, 18, 3), (3, 4, 5)), spinal_cord=((14, 2, 2), (2, 2, 6)))
    rename_strays(found, TABLE)
    assert (found == head(**brain)).all()


def test_parts_of_the_brain_that_touch_stay_however_small():
    brain = {
        "white_matter_left": ((2, 2, 14), (6, 9, 9)),
        "brain_stem": ((4, 4, 10), (2, 2, 4)),
        "spinal_cord": ((4, 4, 1), (1, 2, 9)),
    }
    found = head(**brain)
    rename_strays(found, TABLE)
    assert (found == head(**brain)).all()


def test_each_eye_is_one_piece():
    found = head(eye_left=((2, 2, 2), (5, 5, 5)), eye_right=((12, 2, 2), (4, 4, 4)))
    found[2:4, 15:18, 20] = TABLE["eye_left"].index
    rename_strays(found, TABLE)
    assert (found == TABLE["eye_left"].index).sum() == 125
    assert (found == TABLE["eye_right"].index).sum() == 64
    assert (found[2:4, 15:18, 20] == TABLE["soft_tissue"].index).all()


def test_nothing_is_nothing():
    empty = np.zeros(SHAPE, np.uint8)
    keep_largest(empty, [1, 2], into=3)
    assert not empty.any()


def test_the_third_and_fourth_ventricles_stay_and_drops_do_not():
    brain = {"brain_stem": ((2, 2, 2), (12, 12, 12))}
    ventricles = {"ventricle_midline": ((4, 4, 4), (4, 4, 4))}
    found = head(**brain, **ventricles)
    found[4:6, 4:6, 10:12] = TABLE["ventricle_midline"].index
    expected = found.copy()
    found[12, 12, 2:4] = TABLE["ventricle_midline"].index
    expected[12, 12, 2:4] = TABLE["csf"].index
    rename_strays(found, TABLE)
    assert (found == expected).all()


def test_small_pieces_are_renamed_and_nothing_stays_nothing():
    found = head(csf=((1, 1, 1), (4, 4, 4)))
    empty = found.copy()
    keep_large(found, TABLE["air"].index, 3)
    assert (found == empty).all()
    found[10, 10, 10] = TABLE["csf"].index
    keep_large(found, TABLE["csf"].index, TABLE["soft_tissue"].index)
    assert (found == empty).all()
