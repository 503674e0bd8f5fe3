"""ISMRMRD files that are damaged or lie: one line, and no memory spent on what they claim."""

import h5py
import numpy as np
import pytest

from anatwin.core import Grid, InputError, KSpace
from anatwin.io.ismrmrd import read_ismrmrd, write_ismrmrd


def kspace_of(shape):
    values = np.random.default_rng(0).standard_normal((2, *shape)).astype(np.float32)
    return (values[0] + 1j * values[1]).astype(np.complex64)


class TestDamage:
    @pytest.fixture
    def path(self, tmp_path):
        mask = np.ones((1, 12, 1), dtype=np.bool_)
        grid = Grid.isotropic((16, 12, 1), 2.0)
        write_ismrmrd(KSpace(kspace_of((2, 16, 12, 1)), mask, grid, 0, 2), tmp_path / "k.h5")
        return tmp_path / "k.h5"

    def refused(self, path, message):
        with pytest.raises(InputError, match=message) as error:
            read_ismrmrd(path)
        assert "\n" not in str(error.value)

    def test_not_hdf5(self, path):
        path.write_bytes(b"not k-space at all" * 100)
        self.refused(path, "expected an HDF5 file")

    def test_missing(self, path):
        self.refused(path.with_name("other.h5"), r"other\.h5: no such file")

    @pytest.mark.parametrize("part", [0.0, 0.3, 0.7, 0.95])
    def test_cut(self, path, part):
        path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
        self.refused(path, r"k\.h5")

    def test_another_kind_of_hdf5(self, path):
        with h5py.File(path, "w") as file:
            file["image"] = np.ones((3, 4))
        self.refused(path, "found 0")

    def test_no_acquisitions(self, path):
        with h5py.File(path, "r+") as file:
            file["dataset/data"].resize(0, axis=0)
        self.refused(path, "0 acquisitions")

    def test_acquisitions_that_are_not_there(self, path):
        with h5py.File(path, "r+") as file:
            file["dataset/data"].resize(10**9, axis=0)
        self.refused(path, "claims 1000000000 acquisitions")

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("number_of_samples", 65535, "claims"),
            ("number_of_samples", 15, "readout|coil|samples"),
            ("active_channels", 3, "number of coils"),
            ("active_channels", 0, "number of coils"),
        ],
    )
    def test_head_that_lies(self, path, field, value, message):
        with h5py.File(path, "r+") as file:
            record = file["dataset/data"][3]
            record["head"][field] = value
            record["head"]["center_sample"] = 20
            file["dataset/data"][3] = record
        self.refused(path, message)

    @pytest.mark.parametrize(
        ("samples", "message"),
        [(np.ones(60), "holds 15"), (np.ones(63), "whole"), (np.full(64, np.nan), "finite")],
    )
    def test_samples_that_lie(self, path, samples, message):
        with h5py.File(path, "r+") as file:
            record = file["dataset/data"][3]
            record["data"] = samples.astype(np.float32)
            file["dataset/data"][3] = record
        self.refused(path, message)

    @pytest.mark.parametrize(
        ("xml", "message"),
        [
            (b"", "XML"),
            (b"<a>", "XML"),
            (b"<a/>", "no encoding"),
            (b"<!DOCTYPE x [<!ENTITY y 'z'>]><a/>", "entities"),
            (b"<a>" + b" " * (5 << 20) + b"</a>", "too large"),
        ],
    )
    def test_header(self, path, xml, message):
        with h5py.File(path, "r+") as file:
            file["dataset/xml"][0] = xml
        self.refused(path, message)

    def test_samples_in_another_file(self, path, tmp_path):
        with h5py.File(path, "r+") as file:
            del file["dataset/data"]
            file["dataset/data"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/x")
        self.refused(path, "measurement|dataset")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"raw", b"rawest", "raw or synthetic"),
        (b'"readout_axis": 0', b'"readout_axis": 7', "axes"),
        (b'"shape": [4, 5, 6]', b'"shape": [4, 5, 7]', "describes"),
        (b'"frame"', b'"fame"', "damaged"),
        (b'"affine": [[1.0', b'"affine": [[NaN', "finite"),
    ],
)
def test_our_notes_damaged(tmp_path, old, new, message):
    data = kspace_of((2, 4, 5, 6))
    path = tmp_path / "k.h5"
    mask = np.ones((1, 1, 1), dtype=np.bool_)
    write_ismrmrd(KSpace(data, mask, Grid.isotropic((4, 5, 6), 1.0)), path)
    with h5py.File(path, "r+") as file:
        xml = file["dataset/xml"][0]
        assert old in xml
        file["dataset/xml"][0] = xml.replace(old, new)
    with pytest.raises(InputError, match=message):
        read_ismrmrd(path)
