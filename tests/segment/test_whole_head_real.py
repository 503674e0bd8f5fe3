"""The packaged networks and the atlas on a real scan of head and neck."""

import os
from pathlib import Path

import numpy as np
import pytest

from anatwin.io.nifti import read_volume
from anatwin.measure import head_measures
from anatwin.segment import WholeHead
from anatwin.segment.upright import rotations, turned_volume

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
SCAN = DATA / "heads/images/head_neck_t1.nii.gz"
pytestmark = pytest.mark.skipif(not SCAN.is_file(), reason=f"the scan is not in {SCAN}")


@pytest.fixture(scope="module")
def found():
    return WholeHead()(read_volume(SCAN))


def volume_ml(found, name):
    return np.count_nonzero(found.data == found.table[name].index) * found.grid.voxel_mm3 / 1000


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("temporalis_left", 20, 50),
        ("temporalis_right", 20, 50),
        ("masseter_left", 12, 35),
        ("masseter_right", 12, 35),
        ("medial_pterygoid_left", 2, 14),
        ("medial_pterygoid_right", 2, 14),
        ("lateral_pterygoid_left", 3, 13),
        ("lateral_pterygoid_right", 3, 13),
        ("mandible", 30, 90),
        ("upper_airway", 6, 60),
        ("white_matter_left", 140, 340),
        ("eye_left", 3, 12),
    ],
)
def test_structures_in_the_field_of_view_have_the_size_of_a_persons(found, name, low, high):
    assert low < volume_ml(found, name) < high


def test_left_is_left(found):
    matrix = found.grid.matrix
    for label in found.table.labels:
        if label.side != "left" or volume_ml(found, label.name) < 1:
            continue
        left, right = (
            (np.argwhere(found.data == index).mean(axis=0) @ matrix[:3, :3].T + matrix[:3, 3])[0]
            for index in (label.index, label.mirror)
        )
        assert left < right, label.name


def test_the_brain_is_not_bone_and_the_jaw_is_one(found):
    from scipy.ndimage import label

    _, n_jaws = label(found.data == found.table["mandible"].index)
    assert n_jaws == 1
    assert found.uncertainty.max() <= 1
    contested = found.conflict > 0
    assert 0 < contested.mean() < 0.05
    assert (found.uncertainty[contested] >= 0.5).all()


def test_it_is_measured(found):
    names = {(m.structure, m.name) for m in head_measures(found)}
    assert ("upper_airway", "cross-section[smallest]") in names
    assert ("temporalis_left", "largest cross-section") in names


def test_it_depends_on_three_networks_and_the_atlas():
    names = [path.name for path in WholeHead().files()]
    assert names == ["head.onnx", "craniofacial.onnx", "overview.onnx", "head_atlas.npz"]


def test_a_head_that_is_upside_down_is_labelled_as_before(found, caplog):
    _, *turns = rotations()
    upside_down = turned_volume(read_volume(SCAN), turns[0])
    again = WholeHead()(upside_down)
    assert again.grid == upside_down.grid
    assert "lies turned" in caplog.text
    assert (again.data == found.data).mean() > 0.99
