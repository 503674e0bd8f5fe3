"""The command: views in, one image and one mask out."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from anatwin.acquire import ThickSlices
from anatwin.align import GlobalRigid, resampled
from anatwin.commands.fuse import Fuse
from anatwin.core import Grid, Label, LabelTable, UsageError, Volume
from anatwin.fuse import SuperResolution
from anatwin.io.nifti import read_volume, write_array, write_volume
from anatwin.io.transforms import read_transform
from anatwin.phantoms import head_ellipsoids
from anatwin.segment import TrainedNetwork
from anatwin.segment.recipe import Channel, Recipe

_QUICK = {
    "align": GlobalRigid(rotation_deg=0, shift_mm=20, candidates=4),
    "image": SuperResolution(iterations=3),
    "spacing_mm": 6.0,
}


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write two stacks of a head that moved, their masks, and noise."""
    folder = tmp_path_factory.mktemp("stacks")
    head = head_ellipsoids().image(Grid.isotropic((44, 50, 48), 5.0)).magnitude()
    for seed, direction in enumerate(("axial", "coronal")):
        method = ThickSlices(direction=direction, distance_mm=15, rotation_deg=5 * seed, seed=seed)
        volume = method(head).volume
        write_volume(volume, folder / f"{direction}.nii.gz")
        mask = volume.data > 0.3 * volume.data.max()
        write_array(mask.astype(np.uint8), volume.grid, folder / f"{direction}_mask.nii.gz")
    noise = np.random.default_rng(0).random(volume.data.shape, np.float32)
    write_volume(Volume(noise, volume.grid), folder / "noise.nii.gz")
    return folder


