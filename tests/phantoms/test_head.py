import numpy as np
import pytest

from anatwin.core import Grid, Labels, head_table
from anatwin.phantoms import head, signal, structures, tissue_table, tissues
from anatwin.phantoms.signal import SEQUENCES, brightness
from anatwin.phantoms.tissue import tissue_list

GRID = Grid.isotropic((72, 88, 80), 3.0)
TABLE = head_table()
BRAIN = [
    label.index for label in TABLE.labels if label.parent == "brain"
]  # both hemispheres, cerebellum, brain stem
LITRE = 1e-6


@pytest.fixture(scope="module", params=[0, 1, 7])
def person(request: pytest.FixtureRequest) -> Labels:
    return head(GRID, request.param)


def volume(labels: Labels, *names: str) -> float:
    counts = labels.counts()
    return sum(counts[TABLE[name].index] for name in names) * GRID.voxel_mm3 * LITRE


def middle(labels: Labels, name: str) -> np.ndarray:
    index = np.argwhere(labels.data == TABLE[name].index).mean(axis=0)
    return np.array(GRID.at(*index))


def test_everybody_has_every_structure(person: Labels) -> None:
    assert min(person.counts().values()) > 20
    assert person.table == TABLE


def test_left_is_left_and_right_is_right(person: Labels) -> None:
    for label in TABLE.labels:
        x = middle(person, label.name)[0]
        assert x < -2 if label.side == "left" else x > 2 if label.side == "right" else abs(x) < 8


def test_pairs_lie_opposite_each_other(person: Labels) -> None:
    for label in TABLE.labels:
        if label.side == "left":
            left, right = (middle(person, TABLE[i].name) for i in (label.index, label.mirror))
            assert np.linalg.norm(left * [-1, 1, 1] - right) < 18  # heads are tilted
            counts = person.counts()
            assert 0.7 < counts[label.index] / counts[label.mirror] < 1.4


def test_structures_are_stacked_as_in_a_person(person: Labels) -> None:
    height = {label.name: middle(person, label.name)[2] for label in TABLE.labels}
    front = {label.name: middle(person, label.name)[1] for label in TABLE.labels}
    assert height["white_matter_left"] > height["brain_stem"] > height["spinal_cord"]
    assert height["cortex_left"] > height["cerebellum_left"]
    assert front["eye_left"] > front["brain_stem"] > front["cerebellum_left"]
    assert front["eye_right"] > front["air"] > front["spinal_cord"]


def test_volumes_are_those_of_adults(person: Labels) -> None:
    names = [TABLE[i].name for i in BRAIN]
    assert 1.1 < volume(person, *names) < 1.7
    assert 0.3 < volume(person, "white_matter_left", "white_matter_right") < 0.65
    assert 0.35 < volume(person, "cortex_left", "cortex_right") < 0.75
    assert 0.11 < volume(person, "cerebellum_left", "cerebellum_right") < 0.26
    assert 0.010 < volume(person, "ventricle_left", "ventricle_right") < 0.06
    assert 0.005 < volume(person, "eye_left") < 0.010
    assert 0.15 < volume(person, "csf") < 0.55
    assert 0.4 < volume(person, "bone") < 1.1


def test_head_has_no_hole_and_skin_all_around(person: Labels) -> None:
    from scipy.ndimage import binary_dilation, binary_fill_holes, label

    inside = person.data > 0
    assert label(inside)[1] == 1
    neck = np.zeros_like(inside)
    neck[:, :, :2] = True  # the head ends with the image there
    hollow = binary_fill_holes(inside | neck) & ~(inside | neck)
    assert not hollow.any()
    rim = binary_dilation(~inside) & inside & ~neck
    bare = rim & ~np.isin(person.data, [TABLE["skin"].index, TABLE["air"].index])
    assert bare.sum() < 0.02 * rim.sum()


def test_brain_is_inside_the_skull(person: Labels) -> None:
    """No path leads from the brain sideways, forwards or up to the skin without bone or fluid."""
    brain = np.isin(person.data, BRAIN)
    bone = person.data == TABLE["bone"].index
    seen_from_above = np.cumsum(bone[:, :, ::-1], axis=2)[:, :, ::-1] > 0
    assert (brain & ~seen_from_above).sum() < 0.002 * brain.sum()


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
    assert np.mean(plain != flipped[::-1]) < 0.01  # the skin is interpolated along the grid
    assert np.mean(plain != turned.transpose(2, 1, 0)) < 0.01


def test_finer_grids_show_the_same_person() -> None:
    coarse = Grid.isotropic((36, 44, 40), 6.0)
    fine = head(Grid.isotropic((108, 132, 120), 2.0), 5).data[1::3, 1::3, 1::3]
    assert np.mean(head(coarse, 5).data != fine) < 0.03


def test_tissues_refine_structures() -> None:
    fine = tissues(GRID, 0)
    assert fine.table == tissue_table()
    assert min(fine.counts().values()) > 0
    assert np.array_equal(structures(fine).data, head(GRID, 0).data)
    for label in tissue_table().labels[: len(TABLE)]:
        twin = TABLE[label.name]
        assert (label.index, label.side, label.mirror) == (twin.index, twin.side, twin.mirror)


def test_mirror_partners_of_tissues_are_mutual() -> None:
    swap = tissue_table().mirrored()
    assert np.array_equal(swap[swap], np.arange(len(swap)))


def test_contrasts_rank_tissues_as_they_do_in_people() -> None:
    number = {tissue.name: tissue.index for tissue in tissue_list()}
    white, grey, fluid, fat, bone = (
        number[name] for name in ("white_matter_left", "cortex_left", "csf", "fat", "bone")
    )
    t1, t2, pd = (brightness(contrast) for contrast in SEQUENCES)
    assert t1[fat] > t1[white] > t1[grey] > t1[fluid] > t1[bone]
    assert t2[fluid] > t2[grey] > t2[white] > t2[bone]
    assert pd[grey] > pd[white]
    assert t1[0] == t1[number["air"]] == 0
    assert brightness("t1", seed=1)[white] != t1[white]


def test_signal_of_structures_and_of_tissues_agree_where_they_name_the_same() -> None:
    fine, coarse = tissues(GRID, 1), head(GRID, 1)
    same = fine.data == coarse.data
    a, b = signal(fine, "t2", seed=1), signal(coarse, "t2", seed=1)
    assert a.data.dtype == np.float32
    assert np.array_equal(a.data[same], b.data[same])
    assert (a.data != b.data).any()
