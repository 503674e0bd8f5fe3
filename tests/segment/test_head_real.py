"""The packaged network on real scans."""

import os
from pathlib import Path

import numpy as np
import pytest

from anatwin.core import Grid, Labels, Volume, head_table
from anatwin.io.nifti import read_volume
from anatwin.measure import check_labels, compare_labels
from anatwin.segment import HeadNetwork
from anatwin.train.numbering import STRUCTURE_OF, from_sources

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
IMAGES = DATA / "heads/images"
REASON = f"the scan and its FreeSurfer labels are not in {IMAGES}"
pytestmark = pytest.mark.skipif(not (IMAGES / "brain_t1.nii.gz").is_file(), reason=REASON)


# The file has no orientation; its labels show that it is stored left, inferior, anterior.
STORED = np.array([[-1, 0, 0, 80], [0, 0, 1, -112], [0, -1, 0, 96], [0, 0, 0, 1]], float)


@pytest.fixture(scope="module")
def brain():
    volume = read_volume(IMAGES / "brain_t1.nii.gz")
    return Volume(volume.data, Grid.from_matrix(volume.grid.shape, STORED))


@pytest.fixture(scope="module")
def truth(brain):
    numbers = read_volume(IMAGES / "brain_t1_freesurfer.nii.gz").data.astype(np.int64)
    fine = from_sources()[numbers]
    fine[fine == 255] = 0  # hypointensities that no structure owns
    return Labels(STRUCTURE_OF[fine], brain.grid, head_table())


@pytest.fixture(scope="module")
def found(brain):
    return HeadNetwork()(brain)


def dice(a, b, names):
    """Dice over the voxels of several structures at once, sides kept apart."""
    table = head_table()
    indices = [table[name].index for name in names]
    same = sum(np.count_nonzero((a == n) & (b == n)) for n in indices)
    return 2 * same / sum(np.count_nonzero(a == n) + np.count_nonzero(b == n) for n in indices)


@pytest.mark.parametrize(
    ("names", "least"),
    [
        (("white_matter_left", "white_matter_right"), 0.85),
        (("cortex_left", "cortex_right"), 0.79),
        (("ventricle_left", "ventricle_right", "ventricle_midline"), 0.85),
    ],
)
def test_as_good_as_the_model_card_says(found, truth, names, least):
    assert dice(found.data, truth.data, names) >= least


def test_brain_is_plausible(found):
    verdicts = {check.name: check.verdict for check in check_labels(found)}
    del verdicts["structures"]  # skull-stripped: no bone, no eyes
    assert "fail" not in verdicts.values()
    assert verdicts["sides"] == "pass"


def middle(volume):
    """A part around the midline that is quick to label."""
    box = (slice(32, 128), slice(48, 144), slice(72, 168))
    matrix = volume.grid.matrix
    matrix[:3, 3] = volume.grid.at(*(part.start for part in box))
    data = volume.data[box]
    return Volume(data, Grid.from_matrix(data.shape, matrix))


def test_mirrored_head_has_its_sides_swapped(brain):
    part = middle(brain)
    axis = next(a for a, code in enumerate(part.grid.axis_codes()) if code in "LR")
    method = HeadNetwork(window=96)
    labels = method(part).data
    mirrored = method(Volume(np.flip(part.data, axis), part.grid)).data
    back = head_table().mirrored()[np.flip(mirrored, axis)]
    sided = [label.name for label in head_table().labels if label.side != "midline"]
    assert dice(back, labels, sided) >= 0.9
    assert dice(np.flip(mirrored, axis), labels, sided) <= 0.1


def test_storage_order_does_not_matter_to_the_real_network(brain):
    part = middle(brain)
    order = np.zeros((4, 4))
    order[[2, 0, 1, 3], [0, 1, 2, 3]] = 1, -1, 1, 1
    order[0, 3] = part.grid.shape[0] - 1
    data = part.data.transpose(2, 0, 1)[:, ::-1]
    turned = Volume(data, Grid.from_matrix(data.shape, part.grid.matrix @ order))
    method = HeadNetwork(window=96)
    expected = method(part).data.transpose(2, 0, 1)[:, ::-1]
    np.testing.assert_array_equal(method(turned).data, expected)


def test_every_structure_is_reported(found, truth):
    rows = compare_labels(found, truth)
    dices = [row for row in rows if row.name == "Dice"]
    assert len(dices) == len(head_table())
