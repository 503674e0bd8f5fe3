from itertools import pairwise

import numpy as np
import pytest

from anatwin.core import Grid, Labels, LabelTable, anatomy_table, head_table
from anatwin.phantoms import (
    anatomical,
    anatomy,
    head,
    structures,
    tissue_table,
    tissues,
    whole_head_grid,
)
from anatwin.phantoms.anatomy import random_anatomy
from anatwin.phantoms.head import draw, drawn
from anatwin.phantoms.tissue import tissue_list

GRID = Grid.isotropic((72, 88, 80), 3.0)
WHOLE = whole_head_grid(3.0)
TABLE = head_table()
DRAWN = {tissue.label for tissue in tissue_list()}
FINE = LabelTable(tuple(label for label in anatomy_table().labels if label.name in DRAWN))
BRAIN = [label.index for label in TABLE.labels if label.parent == "brain"]
LITRE = 1e-6
SEEDS = range(6)
CHEWING = ("temporalis", "masseter", "medial_pterygoid", "lateral_pterygoid")


@pytest.fixture(scope="module", params=[0, 7])
def person(request: pytest.FixtureRequest) -> Labels:
    return head(GRID, request.param)


@pytest.fixture(scope="module")
def crowd() -> list[Labels]:
    return [anatomy(WHOLE, seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def sharp() -> Labels:
    """Return a person at 1.5 mm from the cheek bones down."""
    grid = WHOLE.matrix
    grid[:3, :3] /= 2
    grid[:3, 3] = [-80, -70, -150]
    return anatomy(Grid.from_matrix((107, 137, 100), grid), 1)


def where(labels: Labels, name: str) -> np.ndarray:
    return labels.data == labels.table[name].index


def volume(labels: Labels, *names: str) -> float:
    counts = labels.counts()
    n = sum(counts[labels.table[name].index] for name in names)
    return n * labels.grid.voxel_mm3 * LITRE


def middle(labels: Labels, name: str) -> np.ndarray:
    return np.array(labels.grid.at(*np.argwhere(where(labels, name)).mean(axis=0)))


def pieces(mask: np.ndarray) -> int:
    from scipy.ndimage import label

    return int(label(mask, np.ones((3, 3, 3)))[1])


def around(mask: np.ndarray, steps: int = 1) -> np.ndarray:
    from scipy.ndimage import binary_dilation

    return binary_dilation(mask, iterations=steps) & ~mask


def test_everybody_has_every_structure(crowd: list[Labels], person: Labels) -> None:
    assert min(person.counts().values()) > 20
    assert person.table == TABLE
    for labels in crowd:
        assert labels.table == anatomy_table()
        assert min(labels.counts()[index] for index in FINE.indices) > 5


def test_left_is_left_and_pairs_lie_opposite_each_other(crowd: list[Labels]) -> None:
    for labels in crowd[:3]:
        counts = labels.counts()
        for label in FINE.labels:
            x = middle(labels, label.name)[0]
            if label.side == "midline":
                assert abs(x) < 12
                continue
            assert x < -2 if label.side == "left" else x > 2
            left, right = (middle(labels, FINE[i].name) for i in (label.index, label.mirror))
            assert np.linalg.norm(left * [-1, 1, 1] - right) < 22  # heads are tilted
            assert 0.5 < counts[label.index] / counts[label.mirror] < 2


def test_structures_are_stacked_as_in_a_person(crowd: list[Labels]) -> None:
    for labels in crowd:
        height, front = (
            {label.name: middle(labels, label.name)[axis] for label in FINE.labels}
            for axis in (2, 1)
        )
        down = [
            "cortex_left",
            "thalamus_left",
            "brain_stem",
            *(f"vertebra_c{n}" for n in range(1, 8)),
        ]
        assert all(height[a] > height[b] for a, b in pairwise(down))
        assert height["disc_c5_c6"] < height["vertebra_c5"]
        assert front["eye_left"] > front["masseter_left"] > front["spinal_cord"]
        assert front["tongue"] > front["vertebra_c3"]
        assert height["temporalis_right"] > height["tmj_disc_right"] > height["mandible"]


def test_volumes_are_those_of_adults(crowd: list[Labels], person: Labels) -> None:
    names = [TABLE[i].name for i in BRAIN]
    assert 1.0 < volume(person, *names) < 1.7
    assert 0.3 < volume(person, "white_matter_left", "white_matter_right") < 0.65
    assert 0.3 < volume(person, "cortex_left", "cortex_right") < 0.75
    assert 0.11 < volume(person, "cerebellum_left", "cerebellum_right") < 0.26
    assert 0.010 < volume(person, "ventricle_left", "ventricle_right") < 0.06
    assert 0.15 < volume(person, "csf") < 0.6
    assert 0.4 < volume(person, "bone") < 1.1
    ranges = {
        "eye_left": (5, 10), "masseter_left": (10, 35), "temporalis_right": (25, 70),
        "medial_pterygoid_left": (3, 12), "lateral_pterygoid_right": (2, 12), "mandible": (35, 110),
        "tongue": (35, 90), "thalamus_left": (4, 10), "hippocampus_right": (2, 6),
    }  # fmt: skip
    for labels in crowd:
        for name, (low, high) in ranges.items():
            assert low < 1000 * volume(labels, name) < high, name


def test_head_has_no_hole_and_skin_all_around(person: Labels) -> None:
    from scipy.ndimage import binary_fill_holes

    inside = person.data > 0
    assert pieces(inside) == 1
    neck = np.zeros_like(inside)
    neck[:, :, :2] = True  # the head ends with the image there
    hollow = binary_fill_holes(inside | neck) & ~(inside | neck)
    assert not hollow.any()
    rim = around(~inside) & ~neck
    bare = rim & ~np.isin(person.data, [TABLE["skin"].index, TABLE["air"].index])
    assert bare.sum() < 0.02 * rim.sum()


def test_brain_is_inside_the_skull(person: Labels) -> None:
    """No path leads from the brain up to the skin without bone or fluid."""
    brain = np.isin(person.data, BRAIN)
    bone = person.data == TABLE["bone"].index
    seen_from_above = np.cumsum(bone[:, :, ::-1], axis=2)[:, :, ::-1] > 0
    assert (brain & ~seen_from_above).sum() < 0.002 * brain.sum()


def test_cord_is_inside_its_canal(crowd: list[Labels], sharp: Labels) -> None:
    fitting = [FINE[name].index for name in ("csf", "brain_stem", "artery")]
    rim = around(where(sharp, "spinal_cord"))
    assert np.isin(sharp.data[rim], fitting).mean() > 0.995
    for labels in crowd:
        assert pieces(where(labels, "spinal_cord")) == 1


def test_jaw_eyes_and_vertebrae_are_each_one_piece(crowd: list[Labels], sharp: Labels) -> None:
    assert pieces(where(sharp, "mandible")) == 1
    for labels in crowd:
        for name in ("mandible", "eye_left", "eye_right", "vertebra_c1", "vertebra_c4"):
            assert pieces(where(labels, name)) == 1, name


def test_muscles_reach_from_skull_to_jaw(sharp: Labels) -> None:
    for side in ("left", "right"):
        for name in CHEWING:
            rim = around(where(sharp, f"{name}_{side}"), 2)
            for bone in ("skull", "mandible"):
                assert (rim & where(sharp, bone)).sum() > 5, (name, bone)
        disc = around(where(sharp, f"tmj_disc_{side}"), 2)
        assert (disc & where(sharp, "mandible")).sum() > 10
        assert (disc & where(sharp, "skull")).sum() > 10


def test_airway_leads_from_both_nostrils_to_the_windpipe() -> None:
    from scipy.ndimage import label

    grid = WHOLE.matrix
    grid[:3, :3] /= 2
    grid[:3, 3] = [-30, -40, -190]
    box = Grid.from_matrix((41, 120, 125), grid)
    for seed in (0, 3):
        labels = anatomy(box, seed)
        part = label(where(labels, "upper_airway"), np.ones((3, 3, 3)))[0]
        open_at = around(labels.data == 0)
        below = set(np.unique(part[:, :, 0])) - {0}
        above = set(np.unique(part[open_at])) - {0}
        assert below
        assert above & below


def test_a_mirror_shows_the_mirrored_labels() -> None:
    person = random_anatomy(2)
    plain, seen = draw(WHOLE, person), draw(WHOLE, person.mirrored())
    assert min(plain.counts().values()) > 0  # all tissues
    swap = tissue_table().mirrored()
    assert np.mean(swap[plain.data][::-1] != seen.data) < 1e-4


def test_blocks_make_no_difference() -> None:
    grid = Grid.isotropic((50, 52, 54), 0.45)
    matrix = grid.matrix
    matrix[:3, 3] += [44, 10, -22]  # around a joint of the jaw
    grid, person = Grid.from_matrix(grid.shape, matrix), random_anatomy(1)
    data = draw(grid, person).data
    assert len(np.unique(data)) > 6
    for slices, block in drawn(grid, person, step=7):
        assert slices.stop == 54 or (slices.stop - slices.start) % 7 == 0
        assert np.array_equal(data[:, :, slices], block)


def test_volumes_do_not_depend_on_the_resolution() -> None:
    counts = []
    for spacing in (1.0, 2.0):
        matrix = np.diag([spacing] * 3 + [1.0])
        matrix[:3, 3] = [(spacing - 1) / 2 + a for a in (14, -20, -110)]
        n = int(2 / spacing)
        grid = Grid.from_matrix((28 * n, 50 * n, 50 * n), matrix)
        found = anatomy(grid, 3).counts()
        counts.append({name: count * spacing**3 for name, count in found.items()})
    for name in ("mandible", "masseter_right", "medial_pterygoid_right", "skull", "tongue"):
        fine, coarse = (count[FINE[name].index] for count in counts)
        assert coarse == pytest.approx(fine, rel=0.03), name


def test_same_seed_same_person_other_seed_other_person() -> None:
    coarse = Grid.isotropic((36, 44, 40), 6.0)
    assert np.array_equal(head(coarse, 3).data, head(coarse, 3).data)
    assert np.mean(head(coarse, 3).data != head(coarse, 4).data) > 0.05


def test_person_does_not_depend_on_how_the_grid_runs() -> None:
    grid = Grid.isotropic((36, 44, 40), 6.0)
    flip = grid.matrix @ np.diag([-1, 1, 1, 1])
    flip[:3, 3] = grid.at(35, 0, 0)
    swapped = grid.matrix[:, [2, 1, 0, 3]]
    plain = head(grid, 2).data
    flipped = head(Grid.from_matrix(grid.shape, flip), 2).data
    turned = head(Grid.from_matrix((40, 44, 36), swapped), 2).data
    assert np.mean(plain != flipped[::-1]) < 1e-4
    assert np.mean(plain != turned.transpose(2, 1, 0)) < 1e-4


def test_tables_merge_into_one_another() -> None:
    fine = tissues(GRID, 0)
    assert fine.table == tissue_table()
    assert np.array_equal(structures(fine).data, head(GRID, 0).data)
    assert np.array_equal(structures(anatomical(fine)).data, structures(fine).data)
    for table in (tissue_table(), FINE):
        swap = table.mirrored()
        assert np.array_equal(swap[swap], np.arange(len(swap)))
    assert {label.parent for label in FINE.labels} == {label.name for label in TABLE.labels}
