import nibabel as nib
import numpy as np
import pytest

from anatwin.core import Grid, Labels, anatomy_table, head_table
from anatwin.train.evaluate import (
    dice,
    head_structures,
    markdown,
    merged_dice,
    read_real,
    synthetic_images,
    table,
)
from anatwin.train.maps import read_map
from anatwin.train.numbering import STRUCTURE_OF


class TestDice:
    def test_two_cubes(self):
        a, b = np.zeros((2, 6, 7, 8), np.uint8)
        a[0:4], b[2:6] = 3, 3
        assert dice(a, b)[2] == pytest.approx(0.5)
        assert np.isnan(dice(a, b)[0])

    def test_a_structure_that_was_missed_scores_zero(self):
        truth = np.full((3, 4, 5), 16, np.uint8)
        assert dice(np.zeros_like(truth), truth)[15] == 0

    def test_merging_forgets_the_side(self):
        truth = np.random.default_rng(0).integers(0, 21, (8, 9, 10))
        swapped = head_table().mirrored()[truth]
        assert merged_dice(swapped, truth) == dict.fromkeys(merged_dice(truth, truth), 1.0)


class TestTables:
    def test_rows_are_named_and_end_in_the_mean(self):
        scores = np.random.default_rng(1).uniform(0.7, 0.9, (5, 20))
        scores[0, 13] = np.nan
        rows = table(scores)
        assert [row.structure for row in rows[:-1]] == [x.name for x in head_table().labels]
        assert rows[13].n == 4
        assert all(row.low <= row.mean <= row.high for row in rows)
        assert rows[-1].mean == pytest.approx(np.nanmean(scores, axis=1).mean())
        assert markdown(rows).count("\n") == 22


class TestSyntheticImages:
    def test_the_same_seed_draws_the_same_whole_heads(self, head):
        first, second = (list(synthetic_images([head], n_images=2, seed=7)) for _ in range(2))
        assert len(first) == 2
        for (volume, truth), (again, same) in zip(first, second, strict=True):
            assert truth.shape == volume.grid.shape
            assert volume.grid.spacing_mm == (1, 1, 1)
            assert np.array_equal(volume.data, again.data)
            assert np.array_equal(truth, same)
        assert not np.array_equal(first[0][0].data, first[1][0].data)


class TestRealData:
    def test_freesurfer_numbers_become_structures_of_one_side(self, real_heads):
        folder = real_heads / "images"
        volume, truth = read_real(
            folder / "brain_t1.nii.gz", folder / "brain_t1_freesurfer.nii.gz", axes="LIA"
        )
        assert truth.shape == volume.grid.shape
        left, right = (np.argwhere(truth == s)[:, 0].mean() for s in (1, 2))
        assert left < right
        assert np.argwhere(truth == 13)[:, 2].mean() < np.argwhere(truth == 3)[:, 2].mean()
        counts = np.bincount(truth.ravel(), minlength=21)
        assert 0.8 < counts[3] / counts[4] < 1.25

    def test_a_real_head_has_every_structure(self, real_heads):
        path = real_heads / "labels" / "training_seg_16.nii.gz"
        counts = np.bincount(STRUCTURE_OF[read_map(path).data].ravel(), minlength=21)
        assert (counts > 0).all()
        assert 20_000 < counts[18] < 400_000  # the air inside a head, 20 to 400 ml
        whole = np.asanyarray(nib.load(path).dataobj)
        assert abs(counts[19] - (whole == 511).sum()) < 0.05 * counts[19]


def test_parts_of_the_anatomy_table_are_what_they_are_in():
    names = {
        "masseter_left": "soft_tissue",
        "mandible": "bone",
        "vertebra_c3": "bone",
        "disc_c2_c3": "soft_tissue",
        "upper_airway": "air",
        "cortex_right": "cortex_right",
        "thalamus_left": "deep_grey_left",
    }
    data = np.array([0] + [anatomy_table()[name].index for name in names], np.uint8)
    grid = Grid.isotropic((len(data), 1, 1), 1.0)
    found = head_structures(Labels(data.reshape(-1, 1, 1), grid, anatomy_table()))
    assert found.ravel().tolist() == [0] + [head_table()[name].index for name in names.values()]
