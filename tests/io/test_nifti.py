import gzip
import os
from itertools import permutations, product
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import (
    GeometryError,
    Grid,
    InputError,
    Label,
    Labels,
    LabelTable,
    UsageError,
    Volume,
    head_table,
)
from anatwin.io.nifti import (
    read_labels,
    read_volume,
    read_volume_and_notes,
    write_array,
    write_labels,
    write_volume,
)

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
SHAPE = (5, 6, 7)
OBLIQUE = np.array(
    [[0.9, -0.31, 0.2, -11.5], [0.25, 1.1, -0.4, 7.25], [-0.1, 0.35, 2.2, 30.0], [0, 0, 0, 1]]
)
TABLE = LabelTable((Label(1, "bone", (1, 2, 3)), Label(4, "air", (4, 5, 6))))


def asymmetric(shape=SHAPE, dtype=np.int16):
    """Every voxel differs from every other, so that no flip or swap goes unseen."""
    return (1 + np.arange(np.prod(shape)).reshape(shape)).astype(dtype)


def orientations():
    for order, flips in product(permutations(range(3)), product((1, -1), repeat=3)):
        yield np.array(list(zip(order, flips, strict=True)))


def world_content(data, affine):
    """Return the value at every position, whatever the order of the voxels."""
    indices = np.indices(data.shape).reshape(3, -1)
    positions = np.round((affine[:3, :3] @ indices).T + affine[:3, 3], 3) + 0.0
    return dict(zip(map(tuple, positions), data.ravel().tolist(), strict=True))


def save(path, data=None, affine=OBLIQUE, **fields):
    image = nib.Nifti1Image(asymmetric() if data is None else data, affine)
    for name, value in fields.items():
        image.header[name] = value
    nib.save(image, path)
    return path


def patch(path, **fields):
    """Change header fields of an uncompressed file, past the checks of its writer."""
    raw = bytearray(path.read_bytes())
    header = nib.Nifti1Header(bytes(raw[:348]), check=False)
    for name, value in fields.items():
        header[name] = value
    raw[:348] = header.binaryblock
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("code", ["sform", "qform"])
def test_all_48_orientations_are_the_same_world(tmp_path, code):
    affine = np.diag([1.5, 2.0, 0.75, 1.0])
    affine[:3, 3] = (-20.0, 31.0, 4.5)
    image = nib.Nifti1Image(asymmetric(), affine)
    truth = world_content(asymmetric(), affine)
    seen = set()
    for orientation in orientations():
        turned = image.as_reoriented(orientation)
        affine = turned.affine.copy()
        turned.set_qform(affine, 1 if code == "qform" else 0, update_affine=False)
        turned.set_sform(affine, 1 if code == "sform" else 0, update_affine=False)
        nib.save(turned, tmp_path / "turned.nii")
        volume = read_volume(tmp_path / "turned.nii")
        seen.add(volume.grid.axis_codes())
        assert world_content(volume.data, volume.grid.matrix) == truth
        write_volume(volume, tmp_path / "again.nii.gz")
        again = nib.load(tmp_path / "again.nii.gz")
        assert world_content(np.asarray(again.dataobj), again.affine) == truth
        np.testing.assert_allclose(again.header.get_qform(), again.affine, atol=1e-5)
    assert len(seen) == 48


def test_oblique_sheared_affine_is_exact_and_has_no_qform(tmp_path):
    grid = Grid.from_matrix(SHAPE, OBLIQUE, "visit-2")
    write_volume(Volume(asymmetric(dtype=np.float32), grid), tmp_path / "a.nii")
    volume, notes = read_volume_and_notes(tmp_path / "a.nii")
    assert volume.grid.matches(grid)
    assert volume.grid.frame == "visit-2"
    assert notes == ()
    np.testing.assert_array_equal(volume.grid.matrix, OBLIQUE.astype(np.float32))
    assert int(nib.load(tmp_path / "a.nii").header["qform_code"]) == 0


@settings(max_examples=15, deadline=None)
@given(
    dtype=st.sampled_from(["u1", "i1", "i2", ">i2", "u2", "i4", "f4", "f8", "c8", "f2", "?"]),
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    suffix=st.sampled_from([".nii", ".nii.gz"]),
    seed=st.integers(0, 99),
)
def test_any_array_comes_back(tmp_path_factory, dtype, shape, suffix, seed):
    path = tmp_path_factory.mktemp("array") / f"a{suffix}"
    data = (np.random.default_rng(seed).normal(size=shape) * 50).astype("f4").astype("i1")
    data.flat[0] = 1
    data = data.astype(dtype)
    grid = Grid.from_matrix(shape, OBLIQUE)
    write_array(data, grid, path)
    volume = read_volume(path)
    assert volume.grid.matches(grid)
    assert volume.data.dtype == (np.complex64 if dtype == "c8" else np.float32)
    assert volume.data.flags.c_contiguous
    np.testing.assert_array_equal(volume.data, data)
    np.testing.assert_array_equal(np.asarray(nib.load(path).dataobj), data)


