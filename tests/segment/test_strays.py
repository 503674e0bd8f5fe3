import numpy as np

from anatwin.core import head_table
from anatwin.segment.strays import keep_largest, rename_strays

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
