"""Parting anatomy by rules: laws on small shapes whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import InputError
from anatwin.train.anatomist.airway import upper_airway
from anatwin.train.anatomist.bones import Bones, keep_parts, split_bones
from anatwin.train.anatomist.head import RealHead, between, face_frame, head_of
from anatwin.train.anatomist.joints import tmj_disc
from anatwin.train.anatomist.landmarks import Landmarks
from anatwin.train.anatomist.muscles import polygon, rounded, swept, without_corners
from anatwin.train.anatomist.neck import split_neck
from anatwin.train.anatomist.side import FIRST, SHAPE, Side, side_of, to_head
from anatwin.train.numbering import fine_index

SOFT, BONE, CORD, STEM, AIR = (
    fine_index(*entry)
    for entry in (
        ("soft_tissue", 20),
        ("cortical_bone", 15),
        ("spinal_cord", 14),
        ("brain_stem", 13),
        ("air", 18),
    )
)

Corner = tuple[float, float, float]


def painted(*boxes: tuple[int, Corner, Corner]) -> RealHead:
    """Return a head of soft tissue with boxes, lowest and highest corner in the face's frame."""
    origin = np.array([70.0, 120.0, 110.0])
    fine = np.full((141, 151, 131), SOFT, np.uint8)
    for value, low, high in boxes:
        first, last = (np.array(c) + origin for c in (low, high))
        fine[tuple(slice(int(a), int(b) + 1) for a, b in zip(first, last, strict=True))] = value
    return RealHead(fine, np.column_stack([np.eye(3), -origin]))


def jaw_and_skull() -> RealHead:
    """Return a skull block, two rami that touch it by a thin neck, and a brain stem."""
    rami = [(BONE, (x - 5, -65, -60), (x + 5, -52, -20)) for x in (-50, 50)]
    necks = [(BONE, (x - 1, -59, -20), (x + 1, -57, -7)) for x in (-50, 50)]
    vault = (BONE, (-66, -90, -9), (66, 10, 8))
    return painted((STEM, (-8, -92, -30), (8, -76, -10)), vault, *rami, *necks)


def test_the_face_frame_puts_the_eyes_level_and_the_stem_behind() -> None:
    eyes = np.array([[40.0, 90.0, 50.0], [41.0, 90.0, 50.0], [100.0, 94.0, 53.0]])
    stem = np.array([70.0, 20.0, 30.0])
    frame = face_frame(eyes, stem)
    turn = frame[:, :3]
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    left, right = (turn @ e + frame[:, 3] for e in (eyes[:2].mean(axis=0), eyes[2]))
    np.testing.assert_allclose(left, -right, atol=1e-9)
    assert right[0] > 0
    behind = turn @ stem + frame[:, 3]
    assert behind[1] < 0
    assert behind[2] == pytest.approx(0, abs=1e-9)


def test_a_map_without_eyes_is_refused() -> None:
    with pytest.raises(InputError, match="both eyes"):
        head_of(np.full((20, 21, 22), SOFT, np.uint8))


def test_the_jaw_is_cut_from_the_skull_where_bone_is_thinnest() -> None:
    head = jaw_and_skull()
    bones = split_bones(head)
    assert (bones.skull ^ bones.mandible ^ bones.spine == head.bone).all()
    assert not (bones.skull & bones.mandible).any()
    heights = head.axes()[2]
    assert heights[bones.mandible].max() <= -9
    assert heights[bones.mandible].max() >= -22
    assert bones.mandible[heights <= -21].sum() == head.bone[heights <= -21].sum()


def test_a_mirrored_head_gives_mirrored_bones() -> None:
    head = jaw_and_skull()
    other = RealHead(head.fine[::-1].copy(), head.frame)
    for one, two in zip(split_bones(head), split_bones(other), strict=True):
        assert (one == two[::-1]).all()


def test_small_parts_are_dropped() -> None:
    mask = np.zeros((9, 10, 11), bool)
    mask[:6, :6, :6] = True
    mask[8, 9, 10] = True
    assert keep_parts(mask, share=0.05).sum() == 216