def test_equal_content_makes_equal_files(tmp_path):
    grid = Grid.from_matrix(SHAPE, OBLIQUE)
    for name in ("a.nii.gz", "b.nii.gz"):
        write_array(asymmetric(), grid, tmp_path / name)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_writer_refuses_what_it_cannot_keep(tmp_path):
    grid = Grid.from_matrix(SHAPE, OBLIQUE)
    with pytest.raises(UsageError, match=r"\.nii"):
        write_array(asymmetric(), grid, tmp_path / "a.mha")
    with pytest.raises(GeometryError, match="shape"):
        write_array(asymmetric((5, 6)), grid, tmp_path / "a.nii")
    with pytest.raises(InputError, match="cannot hold"):
        write_array(asymmetric().astype("M8[s]"), grid, tmp_path / "a.nii")
    with pytest.raises(InputError, match="names a frame"):
        write_array(asymmetric(), grid.with_frame("é"), tmp_path / "a.nii")
    assert list(tmp_path.iterdir()) == []


def test_sform_wins_and_the_disagreement_is_told(tmp_path):
    image = nib.Nifti1Image(asymmetric(), OBLIQUE)
    shifted = np.diag([1.0, 1.0, 2.0, 1.0])
    image.set_qform(shifted, 1)
    nib.save(image, tmp_path / "a.nii")
    volume, notes = read_volume_and_notes(tmp_path / "a.nii")
    corners = np.array(list(product(*((0, n - 1) for n in SHAPE), [1]))).T
    gap_mm = np.linalg.norm(((OBLIQUE - shifted) @ corners)[:3], axis=0).max()
    np.testing.assert_allclose(volume.grid.matrix, OBLIQUE, atol=1e-6)
    assert f"up to {gap_mm:.2f} mm apart; the sform is used." in notes[-1]


@pytest.mark.parametrize(
    ("fields", "expected", "note"),
    [
        ({"sform_code": 0}, np.diag([1, 1, 2, 1]), None),
        ({"sform_code": 0, "qform_code": 0}, np.diag([1, 1, 2, 1]), "left and right"),
        ({"srow_x": np.nan}, np.diag([1, 1, 2, 1]), "sform of the header is damaged"),
        ({"srow_x": 0, "qform_code": 0}, np.diag([1, 1, 2, 1]), "left and right"),
        ({"qform_code": 0}, OBLIQUE, None),
        ({"sform_code": 4}, OBLIQUE, "MNI"),
        ({"quatern_b": 7.0}, OBLIQUE, "qform of the header is damaged"),
        ({"sform_code": 0, "pixdim": [0, 1, 1, 2, 1, 1, 1, 1]}, np.diag([1, 1, 2, 1]), None),
    ],
)
def test_which_affine_holds(tmp_path, fields, expected, note):
    image = nib.Nifti1Image(asymmetric(), np.diag([1, 1, 2, 1]))
    image.set_qform(image.affine, 1)
    image.set_sform(OBLIQUE, 1)
    image.header.set_xyzt_units("mm")
    nib.save(image, tmp_path / "a.nii")
    patch(tmp_path / "a.nii", **fields)
    volume, notes = read_volume_and_notes(tmp_path / "a.nii")
    np.testing.assert_allclose(volume.grid.matrix, expected, atol=1e-6)
    said = [n for n in notes if "mm apart" not in n]
    assert (note in " ".join(said)) if note else not said


@pytest.mark.parametrize(("unit", "mm"), [("meter", 1000.0), ("micron", 1e-3), ("mm", 1.0)])
def test_lengths_become_mm(tmp_path, unit, mm):
    image = nib.Nifti1Image(asymmetric(), OBLIQUE)
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "a.nii")
    volume, notes = read_volume_and_notes(tmp_path / "a.nii")
    np.testing.assert_allclose(volume.grid.matrix[:3], mm * OBLIQUE[:3], rtol=1e-6)
    assert bool(notes) == (mm != 1)


def test_unknown_unit_is_told(tmp_path):
    path = patch(save(tmp_path / "a.nii"), xyzt_units=0)
    assert "millimetres are assumed" in read_volume_and_notes(path)[1][0]


def test_slope_and_intercept(tmp_path):
    path = save(tmp_path / "a.nii")
    patch(path, scl_slope=0.5, scl_inter=-3.0)
    np.testing.assert_array_equal(read_volume(path).data, asymmetric() * 0.5 - 3.0)
    for slope in (0.0, np.nan):
        patch(path, scl_slope=slope, scl_inter=9.0)
        np.testing.assert_array_equal(read_volume(path).data, asymmetric())
    patch(path, scl_slope=1.0, scl_inter=np.inf)
    with pytest.raises(InputError, match=r"a\.nii: the header adds inf"):
        read_volume(path)
    patch(path, scl_slope=3e38, scl_inter=0)
    with pytest.raises(InputError, match=r"a\.nii: .*infinite"):
        read_volume(path)


