import os
import shutil
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, JPEGLosslessSV1, RLELossless

from anatwin.core import AnatwinError, InputError, MissingPartError
from anatwin.io.dicom import read_every_series, read_series, read_series_and_notes

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
COLUMNS, ROWS, SLICES = 7, 5, 6
SPACING_MM = (1.25, 0.75)  # between columns, between rows
STEP_MM = 2.0
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SERIES = "1.2.2"
VOLUME = (1 + np.arange(COLUMNS * ROWS * SLICES).reshape(COLUMNS, ROWS, SLICES)).astype(np.uint16)


def meta(syntax=ExplicitVRLittleEndian):
    info = FileMetaDataset()
    info.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    info.MediaStorageSOPInstanceUID = "1.2.3.4"
    info.TransferSyntaxUID = syntax
    return info


def position(k, orientation=AXIAL, origin=(-10.0, 20.0, 30.0)):
    normal = np.cross(orientation[:3], orientation[3:])
    return [round(float(x), 6) for x in np.array(origin) + k * STEP_MM * normal]


def make_slice(pixels, k, orientation=AXIAL, **elements):
    """Return a data set with ``pixels`` (``column row``) at slice ``k``."""
    data = FileDataset("", {}, file_meta=meta(), preamble=bytes(128))
    data.PatientName = "Doe^Jane"
    data.PatientID = "42"
    data.Modality, data.Manufacturer = "MR", "Maker"
    data.MagneticFieldStrength, data.RepetitionTime, data.EchoTime = 3.0, 1900.0, 2.5
    data.SeriesInstanceUID, data.SeriesNumber, data.InstanceNumber = SERIES, 2, int(k) + 1
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID
    data.ImagePositionPatient = position(k, orientation)
    data.ImageOrientationPatient = list(orientation)
    data.PixelSpacing = [SPACING_MM[1], SPACING_MM[0]]
    data.SliceThickness = STEP_MM
    store(data, pixels)
    for name, value in elements.items():
        setattr(data, name, value)
    return data


def store(data, pixels):
    data.Columns, data.Rows = pixels.shape[:2]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation = 15, 0
    data.PixelData = np.ascontiguousarray(pixels.T).tobytes()


def save_series(folder, order=range(SLICES), name="IM{:03d}", **elements):
    folder.mkdir(exist_ok=True)
    for number, k in enumerate(order):
        pixels = VOLUME[:, :, k]
        make_slice(pixels, k, **elements).save_as(folder / name.format(number))
    return folder


def test_order_names_and_values(tmp_path):
    save_series(tmp_path, order=[3, 0, 5, 1, 4, 2])
    volume, notes, facts = read_series_and_notes(tmp_path)
    np.testing.assert_array_equal(volume.data, VOLUME)
    assert volume.data.dtype == np.float32
    assert notes == ()
    assert dict(facts) == {
        "modality": "MR",
        "manufacturer": "Maker",
        "field strength": "3 T",
        "repetition time": "1900 ms",
        "echo time": "2.5 ms",
        "slice thickness": "2 mm",
    }
    assert "Doe" not in repr((notes, facts))


def test_position_becomes_ras_mm(tmp_path):
    grid = read_series(save_series(tmp_path)).grid
    assert grid.axis_codes() == "LPS"
    assert grid.spacing_mm == pytest.approx((*SPACING_MM, STEP_MM))
    assert grid.at(0, 0, 0) == pytest.approx((10.0, -20.0, 30.0))
    assert grid.at(1, 2, 3) == pytest.approx((10 - 1.25, -20 - 2 * 0.75, 36.0))


def cosines():
    """Every pair of perpendicular axes, and an oblique one."""
    for a, b in permutations(range(3), 2):
        for first, second in product((1.0, -1.0), repeat=2):
            yield (*(np.eye(3)[a] * first), *(np.eye(3)[b] * second))
    turn, _ = np.linalg.qr(np.array([[1, 0.2, -0.4], [0.3, 1, 0.5], [0.1, -0.6, 1]]))
    yield (*turn[:, 0], *turn[:, 1])


def test_every_direction_keeps_the_world(tmp_path):
    for number, orientation in enumerate(cosines()):
        folder = save_series(tmp_path / str(number), orientation=orientation)
        volume = read_series(folder)
        row, column = np.reshape(orientation, (2, 3))
        expected = position(4, orientation) + row * 3 * SPACING_MM[0] + column * 2 * SPACING_MM[1]
        np.testing.assert_array_equal(volume.data, VOLUME)
        np.testing.assert_allclose(
            volume.grid.at(3, 2, 4), expected * np.array([-1, -1, 1]), atol=1e-4
        )


