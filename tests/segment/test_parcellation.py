"""The regions of the cortex: laws on a virtual head, agreement on a real label map."""

import os
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from anatwin.core import Grid, Labels, head_table
from anatwin.phantoms import head
from anatwin.segment import parcellate
from anatwin.segment.parcellation import nearest_inside, regions_table
from anatwin.train.anatomist.brain import cortical_regions
from anatwin.train.anatomist.head import RealHead, face_frame
from anatwin.train.numbering import STRUCTURE_OF, from_sources

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
MAP = DATA / "heads/labels/training_seg_19.nii.gz"


@pytest.fixture(scope="module")
def labels():
    return head(Grid.isotropic((108, 132, 120), 2.0), seed=3)


@pytest.fixture(scope="module")
def regions(labels):
    return parcellate(labels)


def middle(regions, name):
    i, j, k = np.argwhere(regions.mask(name)).mean(axis=0)
    return np.array(regions.grid.at(i, j, k))


def turned(labels, degrees):
    """Return the same voxels with the patient turned about all axes and moved."""
    matrix = labels.grid.matrix
    for axis, angle in enumerate(np.radians(degrees)):
        turn, (a, b) = np.eye(4), [n for n in range(3) if n != axis]
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    matrix[:3, 3] += (30, -20, 11)
    return replace(labels, grid=Grid.from_matrix(labels.grid.shape, matrix))


class TestRegions:
    def test_there_are_26_on_each_side(self):
        sides = [label.side for label in regions_table().labels]
        assert (sides.count("left"), sides.count("right"), len(sides)) == (26, 26, 52)

    def test_all_are_found_and_fill_the_cortex_of_their_side_exactly(self, labels, regions):
        assert min(regions.counts().values()) > 0
        for side in ("left", "right"):
            of_side = [x.name for x in regions.table.labels if x.side == side]
            assert (regions.mask(*of_side) == labels.mask(f"cortex_{side}")).all()

    @pytest.mark.parametrize("side", ["left", "right"])
    @pytest.mark.parametrize(
        ("one", "other", "axis"),
        [
            ("precentral", "superior_parietal", 1),
            ("superior_frontal", "precentral", 1),
            ("temporal_pole", "inferior_temporal", 1),
            ("cuneus", "lingual", 2),
            ("superior_temporal", "inferior_temporal", 2),
            ("paracentral", "posterior_cingulate", 2),
        ],
    )
    def test_neighbours_lie_as_in_an_atlas(self, regions, one, other, axis, side):
        ahead = middle(regions, f"{one}_{side}") - middle(regions, f"{other}_{side}")
        assert ahead[axis] > 5

    @pytest.mark.parametrize("side", ["left", "right"])
    def test_the_insula_is_outside_the_cingulum_and_inside_the_temporal_lobe(self, regions, side):
        inner, insula, outer = (
            abs(middle(regions, f"{name}_{side}")[0])
            for name in ("middle_cingulate", "insula", "middle_temporal")
        )
        assert inner < insula < outer