def test_big_endian_nifti2_and_two_dimensions(tmp_path):
    big = nib.Nifti1Image(asymmetric().astype(">i2"), OBLIQUE, nib.Nifti1Header(endianness=">"))
    nib.save(big, tmp_path / "big.nii")
    nib.save(nib.Nifti2Image(asymmetric(), OBLIQUE), tmp_path / "two.nii.gz")
    for name in ("big.nii", "two.nii.gz"):
        volume = read_volume(tmp_path / name)
        np.testing.assert_array_equal(volume.data, asymmetric())
        np.testing.assert_allclose(volume.grid.matrix, OBLIQUE, atol=1e-6)
    save(tmp_path / "flat.nii", asymmetric((5, 6)))
    assert read_volume(tmp_path / "flat.nii").grid.shape == (5, 6, 1)


def test_large_whole_numbers_are_told(tmp_path):
    save(tmp_path / "a.nii", asymmetric(dtype=np.int32) + (1 << 25))
    assert "rounded" in read_volume_and_notes(tmp_path / "a.nii")[1][-1]


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_several_images_need_a_choice(tmp_path, suffix):
    data = asymmetric((5, 6, 7, 2, 2))
    path = save(tmp_path / f"series{suffix}", data)
    with pytest.raises(
        InputError, match=r"series.*holds 4 images of 5 x 6 x 7.*frame=0 to frame=3"
    ):
        read_volume(path)
    volume, notes = read_volume_and_notes(path, frame=2)
    np.testing.assert_array_equal(volume.data, data[..., 0, 1])
    assert "Image 2 of 4" in notes[-1]
    with pytest.raises(InputError, match="no image 4"):
        read_volume(path, frame=4)
    assert read_volume(save(tmp_path / f"one{suffix}", data[..., :1, 0]), frame=0)


def test_labels_of_any_number_type(tmp_path):
    data = np.where(asymmetric() % 3 == 0, 4, asymmetric() % 2).astype(np.uint8)
    for dtype in ("u1", "i2", "i4", "f4", "f8"):
        labels = read_labels(save(tmp_path / "a.nii.gz", data.astype(dtype)), TABLE)
        assert labels.data.dtype == np.uint8
        np.testing.assert_array_equal(labels.data, data)


@pytest.mark.parametrize(("value", "reason"), [(0.5, "whole"), (-1, "whole"), (np.nan, "whole")])
def test_labels_that_are_no_labels(tmp_path, value, reason):
    path = save(tmp_path / "a.nii", np.full(SHAPE, value, np.float32))
    with pytest.raises(InputError, match=rf"a\.nii: .*{reason}"):
        read_labels(path, TABLE)


@pytest.mark.parametrize("value", [3, 5, 700])
def test_labels_that_the_table_does_not_name(tmp_path, value):
    with pytest.raises(InputError, match=rf"a\.nii: .*{value}"):
        read_labels(save(tmp_path / "a.nii", np.full(SHAPE, value, np.int16)), TABLE)


def test_labels_come_back(tmp_path):
    grid = Grid.from_matrix(SHAPE, OBLIQUE)
    wide = LabelTable((*TABLE.labels, Label(1004, "far", (7, 8, 9))))
    for table, dtype in ((TABLE, np.uint8), (wide, np.uint16)):
        data = np.zeros(SHAPE, np.uint16)
        data[1, 2, 3] = table.indices[-1]
        write_labels(Labels(data, grid, table), tmp_path / "a.nii.gz")
        labels = read_labels(tmp_path / "a.nii.gz", table)
        assert labels.data.dtype == dtype
        assert labels.grid.matches(grid)
        np.testing.assert_array_equal(labels.data, data)


@pytest.mark.parametrize("folder", ["heads/images", "visits/patient01", "multiview/fetal"])
def test_real_files_agree_with_nibabel(folder):
    paths = sorted((DATA / folder).glob("*.nii.gz"))
    if not paths:
        pytest.skip(f"no real data in {DATA / folder}")
    for path in paths[:4]:
        peer, volume = nib.load(path), read_volume(path)
        np.testing.assert_allclose(volume.grid.matrix, peer.affine, atol=1e-6)
        np.testing.assert_array_equal(volume.data, np.asarray(peer.dataobj).astype(np.float32))


def test_gzip_of_many_members_is_one_image(tmp_path):
    raw = save(tmp_path / "a.nii").read_bytes()
    (tmp_path / "b.nii").write_bytes(gzip.compress(raw[:500]) + gzip.compress(raw[500:]))
    np.testing.assert_array_equal(read_volume(tmp_path / "b.nii").data, asymmetric())


def test_head_table_round_trip(tmp_path):
    data = np.resize(np.arange(21, dtype=np.uint8), SHAPE)
    labels = Labels(data, Grid.from_matrix(SHAPE, OBLIQUE), head_table())
    write_labels(labels, tmp_path / "a.nii.gz")
    assert read_labels(tmp_path / "a.nii.gz", head_table()).counts() == labels.counts()