def test_rescale_of_each_slice_and_monochrome1(tmp_path):
    for k in range(SLICES):
        make_slice(VOLUME[:, :, k], k, RescaleSlope=0.5 + k, RescaleIntercept=-3.0).save_as(
            tmp_path / f"{k}.dcm"
        )
    expected = VOLUME * (0.5 + np.arange(SLICES)) - 3.0
    np.testing.assert_allclose(read_series(tmp_path).data, expected, rtol=1e-6)
    save_series(tmp_path / "dark", PhotometricInterpretation="MONOCHROME1")
    volume, notes, _ = read_series_and_notes(tmp_path / "dark")
    np.testing.assert_array_equal(volume.data, VOLUME.max() - VOLUME.astype(int))
    assert "MONOCHROME1" in notes[0]


def test_every_series_is_read(tmp_path):
    save_series(tmp_path)
    save_series(tmp_path, [0, 1, 2], "A{}", SeriesInstanceUID="1.2.7", SeriesNumber=7)
    save_series(tmp_path, [0, 1], "B{}", SeriesInstanceUID="1.2.8", SeriesNumber=8)
    found = dict(read_every_series(tmp_path))
    assert found.keys() == {"series 2", "series 7"}
    np.testing.assert_array_equal(found["series 2"].data, read_series(tmp_path).data)
    assert found["series 7"].grid.shape[2] == 3
    save_series(tmp_path / "scout", [0])
    with pytest.raises(InputError, match="three slices"):
        read_every_series(tmp_path / "scout")
    save_series(tmp_path / "torn", [0, 1, 4, 5])
    with pytest.raises(InputError, match="series 2"):
        read_every_series(tmp_path / "torn")


def test_missing_slice_is_named_with_its_gap(tmp_path):
    save_series(tmp_path, order=[0, 1, 4, 5])
    with pytest.raises(
        InputError,
        match=r"2 slices are missing: 6\.00 mm instead of 2\.00 mm between IM001 and IM002",
    ):
        read_series(tmp_path)


def test_uneven_and_crooked_stacks(tmp_path):
    save_series(tmp_path / "uneven")
    make_slice(VOLUME[:, :, 2], 2.4).save_as(tmp_path / "uneven/IM002")
    with pytest.raises(InputError, match=r"unevenly spaced, 1\.20 to 2\.80 mm"):
        read_series(tmp_path / "uneven")
    save_series(tmp_path / "crooked")
    moved = make_slice(VOLUME[:, :, 2], 2)
    moved.ImagePositionPatient[0] += 3
    moved.save_as(tmp_path / "crooked/IM002")
    with pytest.raises(InputError, match="straight line"):
        read_series(tmp_path / "crooked")


def test_leaning_stack_keeps_its_lean(tmp_path):
    for k in range(SLICES):
        leaning = make_slice(VOLUME[:, :, k], k)
        leaning.ImagePositionPatient[1] += k * 0.5
        leaning.save_as(tmp_path / str(k))
    volume, notes, _ = read_series_and_notes(tmp_path)
    assert volume.grid.at(0, 0, 4) == pytest.approx((10.0, -22.0, 38.0))
    assert "leans by 14.0 degrees" in notes[0]


def test_copies_are_dropped_and_contradictions_refused(tmp_path):
    save_series(tmp_path)
    shutil.copy(tmp_path / "IM002", tmp_path / "copy of IM002")
    volume, notes, _ = read_series_and_notes(tmp_path)
    np.testing.assert_array_equal(volume.data, VOLUME)
    assert notes == ("Dropped: 1 image that is a copy of another slice.",)
    for k in range(SLICES):
        make_slice(VOLUME[:, :, k], k, AcquisitionNumber=k + 1).save_as(tmp_path / f"IM00{k}")
    make_slice(VOLUME[:, :, 3], 2, AcquisitionNumber=9).save_as(tmp_path / "copy of IM002")
    with pytest.raises(InputError, match=r"same place.*IM002"):
        read_series(tmp_path)


