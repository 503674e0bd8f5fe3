import gzip
import os
import subprocess
import sys
from pathlib import Path

import h5py
import nibabel as nib
import numpy as np
import pytest

from anatwin.core import InputError, KSpace, UsageError, Volume
from anatwin.io.source import identify, open_source

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
PIXELS = (1 + np.arange(5 * 6 * 7)).reshape(5, 6, 7).astype(np.int16)


def save_nifti(path, shape=(5, 6, 7)):
    image = nib.Nifti1Image(np.resize(PIXELS, shape), np.diag([1, 2, 3, 1]))
    image.header.set_xyzt_units("mm")
    path.write_bytes(image.to_bytes())
    return path


def save_cfl(stem, shape=(8, 6, 1, 2)):
    stem.with_suffix(".hdr").write_text("# Dimensions\n" + " ".join(map(str, shape)) + "\n")
    np.ones(int(np.prod(shape)), "<c8").tofile(stem.with_suffix(".cfl"))


def test_content_decides_whatever_the_name(tmp_path):
    plain = save_nifti(tmp_path / "image.h5")
    (tmp_path / "packed").write_bytes(gzip.compress(plain.read_bytes()))
    for name in ("image.h5", "packed"):
        source = open_source(tmp_path / name)
        assert source.kind == "NIfTI"
        assert isinstance(source.product, Volume)
        np.testing.assert_array_equal(source.product.data, PIXELS)
        assert source.notes == ()


def test_frame_reaches_the_reader(tmp_path):
    path = save_nifti(tmp_path / "a.nii", (5, 6, 7, 2))
    with pytest.raises(InputError, match="choose one with frame=0"):
        open_source(path)
    assert "Image 1 of 2" in open_source(path, frame=1).notes[0]


@pytest.mark.parametrize("name", ["scan", "scan.cfl", "scan.hdr"])
def test_bart_pair_by_any_of_its_names(tmp_path, name):
    save_cfl(tmp_path / "scan")
    source = open_source(tmp_path / name)
    assert source.kind == "BART"
    assert isinstance(source.product, KSpace)
    assert "no voxel size" in source.notes[0]
    with pytest.raises(UsageError, match="leave out the frame"):
        open_source(tmp_path / name, frame=0)


def test_hdf5_is_told_apart_by_what_it_holds(tmp_path):
    path = tmp_path / "scan.bin"
    for held, kind in (("dataset/xml", "ISMRMRD"), ("kspace", "fastMRI")):
        with h5py.File(path, "w") as file:
            file[held] = np.zeros(3)
        assert identify(path) == kind
    with h5py.File(path, "w") as file:
        file["image"] = np.zeros(3)
    with pytest.raises(InputError, match=r"scan\.bin: an HDF5 file that is neither.*holds image"):
        identify(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"scan\.bin: "):
        identify(path)


UNKNOWN = {
    "empty": b"",
    "text": b"hello",
    "numpy": b"\x93NUMPY\x01\x00" + bytes(500),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "packed text": gzip.compress(b"hello"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_file_is_told_what_is_accepted(tmp_path, name):
    path = tmp_path / "scan.nii.gz"
    path.write_bytes(UNKNOWN[name])
    with pytest.raises(InputError, match=r"scan\.nii\.gz: .*NIfTI.*DICOM.*ISMRMRD.*fastMRI.*BART"):
        open_source(path)


def test_broken_gzip_missing_path_and_empty_folder(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(bytes(9999))[:12])
    with pytest.raises(InputError, match=r"a\.nii\.gz: the compressed file is cut short"):
        open_source(tmp_path / "a.nii.gz")
    with pytest.raises(InputError, match="nothing: no such file or folder"):
        open_source(tmp_path / "nothing")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder: no DICOM image"):
        open_source(tmp_path / "folder")


def test_header_pair_is_refused_with_a_way_out(tmp_path):
    pair = nib.Nifti1Pair(PIXELS, np.eye(4))
    nib.save(pair, tmp_path / "scan.hdr")
    with pytest.raises(InputError, match=r"scan\.hdr: .*convert a pair"):
        open_source(tmp_path / "scan.hdr")


def test_importing_it_brings_no_heavy_library():
    code = "import sys, anatwin.io.source; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = done.stdout.split()
    assert not {"nibabel", "pydicom", "h5py", "scipy", "matplotlib"} & set(loaded)


def test_real_inputs():
    paths = [DATA / "heads/dicom_t1", DATA / "heads/images/head_neck_t1.nii.gz"]
    if not paths[0].is_dir():
        pytest.skip(f"no real data in {DATA}")
    kinds = [open_source(path).kind for path in paths]
    assert kinds == ["DICOM", "NIfTI"]
