"""Samples along trajectories in ISMRMRD files: ours come back, other writers' units are told."""

from dataclasses import replace

import ismrmrd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import AnyKSpace, Grid, InputError, NonCartesian
from anatwin.io.ismrmrd import read_ismrmrd, write_ismrmrd
from anatwin.io.source import identify, open_source
from anatwin.ops.trajectory import radial_trajectory

HEADER = """<?xml version="1.0"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
 <experimentalConditions><H1resonanceFrequency_Hz>63500000</H1resonanceFrequency_Hz>
 </experimentalConditions>
 <encoding>
  <encodedSpace>
   <matrixSize><x>40</x><y>32</y><z>{z}</z></matrixSize>
   <fieldOfView_mm><x>80</x><y>96</y><z>5</z></fieldOfView_mm>
  </encodedSpace>
  <reconSpace>
   <matrixSize><x>20</x><y>32</y><z>{z}</z></matrixSize>
   <fieldOfView_mm><x>40</x><y>96</y><z>5</z></fieldOfView_mm>
  </reconSpace>
  <encodingLimits><slice><minimum>0</minimum><maximum>{last}</maximum><center>0</center></slice>
  </encodingLimits>
  <trajectory>radial</trajectory>
 </encoding>
</ismrmrdHeader>"""

LINES = radial_trajectory(7, 11, golden=True)


def scan_of(grid, slice_axis, n_coils, *, weights=False, coils=False, seed=0):
    rng = np.random.default_rng(seed)

    def noise(*shape):
        return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)

    return NonCartesian(
        noise(grid.shape[slice_axis], n_coils, 7, 11),
        LINES,
        grid,
        slice_axis,
        "synthetic",
        rng.uniform(0.1, 2, (7, 11)) if weights else None,
        noise(n_coils, *grid.shape) if coils else None,
    )


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2), st.sampled_from([1, 3, 70]), st.booleans(), st.booleans())
def test_what_was_written_comes_back(tmp_path_factory, slice_axis, n_coils, weights, coils):
    matrix = np.array([[0, 0, 3.0, 11], [-1.5, 0, 0, 22], [0, 0.5, 0, 33], [0, 0, 0, 1]])
    grid = Grid.from_matrix((4, 5, 6), matrix)
    scan = scan_of(grid, slice_axis, n_coils, weights=weights, coils=coils)
    path = tmp_path_factory.mktemp("curves") / "scan.h5"
    write_ismrmrd(scan, path)
    again = read_ismrmrd(path)
    assert isinstance(again, NonCartesian)
    assert (again.grid, again.slice_axis, again.origin) == (grid, slice_axis, "synthetic")
    np.testing.assert_array_equal(again.data, scan.data)
    np.testing.assert_allclose(again.trajectory, LINES, atol=1e-7)
    for name in ("weights", "coils"):
        ours, theirs = getattr(scan, name), getattr(again, name)
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_allclose(theirs, ours, rtol=1e-6)


def test_the_official_package_reads_ours(tmp_path):
    scan = scan_of(Grid.isotropic((9, 8, 3), 2.0), 2, 2, weights=True)
    write_ismrmrd(scan, tmp_path / "scan.h5")
    with ismrmrd.Dataset(str(tmp_path / "scan.h5"), mode="r") as dataset:
        assert dataset.number_of_acquisitions() == 3 * 7
        header = ismrmrd.xsd.CreateFromDocument(dataset.read_xml_header())
        one = dataset.read_acquisition(9)
    assert header.encoding[0].trajectory.value == "other"
    assert (one.idx.slice, one.idx.kspace_encode_step_1) == (1, 2)
    np.testing.assert_array_equal(one.data, scan.data[1, :, 2])
    np.testing.assert_allclose(one.traj[:, :2], LINES[2], atol=1e-7)
    np.testing.assert_allclose(one.traj[:, 2], scan.weights[2], rtol=1e-6)