def test_largest_of_several_series_and_the_rest_named(tmp_path):
    save_series(tmp_path)
    save_series(tmp_path, [0, 1], "A{}", SeriesInstanceUID="1.2.7", SeriesNumber=7)
    sagittal = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
    save_series(tmp_path, [0], "B{}", orientation=sagittal)
    (tmp_path / "notes.txt").write_text("not DICOM")
    volume, notes, _ = read_series_and_notes(tmp_path)
    np.testing.assert_array_equal(volume.data, VOLUME)
    said = " ".join(notes)
    assert "Ignored: 1 file that is no DICOM image" in said
    assert "2 images of 7 x 5 of series 7." in said
    assert "1 image of 7 x 5 of another size or direction in series 2." in said


@pytest.mark.parametrize(
    ("tag", "values", "said"),
    [
        ("EchoTime", (10.5, 4.5), "echo time (4.5; 10.5)"),
        ("TemporalPositionIdentifier", (2, 1), "time point (1; 2)"),
        ("ImageType", (["ORIGINAL", "PRIMARY", "P"], ["ORIGINAL", "PRIMARY", "M"]), "image type"),
    ],
)
def test_several_volumes_need_a_choice(tmp_path, tag, values, said):
    for number, value in enumerate(values):
        for k in range(SLICES):
            pixels = (VOLUME[:, :, k] + 1000 * number).astype(np.uint16)
            make_slice(pixels, k, **{tag: value}).save_as(tmp_path / f"{k}-{number}")
    with pytest.raises(InputError) as caught:
        read_series(tmp_path)
    assert f"2 volumes that differ in {said}" in str(caught.value)
    volume, notes, _ = read_series_and_notes(tmp_path, frame=0)
    np.testing.assert_array_equal(volume.data, VOLUME + 1000)
    assert "Volume 0 of 2" in notes[0]
    with pytest.raises(InputError, match="no volume 2"):
        read_series(tmp_path, frame=2)


def test_thickness_against_spacing(tmp_path):
    save_series(tmp_path / "gap", SliceThickness=1.5, SpacingBetweenSlices=3.0)
    notes = " ".join(read_series_and_notes(tmp_path / "gap")[1])
    assert "1.5 mm thick every 2.00 mm: 0.50 mm between them were not measured" in notes
    assert "positions are used" in notes
    save_series(tmp_path / "overlap", SliceThickness=4.0, Modality="CT")
    notes = " ".join(read_series_and_notes(tmp_path / "overlap")[1])
    assert "Slices overlap" in notes
    assert "modality is CT" in notes


def make_enhanced(order=range(SLICES)):
    """Return all slices in one file, slice k at the place that ``order`` gives it."""
    data = make_slice(VOLUME[:, :, 0], 0)
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "EchoTime"):
        delattr(data, name)
    shared, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = list(AXIAL)
    measures.PixelSpacing, measures.SliceThickness = [SPACING_MM[1], SPACING_MM[0]], STEP_MM
    shared.PlaneOrientationSequence = Sequence([orientation])
    shared.PixelMeasuresSequence = Sequence([measures])
    data.SharedFunctionalGroupsSequence = Sequence([shared])
    data.PerFrameFunctionalGroupsSequence = Sequence(_frame_groups(k) for k in order)
    data.NumberOfFrames = len(order)
    stored = VOLUME[:, :, list(order)]
    data.PixelData = np.ascontiguousarray(stored.T).tobytes()
    return data


def _frame_groups(k):
    group, plane, rescale, echo = Dataset(), Dataset(), Dataset(), Dataset()
    plane.ImagePositionPatient = position(k)
    rescale.RescaleSlope, rescale.RescaleIntercept = 2.0, float(k)
    echo.EffectiveEchoTime = 30.0
    group.PlanePositionSequence = Sequence([plane])
    group.PixelValueTransformationSequence = Sequence([rescale])
    group.MREchoSequence = Sequence([echo])
    return group


def test_enhanced_multi_frame(tmp_path):
    make_enhanced([4, 0, 1, 5, 3, 2]).save_as(tmp_path / "all.dcm")
    for path in (tmp_path, tmp_path / "all.dcm"):
        volume, notes, facts = read_series_and_notes(path)
        np.testing.assert_array_equal(volume.data, VOLUME * 2.0 + np.arange(SLICES))
        assert volume.grid.at(0, 0, 1) == pytest.approx((10.0, -20.0, 32.0))
        assert notes == ()
        assert dict(facts)["echo time"] == "30 ms"
    broken = make_enhanced()
    broken.NumberOfFrames = SLICES + 1
    broken.save_as(tmp_path / "all.dcm")
    with pytest.raises(InputError, match=r"all\.dcm: 7 images without a position"):
        read_series(tmp_path)