class TestLaws:
    def test_how_the_patient_lay_makes_no_difference(self, labels, regions):
        lying = parcellate(turned(labels, (25, -40, 160)))
        assert (lying.data == regions.data).mean() > 0.9999

    def test_the_order_of_voxels_makes_no_difference(self, labels, regions):
        flipped = np.ascontiguousarray(labels.data[::-1, :, ::-1].transpose(2, 0, 1))
        matrix = np.eye(4)
        matrix[:3, :3] = [[0, -1, 0], [0, 0, 1], [-1, 0, 0]]
        matrix[:3, 3] = [labels.data.shape[0] - 1, 0, labels.data.shape[2] - 1]
        grid = Grid.from_matrix(flipped.shape, labels.grid.matrix @ matrix)
        found = parcellate(Labels(flipped, grid, labels.table)).data
        back = found.transpose(1, 2, 0)[::-1, :, ::-1]
        cortex = regions.data > 0
        assert (back == regions.data)[cortex].mean() > 0.995

    def test_a_mirrored_head_has_mirrored_regions(self, labels, regions):
        swapped = labels.table.mirrored()[labels.data[::-1]].astype(np.uint8)
        grid = labels.grid
        matrix = grid.matrix
        matrix[0, 3] = -grid.at(grid.shape[0] - 1, 0, 0)[0]
        mirrored = Labels(swapped, Grid.from_matrix(grid.shape, matrix), labels.table)
        found = regions.table.mirrored()[parcellate(mirrored).data[::-1]]
        cortex = regions.data > 0
        assert (found == regions.data)[cortex].mean() > 0.98

    def test_finer_voxels_have_the_same_regions(self, labels):
        brain = labels.mask("brain")
        low = np.argwhere(brain).min(axis=0) - 1
        box = tuple(
            slice(a, b + 2) for a, b in zip(low, np.argwhere(brain).max(axis=0), strict=True)
        )
        matrix = labels.grid.matrix
        matrix[:3, 3] = labels.grid.at(*low)
        data = labels.data[box]
        coarse = Labels(data, Grid.from_matrix(data.shape, matrix), labels.table)
        fine = data.repeat(4, 0).repeat(4, 1).repeat(4, 2)
        matrix = coarse.grid.matrix @ np.diag([0.25, 0.25, 0.25, 1.0])
        matrix[:3, 3] = coarse.grid.at(-0.375, -0.375, -0.375)
        found = parcellate(Labels(fine, Grid.from_matrix(fine.shape, matrix), labels.table)).data
        expected = parcellate(coarse).data
        assert (found[2::4, 2::4, 2::4] == expected)[expected > 0].mean() > 0.9


class TestIncomplete:
    def test_a_brain_cut_by_the_scan_has_none(self, labels):
        data = labels.data[:, :, :85]
        grid = Grid.from_matrix(data.shape, labels.grid.matrix)
        assert parcellate(Labels(data, grid, labels.table)) is None

    def test_half_a_brain_has_none(self, labels):
        left = [x.index for x in labels.table.labels if x.side == "left"]
        data = np.where(np.isin(labels.data, left), 0, labels.data).astype(np.uint8)
        assert parcellate(replace(labels, data=data)) is None

    def test_an_empty_map_has_none(self, labels):
        assert parcellate(replace(labels, data=np.zeros_like(labels.data))) is None


def test_the_way_to_a_centre_stays_inside() -> None:
    shape = np.zeros((13, 21, 3), bool)
    shape[1:12, 1:20, 1] = True
    shape[1:11, 10, 1] = False
    voxels = np.argwhere(shape)
    centres = np.array([[1.0, 9.0, 1.0], [11.0, 19.0, 1.0]])
    nearest = nearest_inside(voxels, np.eye(3, 4), centres)
    corner = np.flatnonzero((voxels == [1, 11, 1]).all(axis=1))[0]
    assert np.linalg.norm(voxels[corner] - centres[0]) < np.linalg.norm(voxels[corner] - centres[1])
    assert nearest[corner] == 1


@pytest.mark.skipif(not MAP.is_file(), reason=f"real label maps are not at {MAP}")
def test_coarse_landmarks_agree_with_single_nuclei_on_a_real_head():
    numbers = nib.as_closest_canonical(nib.load(MAP)).get_fdata(dtype=np.float32)
    fine = from_sources()[numbers.astype(np.int64)]
    structures = STRUCTURE_OF[fine].astype(np.uint8)
    eyes, stem = (np.argwhere(np.isin(structures, n)).astype(float) for n in ((16, 17), 13))
    expected = cortical_regions(RealHead(fine, face_frame(eyes, stem.mean(axis=0))))
    grid = Grid.isotropic(structures.shape, 1.0)
    found = parcellate(Labels(structures, grid, head_table())).data
    dice = [
        2 * ((found == n) & (expected == n)).sum() / ((found == n).sum() + (expected == n).sum())
        for n in regions_table().indices
    ]
    assert np.mean(dice) > 0.88