def theirs(path, along, *, z=1, slices=(0,), spread=0.0, head=None):
    """Write shots with the official package, slices 7 mm apart; return the samples."""
    rng = np.random.default_rng(1)
    data = rng.normal(size=(len(slices), 2, *along.shape[:2])).astype(np.complex64)
    with ismrmrd.Dataset(str(path), mode="w") as dataset:
        dataset.write_xml_header(HEADER.format(z=z, last=0 if z > 1 else 2).encode())
        for shot in range(len(along)):
            for place, (number, samples) in enumerate(zip(slices, data, strict=True)):
                one = ismrmrd.Acquisition.from_array(
                    samples[:, shot],
                    (along[shot] * (1 + spread * place)).astype(np.float32),
                    position=(1.0, 2.0, 7.0 * place),
                    read_dir=(1, 0, 0),
                    phase_dir=(0, 1, 0),
                    slice_dir=(0, 0, 1),
                    **(head or {}),
                )
                one.idx.kspace_encode_step_1, one.idx.slice = shot, number
                dataset.append_acquisition(one)
    return data


@pytest.mark.parametrize("unit", [np.ones(2), np.array([40, 32])])
def test_both_units_are_understood(tmp_path, unit):
    data = theirs(tmp_path / "scan.h5", LINES * unit)
    scan = read_ismrmrd(tmp_path / "scan.h5")
    np.testing.assert_allclose(scan.trajectory, LINES, atol=1e-6)
    np.testing.assert_array_equal(scan.data, data)
    assert scan.grid.shape == (20, 32, 1), "the field of view is the wanted one"
    assert scan.grid.spacing_mm == pytest.approx((2.0, 3.0, 5.0))
    assert scan.grid.at(10, 16, 0) == pytest.approx((-1.0, -2.0, 0.0))


def test_slices_come_in_the_order_of_space_and_discarded_samples_go(tmp_path):
    data = theirs(
        tmp_path / "scan.h5", LINES, slices=(0, 2, 1), head={"discard_pre": 2, "discard_post": 1}
    )
    scan = read_ismrmrd(tmp_path / "scan.h5")
    np.testing.assert_array_equal(scan.data, data[..., 2:-1])
    np.testing.assert_allclose(scan.trajectory, LINES[:, 2:-1], atol=1e-6)
    assert scan.grid.spacing_mm[2] == pytest.approx(7.0)


def test_a_third_number_is_the_weight(tmp_path):
    weights = np.linspace(0.5, 2, 77).reshape(7, 11, 1)
    theirs(tmp_path / "scan.h5", np.concatenate([LINES, weights], -1))
    scan = read_ismrmrd(tmp_path / "scan.h5")
    np.testing.assert_allclose(scan.weights, weights[..., 0], rtol=1e-6)


def test_the_source_is_identified(tmp_path):
    theirs(tmp_path / "scan.h5", LINES)
    assert identify(tmp_path / "scan.h5") == "ISMRMRD"
    product = open_source(tmp_path / "scan.h5").product
    assert isinstance(product, AnyKSpace)
    assert isinstance(product, NonCartesian)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"along": LINES * 300}, "half the matrix"),
        ({"along": LINES[..., :1]}, "two frequencies a sample"),
        ({"along": LINES[..., :0]}, "without one"),
        ({"z": 4}, "3-D trajectory"),
        ({"slices": (0, 1), "spread": 0.1}, "different trajectories"),
        ({"head": {"discard_pre": 8, "discard_post": 4}}, "number of samples"),
        ({"along": LINES * np.nan}, "half the matrix"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path, changes, message):
    options = {"along": LINES, **changes}
    theirs(tmp_path / "scan.h5", options.pop("along"), **options)
    with pytest.raises(InputError, match=message) as error:
        read_ismrmrd(tmp_path / "scan.h5")
    assert "\n" not in str(error.value)


def test_slices_with_unequal_shots_are_refused(tmp_path):
    scan = scan_of(Grid.isotropic((9, 8, 2), 2.0), 2, 2)
    write_ismrmrd(replace(scan, data=scan.data), tmp_path / "scan.h5")
    import h5py

    with h5py.File(tmp_path / "scan.h5", "r+") as file:
        kept = file["dataset/data"][:-1]
        del file["dataset/data"]
        file["dataset"].create_dataset("data", data=kept)
    with pytest.raises(InputError, match="between 6 and 7 shots"):
        read_ismrmrd(tmp_path / "scan.h5")