def test_compression(tmp_path):
    for k in range(SLICES):
        packed = make_slice(VOLUME[:, :, k], k)
        packed.compress(RLELossless)
        packed.save_as(tmp_path / f"{k}.dcm")
    np.testing.assert_array_equal(read_series(tmp_path).data, VOLUME)
    unreadable = make_slice(VOLUME[:, :, 0], 0)
    unreadable.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8 no JPEG \xff\xd9"])
    unreadable.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    unreadable["PixelData"].is_undefined_length = True
    unreadable.save_as(tmp_path / "0.dcm")
    with pytest.raises((MissingPartError, InputError), match=r"0\.dcm: .*(pip install|damaged)"):
        read_series(tmp_path)


BAD_SLICES = {
    "claims more than it holds": ({"Rows": 60000, "Columns": 60000}, "claims 7200000000 bytes"),
    "colour": ({"SamplesPerPixel": 3}, "colour"),
    "palette": ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour"),
    "mosaic": ({"ImageType": ["ORIGINAL", "PRIMARY", "MOSAIC"]}, "mosaic"),
    "bad direction": ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "perpendicular"),
    "bad spacing": ({"PixelSpacing": [0, 1]}, "pixel size"),
    "short direction": ({"ImageOrientationPatient": [1, 0]}, "damaged"),
    "deflated": ({}, "deflated"),
    "cut short": ({}, "damaged"),
}


@pytest.mark.parametrize("name", BAD_SLICES)
def test_one_bad_slice_is_named(tmp_path, name):
    elements, reason = BAD_SLICES[name]
    save_series(tmp_path)
    bad = make_slice(VOLUME[:, :, 3], 3, **elements)
    if name == "deflated":
        bad.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    bad.save_as(tmp_path / "IM003", enforce_file_format=False)
    if name == "cut short":
        (tmp_path / "IM003").write_bytes((tmp_path / "IM003").read_bytes()[:-20])
    with pytest.raises(InputError, match=rf"IM003: .*{reason}") as caught:
        read_series(tmp_path)
    assert "\n" not in str(caught.value)


def test_nothing_to_see(tmp_path):
    (tmp_path / ".DS_Store").touch()
    with pytest.raises(InputError, match="no DICOM image among 0 files"):
        read_series(tmp_path)
    save_series(tmp_path / "one", order=[2])
    volume, notes, _ = read_series_and_notes(tmp_path / "one")
    assert volume.grid.shape == (COLUMNS, ROWS, 1)
    assert "One slice only; taken as 2 mm thick." in notes
    make_slice(np.zeros((7, 5), np.uint16), 0).save_as(tmp_path / "one/IM000")
    with pytest.raises(InputError, match="only zeros"):
        read_series(tmp_path / "one")


def complaint(path):
    try:
        read_series(path)
    except AnatwinError as error:
        return str(error)
    return None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_anywhere_is_an_input_error_or_harmless(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz.dcm"
    make_enhanced().save_as(path)
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(132, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(132, len(raw)))] or raw)
    said = complaint(path)
    assert said is None or ("fuzz.dcm" in said and "\n" not in said)


def test_real_series_agrees_with_its_files(tmp_path):
    folder = DATA / "heads/dicom_t1"
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}")
    for number in (11, 10, 12, 13):
        shutil.copy(folder / f"1-{number:03d}.dcm", tmp_path)
    make_slice(VOLUME[:, :, 0], 0).save_as(tmp_path / "stray.dcm")
    volume, notes, facts = read_series_and_notes(tmp_path)
    assert volume.grid.shape == (512, 512, 4)
    assert notes == ("Not used: 1 image of 7 x 5 of series 2.",)
    assert dict(facts)["manufacturer"] == "SIEMENS"
    for k in range(4):
        peer = pydicom.dcmread(folder / f"1-{10 + k:03d}.dcm")
        np.testing.assert_array_equal(volume.data[:, :, k], peer.pixel_array.T)
        np.testing.assert_allclose(
            np.array(volume.grid.at(0, 0, k)) * (-1, -1, 1), peer.ImagePositionPatient, atol=1e-3
        )
