"""Files that lie: one line that names them, and no more memory than they justify."""

import gzip
import subprocess
import sys
import tracemalloc
import zlib

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import AnatwinError, InputError, ResourceError
from anatwin.io.nifti import read_volume

SHAPE = (20, 21, 22)


def raw_file(shape=SHAPE, dtype=np.int16, **fields):
    header = nib.Nifti1Header()
    header.set_data_dtype(dtype)
    header.set_data_shape(shape)
    header.set_sform(np.eye(4), 1)
    header["magic"], header["vox_offset"] = b"n+1", 352
    for name, value in fields.items():
        header[name] = value
    return header.binaryblock + bytes(4)


def values(shape=SHAPE):
    return (1 + np.arange(np.prod(shape)) % 999).astype(np.int16).tobytes()


def bomb(header, n_bytes):
    """Return a gzip stream of ``n_bytes`` zeros after the header, made without holding them."""
    packer = zlib.compressobj(9, wbits=31)
    parts = [packer.compress(header)]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(n_bytes >> 20)]
    return b"".join([*parts, packer.flush()])


WHOLE = raw_file() + values()

DAMAGED = {
    "empty": (b"", "not a NIfTI"),
    "text": (b"hello, world" * 100, "not a NIfTI"),
    "noise": (np.random.default_rng(1).bytes(5000), "not a NIfTI"),
    "header only": (WHOLE[:348], "can hold 348 at most"),
    "half a header": (WHOLE[:100], "cut short"),
    "short": (WHOLE[:-7], "cut short"),
    "long": (WHOLE + b"\1", "more than"),
    "gzip cut short": (gzip.compress(WHOLE)[:-500], "cut short"),
    "gzip of a short file": (gzip.compress(WHOLE[:-7]), "7 bytes early"),
    "gzip without end": (gzip.compress(WHOLE)[:-8], "cut short"),
    "gzip with wrong sum": (gzip.compress(WHOLE)[:-8] + bytes(8), "damaged"),
    "gzip of text": (gzip.compress(b"hello" * 99), "not a NIfTI"),
    "no dimensions": (raw_file(dim=[0] * 8) + values(), "impossible dimensions"),
    "negative": (raw_file(dim=[3, -20, 21, 22, 1, 1, 1, 1]) + values(), "impossible"),
    "colours": (raw_file(datatype=128) + 2 * values(), "colours"),
    "unknown type": (raw_file(datatype=77) + values(), "type code 77"),
    "long double": (raw_file(datatype=1536) + 8 * values(), "type code 1536"),
    "pair": (raw_file(magic=b"ni1") + values(), "pair"),
    "analyze": (raw_file(magic=b"") + values(), "pair"),
    "offset": (raw_file(vox_offset=1e9) + values(), "can hold"),
    "infinite offset": (raw_file(vox_offset=np.inf) + values(), "at byte inf"),
    "no voxel size": (raw_file(sform_code=0, pixdim=[1, 0] * 4) + values(), "voxels of"),
    "zeros": (raw_file() + bytes(len(values())), "only zeros"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_file_is_one_line_that_names_it(tmp_path, name):
    content, reason = DAMAGED[name]
    path = tmp_path / "scan.nii"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason) as caught:
        read_volume(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(tmp_path, bad):
    data = np.ones(SHAPE, np.float32)
    data[3, 4, 5] = bad
    path = tmp_path / "scan.nii"
    path.write_bytes(raw_file(dtype=np.float32) + data.tobytes(order="F"))
    with pytest.raises(InputError, match=r"scan\.nii: .*got 1 NaN or infinite"):
        read_volume(path)


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "no.nii", tmp_path):
        with pytest.raises(InputError, match=path.name):
            read_volume(path)


def complaint(path):
    try:
        read_volume(path)
    except AnatwinError as error:
        return str(error)
    return None


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(st.integers(0, 351), st.integers(0, 255), min_size=1, max_size=4),
    st.sampled_from([WHOLE, gzip.compress(WHOLE[:3000])]),
)
def test_damage_anywhere_is_an_input_error_or_harmless(tmp_path_factory, changes, content):
    path = tmp_path_factory.getbasetemp() / "fuzz.nii"
    damaged = bytearray(content)
    for place, value in changes.items():
        damaged[place] = value
    path.write_bytes(damaged)
    said = complaint(path)
    assert said is None or (said.startswith(f"{path}: ") and "\n" not in said)


LIES = {
    "huge plain": (raw_file((30000, 30000, 30000)) + values(), InputError),
    "huge packed": (gzip.compress(raw_file((30000, 30000, 30000)) + values()), InputError),
    "packed that goes on": (bomb(WHOLE, 300 << 20), InputError),
    "packed zeros": (bomb(raw_file((512, 512, 300), np.uint8), 75 << 20), InputError),
    "overflowing": (raw_file(dim=[7] + [32767] * 7) + values(), InputError),
}


@pytest.mark.parametrize("name", LIES)
def test_memory_follows_what_is_there(tmp_path, name):
    content, expected = LIES[name]
    path = tmp_path / "scan.nii.gz"
    path.write_bytes(content)
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from anatwin.core import AnatwinError\n"
        "import nibabel\n"
        "from anatwin.io.nifti import read_volume\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    read_volume(Path(sys.argv[1]))\n"
        "except AnatwinError as error:\n"
        "    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "    print(error.exit_code, grown)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], check=True, capture_output=True, text=True
    )
    code, grown_kib = map(int, done.stdout.split())
    assert code == expected.exit_code
    assert grown_kib < 40_000


def test_image_beyond_the_memory_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("anatwin.io.files.available_bytes", lambda: 1000)
    (tmp_path / "scan.nii").write_bytes(WHOLE)
    with pytest.raises(ResourceError, match="An image of 20 x 21 x 22 voxels"):
        read_volume(tmp_path / "scan.nii")


@pytest.mark.parametrize("slope", [1.0, 0.5])
def test_reading_needs_little_more_than_the_result(tmp_path, slope):
    shape = (180, 200, 220)
    path = tmp_path / "scan.nii"
    path.write_bytes(raw_file(shape, scl_slope=slope, scl_inter=0) + values(shape))
    tracemalloc.start()
    volume = read_volume(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * volume.data.nbytes