def test_stacks_become_a_case(stacks: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    names = ("axial", "coronal")
    Fuse(
        views=tuple(stacks / f"{name}.nii.gz" for name in names), output=tmp_path / "case",
        masks=tuple(stacks / f"{name}_mask.nii.gz" for name in names), even=True, **_QUICK,
    ).run()  # fmt: skip
    image = read_volume(tmp_path / "case/image.nii.gz")
    mask = read_volume(tmp_path / "case/labels.nii.gz")
    assert image.grid.matches(mask.grid)
    assert image.grid.spacing_mm == pytest.approx((6, 6, 6), abs=1e-4)
    turn = read_transform(tmp_path / "case/transforms/view_2.tfm").rotation_deg
    plain = read_transform(tmp_path / "case/transforms/view_2.txt").rotation_deg
    assert turn == pytest.approx(plain)
    assert 1 < turn < 10
    assert "2 of 2 views" in capsys.readouterr().out


def test_a_bad_view_is_named(stacks: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    views = tuple(stacks / f"{name}.nii.gz" for name in ("axial", "noise", "coronal"))
    Fuse(views=views, output=tmp_path / "image.nii.gz", **_QUICK).run()
    told = capsys.readouterr().out
    assert "noise.nii.gz is left out" in told
    assert "2 of 3 views" in told
    assert (tmp_path / "image.nii.gz").exists()


def write_dicom(volume: Volume, folder: Path, series: int = 1) -> None:
    """Write a stack as a series of slices, its values as whole numbers up to 60000."""
    folder.mkdir(exist_ok=True)
    to_lps = np.array([-1, -1, 1])
    axes = volume.grid.matrix[:3, :3] / volume.grid.spacing_mm * to_lps[:, None]
    pixels = np.rint(volume.data / volume.data.max() * 60000).clip(0).astype(np.uint16)
    for k in range(pixels.shape[2]):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
        meta.MediaStorageSOPInstanceUID = f"1.2.3.{series}.{k + 1}"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
        one.SOPClassUID, one.SOPInstanceUID = (
            meta.MediaStorageSOPClassUID,
            f"1.2.3.{series}.{k + 1}",
        )
        one.Modality, one.SeriesInstanceUID, one.SeriesNumber = "MR", f"1.2.2.{series}", series
        one.InstanceNumber, one.SliceThickness = k + 1, volume.grid.spacing_mm[2]
        one.ImageOrientationPatient = [round(float(x), 6) for x in axes[:, :2].T.ravel()]
        place = volume.grid.at(0, 0, k) * to_lps
        one.ImagePositionPatient = [round(float(x), 4) for x in place]
        one.PixelSpacing = [volume.grid.spacing_mm[1], volume.grid.spacing_mm[0]]
        one.Columns, one.Rows = pixels.shape[:2]
        one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
        one.BitsAllocated = one.BitsStored = 16
        one.HighBit, one.PixelRepresentation = 15, 0
        one.PixelData = np.ascontiguousarray(pixels[:, :, k].T).tobytes()
        one.save_as(folder / f"IM{series}{k:03d}")


def test_dicom_and_nifti_may_be_mixed(stacks: Path, tmp_path: Path) -> None:
    coronal = read_volume(stacks / "coronal.nii.gz")
    coronal = Volume(np.maximum(coronal.data, 0), coronal.grid)
    write_volume(coronal, tmp_path / "plain.nii.gz")
    write_dicom(coronal, tmp_path / "series")
    images = []
    for name in ("plain.nii.gz", "series"):
        views = (tmp_path / name, stacks / "axial.nii.gz")
        Fuse(views=views, output=tmp_path / "image.nii.gz", **_QUICK).run()
        images.append(read_volume(tmp_path / "image.nii.gz"))
    # DICOM's slices are read in their own order, so the fused grid may run the other way.
    mixed = resampled(images[1], images[0].grid)
    assert np.corrcoef(images[0].data.ravel(), mixed.data.ravel())[0, 1] > 0.995


def test_every_series_of_a_folder_is_a_view(
    stacks: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for number, name in enumerate(("axial", "coronal"), start=4):
        volume = read_volume(stacks / f"{name}.nii.gz")
        volume = Volume(np.maximum(volume.data, 0), volume.grid)
        write_dicom(volume, tmp_path / "exam", series=number)
    Fuse(views=(tmp_path / "exam",), output=tmp_path / "case", **_QUICK).run()
    told = capsys.readouterr().out
    assert "exam, series 4: turned" in told
    assert "exam, series 5: turned" in told
    assert "2 of 2 views" in told


def test_a_bend_is_written_where_it_is_asked_for(
    stacks: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    sitk = pytest.importorskip("SimpleITK")
    views = tuple(stacks / f"{name}.nii.gz" for name in ("axial", "coronal"))
    masks = tuple(stacks / f"{name}_mask.nii.gz" for name in ("axial", "coronal"))
    Fuse(views=views, masks=masks, unbend=True, output=tmp_path / "case", **_QUICK).run()
    assert "coronal.nii.gz: turned" in (told := capsys.readouterr().out)
    assert "bent by up to" in told
    written = sitk.ReadTransform(str(tmp_path / "case/transforms/view_2_bent.tfm"))
    assert written.GetDimension() == 3
    assert not (tmp_path / "case/transforms/view_1_bent.tfm").exists()


def save_network(path: Path) -> Path:
    """Write a network for views that marks what is brighter than the threshold of the masks."""
    weight = np.array([0, 200], np.float32).reshape(2, 1, 1, 1, 1)
    node = helper.make_node("Conv", ["image", "weight", "bias"], ["logits"])
    sizes = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, n, "i", "j", "k"])
        for name, n in (("image", 1), ("logits", 2))
    ]
    weights = {"weight": weight, "bias": np.array([0, -100], np.float32)}
    tensors = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph([node], "bright", sizes[:1], sizes[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    scaling = Channel("view", "percentiles", 2.0, 98.0, 0.0, 1.0)
    table = LabelTable((Label(1, "bright", (9, 9, 9)),))
    recipe = Recipe((scaling,), table, (5.0, 5.0, 15.0), (2, 2, 1), is_of_views=True)
    helper.set_model_props(model, {"recipe": recipe.to_json()})
    onnx.save(model, path)
    return path


def test_views_are_labelled_by_a_network(stacks: Path, tmp_path: Path) -> None:
    method = TrainedNetwork(model=save_network(tmp_path / "network.onnx"), threads=1)
    views = tuple(stacks / f"{name}.nii.gz" for name in ("axial", "coronal"))
    labels = [method(read_volume(view)) for view in views]
    masks = tuple(tmp_path / f"mask_{n}.nii.gz" for n in range(2))
    for one, path in zip(labels, masks, strict=True):
        assert 0.05 < one.data.mean() < 0.9
        write_array(one.data, one.grid, path)
    Fuse(views=views, masks=masks, output=tmp_path / "given", **_QUICK).run()
    Fuse(views=views, segment=method, output=tmp_path / "found", **_QUICK).run()
    given, found = (read_volume(tmp_path / name / "labels.nii.gz") for name in ("given", "found"))
    # With masks, what they mark is aligned; here the images are, so the poses differ a little.
    assert given.grid.matches(found.grid)
    assert np.mean((given.data > 0) != (found.data > 0)) < 0.03
    assert "bright" in (tmp_path / "found/labels.tsv").read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="not both"):
        Fuse(views=views, masks=masks, segment=method, output=tmp_path / "x").run()


def test_one_view_alone_is_kept_as_it_is(stacks: Path, tmp_path: Path) -> None:
    view, mask = stacks / "axial.nii.gz", stacks / "axial_mask.nii.gz"
    Fuse(views=(view,), masks=(mask,), output=tmp_path / "one.nii.gz").run()
    for source, result in ((view, "one.nii.gz"), (mask, "one_labels.nii.gz")):
        expected, found = read_volume(source), read_volume(tmp_path / result)
        assert found.grid.matches(expected.grid)
        np.testing.assert_array_equal(found.data, expected.data)


def test_masks_must_fit_the_views(stacks: Path, tmp_path: Path) -> None:
    view = stacks / "axial.nii.gz"
    with pytest.raises(UsageError, match="one mask for each view"):
        Fuse(views=(view,), masks=(view, view), output=tmp_path / "x.nii.gz").run()
    with pytest.raises(UsageError, match="at least one view"):
        Fuse(views=(), output=tmp_path / "x.nii.gz").run()
    with pytest.raises(UsageError, match="give --masks"):
        Fuse(views=(view, view), even=True, output=tmp_path / "x.nii.gz").run()
