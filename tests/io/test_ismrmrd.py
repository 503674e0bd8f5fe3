"""ISMRMRD files, ours in the official package and its files in ours."""

import os
import re
from pathlib import Path

import h5py
import ismrmrd
import numpy as np
import pytest

from anatwin.core import Grid, InputError, KSpace, ResourceError
from anatwin.io.ismrmrd import read_ismrmrd, write_ismrmrd
from anatwin.ops.fourier import fft, ifft

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))

HEADER = """<?xml version="1.0"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
 <experimentalConditions><H1resonanceFrequency_Hz>63500000</H1resonanceFrequency_Hz>
 </experimentalConditions>
 <encoding>
  <encodedSpace>
   <matrixSize><x>{x}</x><y>{y}</y><z>{z}</z></matrixSize>
   <fieldOfView_mm><x>{fov_x}</x><y>120</y><z>{fov_z}</z></fieldOfView_mm>
  </encodedSpace>
  <reconSpace>
   <matrixSize><x>{recon_x}</x><y>{y}</y><z>{z}</z></matrixSize>
   <fieldOfView_mm><x>{recon_fov_x}</x><y>120</y><z>{fov_z}</z></fieldOfView_mm>
  </reconSpace>
  <encodingLimits>
   <kspace_encoding_step_1><minimum>0</minimum><maximum>{last_y}</maximum>
    <center>{centre_y}</center></kspace_encoding_step_1>
   <slice><minimum>0</minimum><maximum>{last_slice}</maximum><center>0</center></slice>
  </encodingLimits>
  <trajectory>{trajectory}</trajectory>
  <parallelImaging><accelerationFactor><kspace_encoding_step_1>2</kspace_encoding_step_1>
   <kspace_encoding_step_2>1</kspace_encoding_step_2></accelerationFactor>
   <calibrationMode>{calibration}</calibrationMode></parallelImaging>
 </encoding>
</ismrmrdHeader>"""

PLAIN = {
    "x": 16, "y": 12, "z": 1, "fov_x": 160, "fov_z": 5, "recon_x": 16, "recon_fov_x": 160,
    "last_y": 11, "centre_y": 6, "last_slice": 0, "trajectory": "cartesian",
    "calibration": "other",
}  # fmt: skip


def kspace_of(shape, seed=0):
    values = np.random.default_rng(seed).standard_normal((2, *shape)).astype(np.float32)
    return (values[0] + 1j * values[1]).astype(np.complex64)


