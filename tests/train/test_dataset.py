"""A user's labelled folder, read as it is."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from anatwin.core import GeometryError, Grid, InputError, Volume
from anatwin.io.nifti import read_labels, write_array, write_volume
from anatwin.train.dataset import read_dataset
from anatwin.train.fingerprint import take_fingerprint

NNUNET = {
    "channel_names": {"0": "T1", "1": "T2"},
    "labels": {"background": 0, "left_part": 1, "right_part": 2},
    "file_ending": ".nii.gz",
}
DECATHLON = {
    "modality": {"0": "MRI"},
    "labels": {"0": "background", "1": "left_part", "2": "right_part"},
}


def write_case(folder, name, channels=2, shape=(20, 16, 18)):
    """Two boxes side by side, the left one brighter; return the grid."""
    grid = Grid.centred(shape, (1.0, 1.5, 1.0))
    truth = np.zeros(shape, np.uint8)
    truth[3:9, 4:12, 5:14], truth[11:17, 4:12, 5:14] = 1, 2
    rng = np.random.default_rng(len(name) + ord(name[-1]))
    for n in range(channels):
        image = (truth * (30 - 10 * n) + rng.normal(100, 3, shape)).astype(np.float32)
        ending = f"_{n:04d}" if channels > 1 else ""
        write_volume(Volume(image, grid), folder / "imagesTr" / f"{name}{ending}.nii.gz")
    write_array(truth, grid, folder / "labelsTr" / f"{name}.nii.gz")
    return grid


@pytest.fixture
def folder(tmp_path):
    """Three cases in nnU-Net's layout."""
    for name in ("imagesTr", "labelsTr"):
        (tmp_path / name).mkdir()
    for name in ("case_b", "case_a", "case_c"):
        write_case(tmp_path, name)
    (tmp_path / "dataset.json").write_text(json.dumps(NNUNET))
    return tmp_path


def describe(folder, **changes):
    (folder / "dataset.json").write_text(json.dumps(NNUNET | changes))
    return read_dataset(folder)


def test_nnunet_layout(folder):
    dataset = read_dataset(folder)
    assert dataset.channels == ("T1", "T2")
    assert [case.name for case in dataset.cases] == ["case_a", "case_b", "case_c"]
    assert dataset.table["left_part"].mirror == dataset.table["right_part"].index == 2
    volumes, labels = dataset.cases[0].read(dataset.table)
    assert len(volumes) == 2
    assert labels.counts() == {1: 432, 2: 432}


def test_decathlon_layout(folder):
    write_case(folder, "only", channels=1)
    entry = {"image": "./imagesTr/only.nii.gz", "label": "./labelsTr/only.nii.gz"}
    (folder / "dataset.json").write_text(json.dumps(DECATHLON | {"training": [entry]}))
    dataset = read_dataset(folder)
    assert [label.name for label in dataset.table.labels] == ["left_part", "right_part"]
    assert dataset.cases[0].read(dataset.table)[0][0].grid.shape == (20, 16, 18)


def test_decathlon_keeps_several_channels_in_one_file(folder):
    import nibabel as nib

    images = np.random.default_rng(2).random((6, 7, 8, 2), np.float32)
    nib.save(nib.Nifti1Image(images, np.eye(4)), folder / "imagesTr" / "both.nii.gz")
    nib.save(
        nib.Nifti1Image(np.ones((6, 7, 8), np.uint8), np.eye(4)),
        folder / "labelsTr" / "both.nii.gz",
    )
    entry = {"image": "./imagesTr/both.nii.gz", "label": "./labelsTr/both.nii.gz"}
    about = DECATHLON | {"modality": {"0": "T1", "1": "T2"}, "training": [entry]}
    (folder / "dataset.json").write_text(json.dumps(about))
    volumes, _ = (dataset := read_dataset(folder)).cases[0].read(dataset.table)
    np.testing.assert_array_equal(volumes[1].data, images[..., 1])


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        ({"background": 0, "a": 1, "b": 3}, "without gaps"),
        ({"a": 1, "b": 2}, "without gaps"),
        ({"background": 0}, "without gaps"),
        ({"background": 0, "whole": [1, 2], "core": [2]}, "regions"),
        ({"background": 0, "a": 1, "ignore": 2}, "ignore"),
        ({"background": 0, "a": 1, "": 2}, "name"),
        ([0, 1], "cannot be understood"),
    ],
)
def test_labels_that_cannot_be_trained_are_refused(folder, labels, complaint):
    with pytest.raises(InputError, match=complaint) as refused:
        describe(folder, labels=labels)
    assert "\n" not in str(refused.value)


