"""A real head completed: contacts, order, sides and classes of what the rules draw."""

import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from anatwin.core import anatomy_table, anatomy_to_head, head_table
from anatwin.train.anatomist.bones import split_bones
from anatwin.train.anatomist.complete import complete
from anatwin.train.anatomist.head import RealHead, read_head
from anatwin.train.anatomist.neck import split_neck
from anatwin.train.numbering import FINE, STRUCTURE_OF, fine_index

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
MAP = DATA / "heads/labels/training_seg_14.nii.gz"

pytestmark = pytest.mark.skipif(not MAP.exists(), reason=f"needs {MAP}")

Maps = tuple[RealHead, NDArray[np.uint8]]


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Maps:
    """Return a real head below the vertex, and its completed labels."""
    whole = nib.load(MAP)
    low = whole.slicer[:, 110:, :]
    path = tmp_path_factory.mktemp("map") / "low.nii.gz"
    nib.save(low, path)
    head, place = read_head(path)
    labels = complete(head)
    place.save(labels, path.with_name("done.nii.gz"))
    done = nib.load(path.with_name("done.nii.gz"))
    assert done.shape == low.shape
    assert np.allclose(done.affine, low.affine)
    names = np.asanyarray(done.dataobj)[np.asanyarray(low.dataobj) == 512]
    assert (names == anatomy_table()["spinal_cord"].index).mean() > 0.98
    return head, labels


def test_every_label_lies_in_the_class_that_it_came_from(maps: Maps) -> None:
    head, labels = maps
    assert (anatomy_to_head()[labels] == STRUCTURE_OF[head.fine]).all()


def test_the_jaw_is_one_piece_and_chewing_muscles_have_their_bulk(maps: Maps) -> None:
    _, labels = maps
    table = anatomy_table()
    jaw = labels == table["mandible"].index
    parts, n = ndimage.label(jaw, np.ones((3, 3, 3)))
    assert np.bincount(parts.ravel())[1:].max() > 0.98 * jaw.sum() if n > 1 else jaw.any()
    ranges = {
        "masseter": (15, 40),
        "temporalis": (8, 55),
        "medial_pterygoid": (5, 15),
        "lateral_pterygoid": (4, 13),
    }
    for name, (low, high) in ranges.items():
        for side in ("left", "right"):
            volume_ml = (labels == table[f"{name}_{side}"].index).sum() / 1000
            assert low < volume_ml < high, name


def test_sides_are_the_persons_own(maps: Maps) -> None:
    head, labels = maps
    x = head.axes()[0]
    for label in anatomy_table().labels:
        here = labels == label.index
        if label.side != "midline" and here.any():
            assert (x[here].mean() > 0) == (label.side == "right"), label.name


def test_joint_discs_touch_both_bones_and_vertebrae_go_down(maps: Maps) -> None:
    head, labels = maps
    table = anatomy_table()
    for side in ("left", "right"):
        disc = ndimage.binary_dilation(labels == table[f"tmj_disc_{side}"].index, iterations=2)
        for bone in ("skull", "mandible"):
            assert (disc & (labels == table[bone].index)).any()
    z = head.axes()[2]
    heights = [z[labels == table[f"vertebra_c{n}"].index].mean() for n in (1, 2, 3)]
    disc_height = z[labels == table["disc_c2_c3"].index].mean()
    assert heights[0] > heights[1] > disc_height > heights[2]


def _other_side(index: int) -> int:
    """Return the fine entry of the same tissue on the other side."""
    fine = FINE[index]
    mirrored = (fine.tissue, int(head_table().mirrored()[fine.structure]))
    known = {(other.tissue, other.structure) for other in FINE}
    return fine_index(*mirrored) if mirrored in known and mirrored[1] != fine.structure else index


def test_a_mirrored_head_gives_mirrored_bones(maps: Maps) -> None:
    head, labels = maps
    flip = np.diag([-1.0, 1, 1, 1])
    flip[0, 3] = head.fine.shape[0] - 1
    frame = np.diag([-1.0, 1, 1]) @ head.frame @ flip
    swap = np.array([_other_side(index) for index in range(len(FINE))], np.uint8)
    other = RealHead(swap[head.fine[::-1]], frame)
    one, two = split_bones(head), split_bones(other)
    necks = split_neck(head, one).vertebrae, split_neck(other, two).vertebrae[::-1]
    pairs = [*zip(one, (mask[::-1] for mask in two), strict=True)]
    pairs += [(necks[0] == n, necks[1] == n) for n in (1, 2, 3)]
    for mask, back in pairs:
        assert 2 * (mask & back).sum() > 0.97 * (mask.sum() + back.sum())
    assert (labels == anatomy_table()["mandible"].index).sum() == one.mandible.sum()
