"""BART pairs: what BART reads and writes, and what is refused."""

import shutil
import subprocess

import numpy as np
import pytest

from anatwin.core import Grid, InputError, KSpace
from anatwin.io.bart import read_cfl, write_cfl
from anatwin.ops.fourier import ifft


def scan(shape=(7, 6, 5), n_coils=3, **axes) -> KSpace:
    rng = np.random.default_rng(4)
    data = rng.standard_normal((2, n_coils, *shape)).astype(np.float32)
    mask = np.ones((1, *shape[1:]), dtype=np.bool_)
    mask[0, 2] = False
    grid = Grid.isotropic(shape, 1.0)
    return KSpace(((data[0] + 1j * data[1]) * mask).astype(np.complex64), mask, grid, **axes)


def test_bart_sees_the_same_image(tmp_path):
    if not (bart := shutil.which("bart")):
        pytest.skip("bart is not installed")
    kspace = scan()
    write_cfl(kspace, tmp_path / "k")
    command = [bart, "fft", "-u", "-i", "7", "k", "image"]
    subprocess.run(command, cwd=tmp_path, check=True)
    image = read_cfl(tmp_path / "image")
    np.testing.assert_allclose(image.data, ifft(kspace.data, (1, 2, 3)), atol=1e-5)


def test_slices_go_to_dimension_13(tmp_path):
    kspace = scan(slice_axis=2)
    write_cfl(kspace, tmp_path / "k.cfl")
    header = (tmp_path / "k.hdr").read_text().splitlines()[1].split()
    assert header == ["7", "6", "1", "3", *["1"] * 9, "5", "1", "1"]
    again = read_cfl(tmp_path / "k.cfl")
    assert again.slice_axis == 2
    np.testing.assert_array_equal(again.data, kspace.data)
    np.testing.assert_array_equal(again.mask.shape, (1, 6, 5))


def test_spacing(tmp_path):
    write_cfl(scan(), tmp_path / "k")
    assert read_cfl(tmp_path / "k", spacing_mm=0.8).grid.spacing_mm == (0.8, 0.8, 0.8)


@pytest.mark.parametrize("missing", ["k.hdr", "k.cfl"])
def test_half_of_a_pair(tmp_path, missing):
    write_cfl(scan(), tmp_path / "k")
    (tmp_path / missing).unlink()
    with pytest.raises(InputError, match=rf"{missing}: no such file; .* pair"):
        read_cfl(tmp_path / "k.cfl")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("# Dimensions\n7 6 5 4\n", "claims 7 x 6 x 5 x 4"),
        ("# Dimensions\n70000 60000 5000 64\n", "claims"),
        ("# Dimensions\n7 6 5 3 2\n", "one image"),
        ("# Dimensions\n7 6 5 1 1 1 1 1 1 1 1 1 1 3\n", "one image"),
        ("# Dimensions\n7 6 -5 3\n", "positive dimensions"),
        ("# Dimensions\n7 6 5 3.0\n", "line of sizes"),
        ("# Dimensions\n\n", "positive dimensions"),
        ("# Dimensions", "line of sizes"),
        ("7 6 5 3\n", "line of sizes"),
        ("# Dimensions\n" + "1 " * 100 + "\n", "positive dimensions"),
        ("\0" * 50, "NUL"),
    ],
)
def test_header_that_lies(tmp_path, header, message):
    write_cfl(scan(), tmp_path / "k")
    (tmp_path / "k.hdr").write_text(header)
    with pytest.raises(InputError, match=message) as error:
        read_cfl(tmp_path / "k")
    assert "\n" not in str(error.value)


def test_samples_that_are_not_numbers(tmp_path):
    write_cfl(scan(), tmp_path / "k")
    content = np.fromfile(tmp_path / "k.cfl", dtype="<c8")
    content[17] = np.nan
    content.tofile(tmp_path / "k.cfl")
    with pytest.raises(InputError, match=r"k\.cfl.*finite"):
        read_cfl(tmp_path / "k")
    content[:] = 0
    content.tofile(tmp_path / "k.cfl")
    with pytest.raises(InputError, match="measurement"):
        read_cfl(tmp_path / "k")