def test_what_is_missing_is_named(folder, tmp_path_factory):
    (folder / "imagesTr" / "case_b_0001.nii.gz").unlink()
    with pytest.raises(InputError, match=r"case_b_0001\.nii\.gz is missing"):
        read_dataset(folder)
    with pytest.raises(InputError, match=r"there is no dataset\.json"):
        read_dataset(tmp_path_factory.mktemp("empty"))
    with pytest.raises(InputError, match="file_ending"):
        describe(folder, file_ending=".png")


def test_images_must_lie_where_their_labels_do(folder):
    grid = Grid.centred((20, 16, 18), (1.0, 1.5, 1.01))
    write_volume(
        Volume(np.ones(grid.shape, np.float32), grid), folder / "imagesTr" / "case_b_0001.nii.gz"
    )
    dataset = read_dataset(folder)
    with pytest.raises(GeometryError, match=r"case_b_0001.*must lie on one grid"):
        take_fingerprint(dataset)


def test_a_structure_that_no_case_has_is_refused(folder):
    dataset = describe(folder, labels=NNUNET["labels"] | {"third": 3})
    with pytest.raises(InputError, match="no case has a voxel of third"):
        take_fingerprint(dataset)


def test_a_value_that_is_not_described_is_refused(folder):
    path = folder / "labelsTr" / "case_a.nii.gz"
    labels = read_labels(path, read_dataset(folder).table)
    write_array(labels.data * 3, labels.grid, path)
    with pytest.raises(InputError, match="does not name the value"):
        take_fingerprint(read_dataset(folder))


def test_fingerprint_follows_the_world_not_the_storage(folder):
    plain = take_fingerprint(read_dataset(folder))
    assert plain.shape == (20, 16, 18)
    assert plain.spacing_mm == (1.0, 1.5, 1.0)
    assert plain.volumes_mm3 == {"left_part": 648.0, "right_part": 648.0}
    assert plain.intensities[0].mean == pytest.approx(145, abs=2)
    for path in sorted(folder.glob("*Tr/*.nii.gz")):
        import nibabel as nib

        image = nib.load(path)
        turned = nib.as_closest_canonical(image).as_reoriented([[2, -1], [0, 1], [1, 1]])
        nib.save(nib.Nifti1Image(np.asarray(turned.dataobj), turned.affine), path)
    turned = take_fingerprint(read_dataset(folder))
    assert (turned.shape, turned.spacing_mm) == (plain.shape, plain.spacing_mm)


def test_the_real_hippocampus(tmp_path):
    default = Path(__file__).parents[2] / "../shared/data"
    source = Path(os.environ.get("ANATWIN_DATA", default)) / "hippocampus"
    if not source.is_dir():
        pytest.skip(f"real hippocampi are not at {source} (set ANATWIN_DATA)")
    for name in ("imagesTr", "labelsTr"):
        (tmp_path / name).mkdir()
    for path in sorted((source / "labels").glob("*.nii.gz"))[:6]:
        case = path.name.removesuffix(".nii.gz")
        (tmp_path / "labelsTr" / path.name).symlink_to(path)
        (tmp_path / "imagesTr" / f"{case}_0000.nii.gz").symlink_to(source / "images" / path.name)
    names = {"background": 0, "anterior": 1, "posterior": 2}
    about = {"channel_names": {"0": "MRI"}, "labels": names, "file_ending": ".nii.gz"}
    (tmp_path / "dataset.json").write_text(json.dumps(about))
    fingerprint = take_fingerprint(dataset := read_dataset(tmp_path))
    assert fingerprint.spacing_mm == (1.0, 1.0, 1.0)
    assert fingerprint.volumes_mm3["anterior"] == pytest.approx(1700, rel=0.3)
    assert dataset.cases[0].read(dataset.table)[1].counts()[1] > 1000