def line(samples, y, flags=(), **head):
    """Return an acquisition of ``coil readout`` as the official package makes it."""
    counters = {k: head.pop(k) for k in list(head) if hasattr(ismrmrd.EncodingCounters, k)}
    head.setdefault("center_sample", samples.shape[1] // 2)
    if "read_dir" not in head:
        head |= {"read_dir": (1, 0, 0), "phase_dir": (0, 1, 0), "slice_dir": (0, 0, 1)}
    acquisition = ismrmrd.Acquisition.from_array(samples, **head)
    acquisition.idx.kspace_encode_step_1 = y
    for name, value in counters.items():
        setattr(acquisition.idx, name, value)
    for flag in flags:
        acquisition.set_flag(flag)
    return acquisition


def theirs(path, lines, **changes):
    """Write a file with the official package."""
    with ismrmrd.Dataset(str(path), mode="w") as dataset:
        dataset.write_xml_header(HEADER.format(**PLAIN | changes).encode())
        for acquisition in lines:
            dataset.append_acquisition(acquisition)
    return path


def all_lines(data, **head):
    """Return every line of ``coil readout phase``."""
    return [line(data[:, :, y], y, **head) for y in range(data.shape[2])]


class TestOursInTheOfficialPackage:
    matrix = np.array([[0, 0, 3.0, 11], [-1.5, 0, 0, 22], [0, 0.5, 0, 33], [0, 0, 0, 1]])

    def written(self, path, **axes):
        mask = np.ones((7, 1, 6), dtype=np.bool_)
        mask[3] = False
        data = kspace_of((70, 7, 5, 6)) * mask
        kspace = KSpace(data, mask, Grid.from_matrix((7, 5, 6), self.matrix), **axes)
        write_ismrmrd(kspace, path)
        return kspace

    def test_lines(self, tmp_path):
        kspace = self.written(tmp_path / "k.h5", readout_axis=1)
        with ismrmrd.Dataset(str(tmp_path / "k.h5"), mode="r") as dataset:
            assert dataset.number_of_acquisitions() == 6 * 6
            for number in range(36):
                one = dataset.read_acquisition(number)
                i, k = one.idx.kspace_encode_step_1, one.idx.kspace_encode_step_2
                np.testing.assert_array_equal(one.data, kspace.data[:, i, :, k])
                assert (one.center_sample, one.scan_counter) == (2, number)
                assert one.active_channels == 70
                assert one.channel_mask[0] == 2**64 - 1
                assert one.channel_mask[1] == 2**6 - 1
            assert one.is_flag_set(ismrmrd.ACQ_LAST_IN_MEASUREMENT)

    def test_directions_are_lps(self, tmp_path):
        kspace = self.written(tmp_path / "k.h5", readout_axis=1, slice_axis=2)
        with ismrmrd.Dataset(str(tmp_path / "k.h5"), mode="r") as dataset:
            one = dataset.read_acquisition(7)
        assert one.idx.slice == 1
        np.testing.assert_allclose(one.read_dir, (0, 0, 1))
        np.testing.assert_allclose(one.phase_dir, (0, 1, 0))
        np.testing.assert_allclose(one.slice_dir, (-1, 0, 0))
        right, front, up = kspace.grid.at(3, 2, 1)
        np.testing.assert_allclose(one.position, (-right, -front, up))

    def test_header_is_valid(self, tmp_path):
        self.written(tmp_path / "k.h5", readout_axis=1)
        with ismrmrd.Dataset(str(tmp_path / "k.h5"), mode="r") as dataset:
            header = ismrmrd.xsd.CreateFromDocument(dataset.read_xml_header())
        (encoding,) = header.encoding
        size, side = encoding.encodedSpace.matrixSize, encoding.encodedSpace.fieldOfView_mm
        assert (size.x, size.y, size.z) == (5, 7, 6)
        assert (side.x, side.y, side.z) == (2.5, 10.5, 18)
        assert encoding.trajectory.value == "cartesian"
        limits = encoding.encodingLimits
        assert (limits.kspace_encoding_step_1.maximum, limits.kspace_encoding_step_1.center) == (
            6,
            3,
        )
        assert header.acquisitionSystemInformation.receiverChannels == 70

    def test_without_our_notes_the_geometry_is_the_same(self, tmp_path):
        kspace = self.written(tmp_path / "k.h5", readout_axis=0, slice_axis=2)
        with h5py.File(tmp_path / "k.h5", "r+") as file:
            xml = file["dataset/xml"][0]
            file["dataset/xml"][0] = re.sub(b"<userParameters>.*</userParameters>", b"", xml)
        again = read_ismrmrd(tmp_path / "k.h5")
        assert again.grid.matches(kspace.grid)
        np.testing.assert_array_equal(again.data, kspace.data)
        assert (again.readout_axis, again.slice_axis, again.origin) == (0, 2, "raw")

    def test_only_measured_lines_take_space(self, tmp_path):
        mask = np.zeros((1, 64, 1), dtype=np.bool_)
        mask[0, ::8] = True
        data = kspace_of((4, 64, 64, 8)) * mask
        write_ismrmrd(KSpace(data, mask, Grid.isotropic((64, 64, 8), 1.0)), tmp_path / "k.h5")
        assert (tmp_path / "k.h5").stat().st_size < data.nbytes / 5

    def test_unwritable_folder(self, tmp_path):
        with pytest.raises(ResourceError):
            self.written(tmp_path / "absent" / "k.h5")


class TestFilesOfOthers:
    def test_plain_slice(self, tmp_path):
        data = kspace_of((3, 16, 12))
        kspace = read_ismrmrd(theirs(tmp_path / "k.h5", all_lines(data)))
        np.testing.assert_array_equal(kspace.data, data[..., np.newaxis])
        assert kspace.mask.shape == (1, 12, 1)
        assert kspace.mask.all()
        assert kspace.slice_axis == 2
        assert kspace.grid.spacing_mm == (10, 10, 5)

    def test_oversampled_readout_is_cut_in_image_space(self, tmp_path):
        image = kspace_of((3, 32, 12))
        lines = all_lines(fft(image, (1, 2)))
        kspace = read_ismrmrd(theirs(tmp_path / "k.h5", lines, x=32, fov_x=320))
        again = ifft(kspace.data, (1, 2))[..., 0]
        np.testing.assert_allclose(again, image[:, 8:24], atol=1e-5)
        assert kspace.grid.spacing_mm == (10, 10, 5)

    def test_partial_readout_is_placed_by_its_centre_sample(self, tmp_path):
        data = kspace_of((3, 16, 12))
        lines = all_lines(data[:, 5:], center_sample=3)
        kspace = read_ismrmrd(theirs(tmp_path / "k.h5", lines))
        np.testing.assert_array_equal(kspace.data[:, 5:, :, 0], data[:, 5:])
        assert not kspace.data[:, :5].any()
        assert not kspace.mask[:5].any()
        assert kspace.mask[5:].all()

    def test_partial_and_oversampled(self, tmp_path):
        data = kspace_of((2, 32, 12))
        lines = all_lines(data[:, 8:], center_sample=8)
        kspace = read_ismrmrd(theirs(tmp_path / "k.h5", lines, x=32, fov_x=320))
        assert kspace.grid.shape == (16, 12, 1)
        np.testing.assert_array_equal(kspace.mask.any(axis=(1, 2)), np.arange(16) >= 4)
        assert not kspace.data[:, :4].any()

    def test_discarded_samples(self, tmp_path):
        data = kspace_of((3, 16, 12))
        lines = all_lines(data, discard_pre=2, discard_post=1)
        kspace = read_ismrmrd(theirs(tmp_path / "k.h5", lines))
        measured = kspace.mask.all(axis=(1, 2))
        np.testing.assert_array_equal(np.flatnonzero(measured), np.arange(2, 15))
        np.testing.assert_array_equal(kspace.data[:, 2:15, :, 0], data[:, 2:15])

    def test_averages(self, tmp_path):
        first, second = kspace_of((3, 16, 12), 1), kspace_of((3, 16, 12), 2)
        lines = [*all_lines(first), *all_lines(second, average=1)[:7]]
        kspace = read_ismrmrd(theirs(tmp_path / "k.h5", lines))
        mean = (first + second) / 2
        np.testing.assert_allclose(kspace.data[:, :, :7, 0], mean[:, :, :7], rtol=1e-6)
        np.testing.assert_array_equal(kspace.data[:, :, 7:, 0], first[:, :, 7:])

    def test_noise_and_navigators_are_skipped(self, tmp_path):
        data = kspace_of((3, 16, 12))
        noise = line(kspace_of((3, 200)), 0, [ismrmrd.ACQ_IS_NOISE_MEASUREMENT])
        navigator = line(kspace_of((3, 16)), 4, [ismrmrd.ACQ_IS_NAVIGATION_DATA])
        lines = [noise, *all_lines(data)[:6], navigator, *all_lines(data)[6:]]
        kspace = read_ismrmrd(theirs(tmp_path / "k.h5", lines))
        np.testing.assert_array_equal(kspace.data[..., 0], data)

    @pytest.mark.parametrize(("calibration", "n_lines"), [("embedded", 8), ("separate", 6)])
    def test_calibration_lines(self, tmp_path, calibration, n_lines):
        data = kspace_of((3, 16, 12))
        extra = [line(data[:, :, y], y, [ismrmrd.ACQ_IS_PARALLEL_CALIBRATION]) for y in (5, 7)]
        lines = [*all_lines(data)[::2], *extra]
        kspace = read_ismrmrd(theirs(tmp_path / "k.h5", lines, calibration=calibration))
        assert np.count_nonzero(kspace.mask) == n_lines

    def test_partial_fourier_in_phase(self, tmp_path):
        data = kspace_of((3, 16, 12))
        lines = [line(data[:, :, y], y - 4) for y in range(4, 12)]
        kspace = read_ismrmrd(theirs(tmp_path / "k.h5", lines, last_y=7, centre_y=2))
        np.testing.assert_array_equal(kspace.data[:, :, 4:, 0], data[:, :, 4:])
        np.testing.assert_array_equal(kspace.mask[0, :, 0], np.arange(12) >= 4)

    def test_interleaved_slices_in_lps(self, tmp_path):
        data = kspace_of((2, 16, 12, 4))
        down = {"slice_dir": (0, 0, -1), "read_dir": (0, 1, 0), "phase_dir": (1, 0, 0)}
        lines = [
            one
            for counter, place in enumerate((0, 2, 1, 3))
            for one in all_lines(
                data[..., place], slice=counter, position=(5, 7, 30 - 6 * place), **down
            )
        ]
        kspace = read_ismrmrd(theirs(tmp_path / "k.h5", lines, last_slice=3))
        np.testing.assert_array_equal(kspace.data, data)
        assert kspace.grid.axis_codes() == "PLI"
        assert kspace.grid.at(8, 6, 0) == pytest.approx((-5, -7, 30))
        assert kspace.grid.at(8, 6, 3) == pytest.approx((-5, -7, 12))
        assert kspace.grid.at(9, 6, 0) == pytest.approx((-5, -17, 30))
        assert kspace.grid.at(8, 7, 0) == pytest.approx((-15, -7, 30))

    def test_partitions(self, tmp_path):
        data = kspace_of((2, 16, 12, 6))
        lines = [
            one
            for z in range(6)
            for one in all_lines(data[..., z], kspace_encode_step_2=z, position=(1, 2, 3))
        ]
        kspace = read_ismrmrd(theirs(tmp_path / "k.h5", lines, z=6, fov_z=12))
        np.testing.assert_array_equal(kspace.data, data)
        assert kspace.slice_axis is None
        assert kspace.grid.at(8, 6, 3) == pytest.approx((-1, -2, 3))
        assert kspace.grid.spacing_mm == pytest.approx((10, 10, 2))

    def test_several_images_need_a_choice(self, tmp_path):
        data = [kspace_of((2, 16, 12), seed) for seed in range(3)]
        lines = [one for n in range(3) for one in all_lines(data[n], repetition=n)]
        path = theirs(tmp_path / "k.h5", lines)
        with pytest.raises(InputError, match=r"3 images .*frame 0 to 2"):
            read_ismrmrd(path)
        with pytest.raises(InputError, match="frame 3"):
            read_ismrmrd(path, frame=3)
        np.testing.assert_array_equal(read_ismrmrd(path, frame=1).data[..., 0], data[1])

    def test_directions_left_zero(self, tmp_path):
        zero = {"read_dir": (0, 0, 0), "phase_dir": (0, 0, 0), "slice_dir": (0, 0, 0)}
        kspace = read_ismrmrd(theirs(tmp_path / "k.h5", all_lines(kspace_of((2, 16, 12)), **zero)))
        assert kspace.grid.axis_codes() == "LPS"

    @pytest.mark.parametrize(
        ("head", "header", "message"),
        [
            ({}, {"y": 6}, "phase encoding outside of the 6"),
            ({}, {"x": 8}, "readout outside of the 8"),
            ({"slice": 2}, {}, "slice outside of the 1"),
            ({}, {"trajectory": "radial"}, "without one"),
            ({"flags": [ismrmrd.ACQ_IS_REVERSE]}, {}, "EPI"),
            ({"flags": [ismrmrd.ACQ_IS_NOISE_MEASUREMENT]}, {}, "only noise"),
            ({"encoding_space_ref": 1}, {}, "encoding 1 of 1"),
            ({"read_dir": (1, 1, 0), "phase_dir": (0, 1, 0)}, {}, "right angles"),
            ({"position": (np.nan, 0, 0)}, {}, "finite"),
            ({"discard_pre": 12, "discard_post": 9}, {}, "without a sample"),
            ({}, {"x": 0}, "matrix of 1 to"),
            ({}, {"fov_x": "nan"}, "no number"),
            ({}, {"fov_x": -3}, "field of view"),
            ({}, {"y": "many"}, "no number"),
            ({}, {"last_slice": 10**8}, "claims a k-space"),
            ({}, {"z": 65535}, "claims a k-space"),
            ({}, {"z": 3, "last_slice": 2}, "slabs"),
        ],
    )
    def test_refused(self, tmp_path, head, header, message):
        path = theirs(tmp_path / "k.h5", all_lines(kspace_of((2, 16, 12)), **head), **header)
        with pytest.raises(InputError, match=message) as error:
            read_ismrmrd(path)
        assert "\n" not in str(error.value)
        assert str(error.value).startswith(str(path))


def test_real_brain_comes_back_identical(tmp_path):
    source = DATA / "kspace/brain_8ch_poisson.npy"
    if not source.exists():
        pytest.skip(f"real data absent: {source}")
    data = np.load(source)[..., np.newaxis]
    mask = (data != 0).any(axis=0)
    kspace = KSpace(data, mask, Grid.isotropic(data.shape[1:], 1.0), readout_axis=2)
    write_ismrmrd(kspace, tmp_path / "brain.h5")
    again = read_ismrmrd(tmp_path / "brain.h5")
    np.testing.assert_array_equal(again.data, data)
    np.testing.assert_array_equal(again.mask, mask)
