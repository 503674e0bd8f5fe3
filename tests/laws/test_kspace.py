"""Laws of k-space: its files give it back."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import Grid, KSpace
from anatwin.io.bart import read_cfl, write_cfl
from anatwin.io.ismrmrd import read_ismrmrd, write_ismrmrd


@st.composite
def grids(draw):
    """Draw grids of any orientation, handedness, spacing and place."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rotation = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * rng.uniform(0.3, 5, 3)
    matrix[:3, 3] = rng.uniform(-200, 200, 3)
    shape = draw(st.permutations([draw(st.integers(1, 4)), 5, draw(st.integers(6, 8))]))
    return Grid.from_matrix(shape, matrix, draw(st.sampled_from(["scanner", "day 2 & <3>"])))


@st.composite
def kspaces(draw):
    """Draw scans: every readout and slice axis, masks of every kind, with coil maps or without."""
    grid = draw(grids())
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    readout = draw(st.integers(0, 2))
    slices = draw(st.sampled_from([None, *sorted({0, 1, 2} - {readout})]))
    shared = draw(st.sets(st.integers(0, 2), max_size=2))
    mask = rng.random([1 if a in shared else n for a, n in enumerate(grid.shape)]) < 0.6
    mask.flat[0] = True
    n_coils = draw(st.integers(1, 3))
    values = rng.standard_normal((2, n_coils, *grid.shape)).astype(np.float32)
    data = (values[0] + 1j * values[1]).astype(np.complex64) * mask
    coils = np.conj(values[0] * 1j).astype(np.complex64) if draw(st.booleans()) else None
    origin = draw(st.sampled_from(["raw", "synthetic"]))
    return KSpace(data, mask, grid, readout, slices, origin, coils)


def same_mask(one: KSpace, other: KSpace) -> bool:
    full = np.broadcast_to(one.mask, one.grid.shape)
    return np.array_equal(full, np.broadcast_to(other.mask, other.grid.shape))


@settings(deadline=None, max_examples=60)
@given(kspaces())
def test_ismrmrd_gives_the_kspace_back(kspace):
    with TemporaryDirectory() as folder:
        write_ismrmrd(kspace, Path(folder) / "scan.h5")
        again = read_ismrmrd(Path(folder) / "scan.h5")
    np.testing.assert_array_equal(again.data, kspace.data)
    assert again.data.dtype == np.complex64
    assert same_mask(again, kspace)
    assert again.grid == kspace.grid
    assert (again.readout_axis, again.slice_axis) == (kspace.readout_axis, kspace.slice_axis)
    assert again.origin == kspace.origin
    if kspace.coils is None:
        assert again.coils is None
    else:
        np.testing.assert_array_equal(again.coils, kspace.coils)


@settings(deadline=None, max_examples=40)
@given(kspaces())
def test_bart_gives_the_samples_back_readout_first(kspace):
    kspace = replace(kspace, mask=np.any(kspace.data != 0, axis=0))
    others = sorted({0, 1, 2} - {kspace.readout_axis}, key=lambda a: (a == kspace.slice_axis, a))
    order = (kspace.readout_axis, *others)
    with TemporaryDirectory() as folder:
        write_cfl(kspace, Path(folder) / "scan.cfl")
        again = read_cfl(Path(folder) / "scan.hdr")
        expected = np.transpose(kspace.data, (0, *(1 + axis for axis in order)))
        np.testing.assert_array_equal(again.data, expected)
        full = np.broadcast_to(again.mask, again.grid.shape)
        np.testing.assert_array_equal(full, np.transpose(kspace.mask, order))
    assert again.readout_axis == 0
    if expected.shape[3] > 1:
        assert (again.slice_axis is None) == (kspace.slice_axis is None)
