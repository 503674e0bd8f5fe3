from dataclasses import dataclass

import numpy as np
import pytest

from anatwin.core import GeometryError, Grid, InputError, Labels, UsageError, Volume, anatomy_table
from anatwin.io.nifti import write_labels, write_volume
from anatwin.studies import Head
from anatwin.studies.head import PAPER_CLASSES

GRID = Grid.isotropic((30, 28, 26), 1.0)


def truth(shift=0):
    """Return a head of boxes: every class of the paper, one after the other, on both sides."""
    data = np.zeros(GRID.shape, np.uint8)
    names = [names for names, _ in PAPER_CLASSES.values()]
    for row, parts in enumerate(names):
        for column, name in enumerate(parts[:2]):
            where = (slice(4 + 14 * column + shift, 12 + 14 * column + shift), 2 * row + 1)
            data[where[0], where[1] : where[1] + 2, 4:20] = anatomy_table()[name].index
    return Labels(data, GRID, anatomy_table())


@dataclass(frozen=True)
class Answer:
    """Give the same labels whatever the scan."""

    labels: Labels

    def __call__(self, volume):
        return self.labels


@pytest.fixture
def folder(tmp_path):
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    image = Volume(truth().data.astype(np.float32), GRID)
    for name in ("a.nii.gz", "b.nii.gz"):
        write_volume(image, tmp_path / "images" / name)
        write_labels(truth(), tmp_path / "labels" / name)
    return tmp_path


def test_a_perfect_answer_scores_one_in_every_class(folder):
    classes, sides = Head(method=Answer(truth()))((folder,)).tables
    assert [row[0] for row in classes.rows] == [*PAPER_CLASSES, "mean of classes"]
    assert all(row[1] == 2 for row in classes.rows)
    assert [row[2] for row in classes.rows] == pytest.approx([1.0] * 13)
    assert [row[5] for row in classes.rows[:-1]] == pytest.approx([0.0] * 12)
    assert all(row[3] == 0 for row in sides.rows)


def test_a_shifted_answer_loses_what_it_shifts(folder):
    classes, _ = Head(method=Answer(truth(shift=2)))((folder,)).tables
    assert [row[2] for row in classes.rows] == pytest.approx([0.75] * 13)


def test_swapped_sides_are_counted(folder):
    swapped = truth()
    data = anatomy_table().mirrored()[swapped.data].astype(np.uint8)
    classes, sides = Head(method=Answer(Labels(data, GRID, swapped.table)))((folder,)).tables
    masseter = [row for row in sides.rows if row[1] == "masseter_left"]
    assert all(row[3] == row[2] for row in masseter)
    # Both sides count as one class, so Dice alone would not have told.
    assert classes.rows[1][2] == pytest.approx(1.0)


def test_what_is_not_found_counts_as_zero(folder):
    empty = Labels(np.zeros(GRID.shape, np.uint8), GRID, anatomy_table())
    classes, _ = Head(method=Answer(empty))((folder,)).tables
    assert [row[2] for row in classes.rows] == [0.0] * 13


def test_unusable_folders_are_refused(folder, tmp_path):
    study = Head(method=Answer(truth()))
    with pytest.raises(UsageError, match="one folder"):
        study((folder, folder))
    with pytest.raises(InputError, match="must hold images"):
        study((folder / "images",))
    (folder / "labels" / "b.nii.gz").unlink()
    with pytest.raises(InputError, match=r"not b\.nii\.gz"):
        study((folder,))


def test_labels_on_another_grid_are_refused(folder):
    other = Grid.isotropic((28, 28, 26), 1.0)
    small = Labels(np.zeros(other.shape, np.uint8), other, anatomy_table())
    write_labels(small, folder / "labels" / "a.nii.gz")
    with pytest.raises(GeometryError, match=r"a\.nii\.gz"):
        Head(method=Answer(truth()))((folder,))
