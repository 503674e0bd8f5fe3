import errno
import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from anatwin.core import GeometryError, InputError, QualityError, ResourceError
from anatwin.io.files import (
    atomic_output,
    available_bytes,
    capacity,
    naming,
    open_unpacked,
    read_exactly,
    read_text,
    require_memory,
    sha256_file,
)


def test_output_appears_complete_and_keeps_its_suffixes(tmp_path):
    target = tmp_path / "image.nii.gz"
    target.write_bytes(b"old")
    with atomic_output(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.endswith("image.nii.gz")
        temporary.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, QualityError, SystemExit])
def test_failure_leaves_the_old_output_and_nothing_else(tmp_path, error):
    target = tmp_path / "case.h5"
    target.write_bytes(b"old")

    def fail():
        with atomic_output(target) as temporary:
            temporary.write_bytes(b"half")
            raise error("stop")

    with pytest.raises(error):
        fail()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_full_disk_is_a_resource_error(tmp_path):
    target = tmp_path / "image.nii"

    def fill():
        with atomic_output(target) as temporary:
            temporary.symlink_to("/dev/full")
            temporary.write_bytes(b"data")

    with pytest.raises(ResourceError, match=f"image.nii: {os.strerror(errno.ENOSPC)}"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_file_size_limit_is_a_resource_error(tmp_path):
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from anatwin.core import Grid, ResourceError, Volume\n"
        "from anatwin.io.nifti import write_volume\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))\n"
        "grid = Grid.isotropic((40, 41, 42), 1.0)\n"
        "try:\n"
        "    write_volume(Volume(np.ones(grid.shape, np.float32), grid), Path(sys.argv[1]))\n"
        "except ResourceError as error:\n"
        "    sys.exit(error.exit_code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "image.nii")], check=False)
    assert done.returncode == 5
    assert list(tmp_path.iterdir()) == []


def test_interrupt_from_the_keyboard_leaves_nothing(tmp_path):
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from anatwin.io.files import atomic_output\n"
        "with atomic_output(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'half')\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "twin.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(signal.SIGINT)
        process.wait()
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_hold_the_output(tmp_path):
    (tmp_path / "file").touch()
    for folder in ("missing", "file"):
        path = tmp_path / folder / "image.nii"
        with pytest.raises(ResourceError, match="Cannot write"), atomic_output(path):
            pytest.fail("the block must not run")


def test_read_only_folder(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        folder = Path("/proc/self/fdinfo")  # Not even root may write here.
    with pytest.raises(ResourceError), atomic_output(folder / "image.nii"):
        pytest.fail("the block must not run")


def test_output_that_is_a_folder(tmp_path):
    target = tmp_path / "taken"
    target.mkdir()
    with pytest.raises(ResourceError, match="taken"), atomic_output(target) as temporary:
        temporary.write_bytes(b"data")
    assert list(tmp_path.iterdir()) == [target]


def test_errors_name_the_file_once_and_keep_their_class(tmp_path):
    path = tmp_path / "scan.nii"
    with pytest.raises(GeometryError) as caught, naming(path), naming(path):
        raise GeometryError("two\nlines")
    assert str(caught.value) == f"{path}: two lines"
    with pytest.raises(ResourceError, match=r"^disk"), naming(path):
        raise ResourceError("disk")
    with pytest.raises(InputError, match="no such file"), naming(path):
        path.read_bytes()
    with pytest.raises(InputError, match=r"scan\.nii: cannot be read"), naming(path):
        tmp_path.read_bytes()


def test_unpacking_is_decided_by_content(tmp_path):
    content = bytes(range(256)) * 999
    (tmp_path / "packed").write_bytes(gzip.compress(content))
    (tmp_path / "plain.gz").write_bytes(content)
    for name in ("packed", "plain.gz"):
        with open_unpacked(tmp_path / name) as stream:
            assert read_exactly(stream, len(content)) == content
            with pytest.raises(InputError, match="7 bytes early"):
                read_exactly(stream, 7)
        assert capacity(tmp_path / name) >= len(content)


def test_capacity_bounds_the_best_case_of_deflate(tmp_path):
    path = tmp_path / "zeros.gz"
    path.write_bytes(gzip.compress(bytes(1 << 24)))
    assert 1 << 24 <= capacity(path) < 1.1 * (1 << 24)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_damaged_gzip_is_one_line_that_names_the_file(tmp_path, damage):
    path = tmp_path / "scan.gz"
    packed = bytearray(gzip.compress(os.urandom(5000)))
    if damage == "flip":
        packed[2000] ^= 255
    path.write_bytes({"cut": packed[:3000], "flip": packed, "empty": packed[:2]}[damage])

    def unpack():
        with naming(path), open_unpacked(path) as stream:
            read_exactly(stream, 5000)
            stream.read(1)

    with pytest.raises(InputError, match=r"scan\.gz: .*copy it again") as caught:
        unpack()
    assert "\n" not in str(caught.value)


def test_text_is_small_utf8_text(tmp_path):
    path = tmp_path / "table.tsv"
    path.write_bytes("\ufeffé".encode())
    assert read_text(path) == "é"
    for content, reason in ((b"\xff\xfe", "UTF-8"), (b"a\0b", "NUL"), (b"a" * 11, "too large")):
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"table\.tsv: .*{reason}"):
            read_text(path, limit_bytes=10)


def test_checksum_is_sha256(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256_file(path).startswith("ba7816bf8f01cfea414140de5dae2223b00361a396177a9c")
    with pytest.raises(InputError, match="no such file"):
        sha256_file(tmp_path / "missing")


def test_memory_is_asked_for_before_it_is_taken():
    assert 1 << 20 < available_bytes() < 1 << 50
    require_memory(1 << 20, "A little")
    with pytest.raises(ResourceError, match="A lot needs 1000000"):
        require_memory(10**15, "A lot")
