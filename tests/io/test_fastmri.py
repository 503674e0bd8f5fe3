"""fastMRI files: the challenge's layout, and what is refused."""

import h5py
import numpy as np
import pytest

from anatwin.core import InputError
from anatwin.io.fastmri import read_fastmri
from anatwin.ops.fourier import fft, ifft

HEADER = """<?xml version="1.0"?><ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD"><encoding>
<encodedSpace><matrixSize><x>{x}</x><y>10</y><z>1</z></matrixSize>
<fieldOfView_mm><x>440</x><y>220</y><z>6.5</z></fieldOfView_mm></encodedSpace>
<reconSpace><matrixSize><x>16</x><y>16</y><z>1</z></matrixSize>
<fieldOfView_mm><x>220</x><y>220</y><z>5</z></fieldOfView_mm></reconSpace>
<encodingLimits><kspace_encoding_step_1><minimum>0</minimum><maximum>9</maximum>
<center>5</center></kspace_encoding_step_1></encodingLimits>
<trajectory>cartesian</trajectory></encoding></ismrmrdHeader>"""


def challenge(path, kspace, mask=None, x=32):
    with h5py.File(path, "w") as file:
        file["kspace"] = kspace
        file["ismrmrd_header"] = HEADER.format(x=x)
        if mask is not None:
            file["mask"] = mask
    return path


@pytest.fixture
def images():
    values = np.random.default_rng(3).standard_normal((2, 3, 4, 32, 10)).astype(np.float32)
    return (values[0] + 1j * values[1]).astype(np.complex64)


def test_readout_oversampling_is_cut_in_image_space(tmp_path, images):
    kspace = read_fastmri(challenge(tmp_path / "k.h5", fft(images, (2, 3))))
    again = ifft(kspace.data, (1, 2))
    np.testing.assert_allclose(again, np.moveaxis(images[:, :, 8:24], 0, -1), atol=1e-5)
    assert (kspace.readout_axis, kspace.slice_axis, kspace.origin) == (0, 2, "raw")
    assert kspace.grid.spacing_mm == pytest.approx((13.75, 22, 5))
    assert kspace.mask.all()


def test_single_coil(tmp_path, images):
    kspace = read_fastmri(challenge(tmp_path / "k.h5", fft(images[:, 0], (1, 2))))
    assert kspace.data.shape == (1, 16, 10, 3)


def test_mask_of_a_challenge(tmp_path, images):
    mask = np.arange(10) % 3 == 1
    kspace = read_fastmri(challenge(tmp_path / "k.h5", fft(images, (2, 3)), mask))
    np.testing.assert_array_equal(kspace.mask[0, :, 0], mask)
    assert not kspace.data[:, :, ~mask].any()
    assert kspace.acceleration == pytest.approx(10 / 3)


def test_lines_padded_with_zeros_are_not_measured(tmp_path, images):
    samples = fft(images, (2, 3))
    samples[..., 8:] = 0
    kspace = read_fastmri(challenge(tmp_path / "k.h5", samples))
    np.testing.assert_array_equal(kspace.mask[0, :, 0], np.arange(10) < 8)


class TestRefused:
    def refused(self, path, message):
        with pytest.raises(InputError, match=message) as error:
            read_fastmri(path)
        assert str(error.value).startswith(str(path))
        assert "\n" not in str(error.value)

    def test_header_for_another_matrix(self, tmp_path, images):
        self.refused(challenge(tmp_path / "k.h5", images, x=30), "32 readout samples")

    def test_mask_for_another_matrix(self, tmp_path, images):
        self.refused(challenge(tmp_path / "k.h5", images, np.ones(9)), "mask of 10")

    def test_magnitude_images(self, tmp_path, images):
        self.refused(challenge(tmp_path / "k.h5", np.abs(images)), "complex 'kspace'")

    def test_five_dimensions(self, tmp_path, images):
        self.refused(challenge(tmp_path / "k.h5", images[None]), "complex 'kspace'")

    def test_samples_that_are_not_numbers(self, tmp_path, images):
        images[1, 2, 3, 4] = np.nan
        self.refused(challenge(tmp_path / "k.h5", images), "finite")

    def test_all_zero(self, tmp_path, images):
        self.refused(challenge(tmp_path / "k.h5", 0 * images), "measurement")

    def test_no_header(self, tmp_path, images):
        with h5py.File(tmp_path / "k.h5", "w") as file:
            file["kspace"] = images
        self.refused(tmp_path / "k.h5", "'ismrmrd_header'")

    def test_samples_that_are_not_there(self, tmp_path):
        with h5py.File(tmp_path / "k.h5", "w") as file:
            shape = (10**4, 32, 10**4, 10)
            file.create_dataset("kspace", shape, np.complex64, chunks=(1, 1, 100, 10))
            file["ismrmrd_header"] = HEADER.format(x=10**4)
        self.refused(tmp_path / "k.h5", "claims")

    def test_not_hdf5(self, tmp_path):
        (tmp_path / "k.h5").write_bytes(b"x" * 1000)
        self.refused(tmp_path / "k.h5", "HDF5")