def test_the_nose_is_cut_from_a_sinus_at_its_narrow_opening() -> None:
    nose = (AIR, (-7, -30, -48), (7, 0, -24))
    sinus = (AIR, (20, -40, -44), (40, -10, -16))
    hole = (AIR, (8, -20, -34), (19, -19, -33))
    head = painted(nose, sinus, hole)
    airway = upper_airway(head)
    x = head.axes()[0]
    assert airway[(head.fine == AIR) & (x < 8)].all()
    assert not airway[x > 19].any()


def test_vertebrae_are_numbered_downwards_with_discs_between() -> None:
    cord = (CORD, (-4, -84, -110), (4, -76, -30))
    dens = (BONE, (-5, -72, -66), (5, -62, -34))
    clivus = (BONE, (-6, -72, -26), (6, -56, -16))
    bodies = [(BONE, (-8, -72, low), (8, -60, low + 12)) for low in (-82, -98)]
    head = painted(cord, dens, clivus, *bodies)
    z = head.axes()[2]
    bones = Bones(head.bone & (z > -40), np.zeros_like(head.bone), head.bone & (z <= -40))
    neck = split_neck(head, bones)
    assert set(np.unique(neck.vertebrae)) == {0, 2, 3, 4}
    means = [z[neck.vertebrae == n].mean() for n in (2, 3, 4)]
    assert means == sorted(means, reverse=True)
    for n in (2, 3):
        disc = z[neck.discs == n]
        assert means[n - 2] > disc.mean() > means[n - 1]
        assert (head.fine[neck.discs == n] == SOFT).all()


def test_the_joint_disc_fills_the_gap_between_condyle_and_fossa() -> None:
    side = Side(*(np.zeros(SHAPE, bool) for _ in range(5)))
    u, y, z = side.axes()
    ball = (u - 50) ** 2 + (y + 60) ** 2 + (z + 22) ** 2
    side.mandible[ball < 7**2] = True
    side.skull[(ball > 10**2) & (ball < 14**2) & (z > -20)] = True
    side.soft[~side.mandible & ~side.skull] = True
    far = np.array([45.0, -40.0, -70.0])
    points = Landmarks(np.array([50.0, -60.0, -19.0]), far, far, far, far, -19.0)
    disc = tmj_disc(side, points)
    radius = np.sqrt(np.broadcast_to(ball, SHAPE)[disc])
    assert disc.sum() > 100
    assert radius.min() >= 7
    assert radius.max() < 10.5
    assert np.broadcast_to(z, SHAPE)[disc].mean() > -19


def test_sides_go_to_the_face_and_back() -> None:
    head = jaw_and_skull()
    bones = split_bones(head)
    sides = {sign: side_of(head, bones, sign).mandible.astype(np.uint8) for sign in (-1, 1)}
    assert (sides[1] == sides[-1]).all()
    assert (to_head(head, sides).astype(bool) == bones.mandible).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2), st.integers(0, 99))
def test_between_is_closed_and_does_not_depend_on_direction(axis: int, seed: int) -> None:
    mask = np.random.default_rng(seed).random((5, 6, 7)) < 0.2
    inside = between(mask, axis)
    assert (inside >= mask).all()
    assert (between(inside, axis) == inside).all()
    assert (np.flip(between(np.flip(mask, axis), axis), axis) == inside).all()


def test_a_polygon_is_deepest_in_its_middle_and_its_corners_round_off() -> None:
    depth = polygon([(-60.0, -60.0), (-20.0, -60.0), (-20.0, -20.0), (-60.0, -20.0)])
    middle = (-40 - FIRST[1], -40 - FIRST[2])
    assert depth[middle] == depth.max() == pytest.approx(20)
    corner = (-59 - FIRST[1], -59 - FIRST[2])
    assert depth[corner] > 0 > without_corners(depth, radius_mm=8.0)[corner]
    assert rounded(depth, edge_mm=5.0)[middle] == 1


def test_a_swept_belly_joins_its_ends() -> None:
    ends = (np.array([20.0, -40.0, -30.0]), np.array([50.0, -60.0, -20.0]))
    belly = swept(ends, (6.0, 4.0), (4.0, 3.0))
    for end in ends:
        assert belly[tuple((end - FIRST).astype(int))]
    length = np.linalg.norm(ends[1] - ends[0])
    assert np.pi * 3 * 4 * length < belly.sum() < np.pi * 4 * 6 * length * 2.2
