"""ISMRMRD files <-> KSpace and NonCartesian.

Writing stores the lines that were measured and nothing else, one acquisition each, with the
counters and directions (LPS+) that other programs need. The header also holds this package's
notes, from which the grid comes back to the last bit.

Reading takes files of any writer. Readout oversampling is cut off in image space, partial readouts
are placed by their centre sample, repeated lines are averaged, noise and other lines that are not
part of the image are skipped. The phase field of view stays as it was encoded. Acquisitions that
bring a trajectory become samples along it.

References
----------
S. J. Inati et al. ISMRM Raw data format: A proposed standard for MRI raw datasets. Magnetic
Resonance in Medicine 77 (2017) 411-421. https://doi.org/10.1002/mrm.26089
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import AnyKSpace, KSpace, NonCartesian, track
from anatwin.io.files import atomic_output
from anatwin.io.hdf5 import opened_hdf5
from anatwin.io.ismrmrd_header import Notes, header_xml
from anatwin.io.ismrmrd_reading import read_measurement

Numbers = NDArray[np.float32]
Records = Callable[[slice], Iterator[tuple[Numbers, Numbers]]]
"""Which acquisitions, to the samples and the trajectory of each."""

_LPS = np.diag([-1.0, -1.0, 1.0])
_BATCH_BYTES = 32 << 20
_LAST_IN_MEASUREMENT = 1 << 24
_FIRST_IN_SLICE, _LAST_IN_SLICE = 1 << 6, 1 << 7


def read_ismrmrd(path: Path, *, frame: int | None = None) -> AnyKSpace:
    """Return the k-space of an ISMRMRD file.

    Parameters
    ----------
    path
        The file.
    frame
        Which image to take, from 0, where it holds several (contrasts, phases, repetitions).

    Raises
    ------
    InputError
        If it is not an ISMRMRD file of Cartesian lines or of trajectories, holds several images and
        ``frame`` is not given, or claims what it does not hold.
    ResourceError
        If the k-space does not fit into memory.
    """
    with opened_hdf5(path) as file:
        return read_measurement(file, frame)


def write_ismrmrd(kspace: AnyKSpace, path: Path) -> None:
    """Write the measured lines of a k-space, or its samples with their trajectory.

    A line counts as measured where any of its samples is. A mask that varies along the readout,
    and coil sensitivities, are stored beside the lines. A trajectory is in cycles per voxel, with
    density weights as its third number where they are known.

    Raises
    ------
    ResourceError
        If the file cannot be written.
    """
    import h5py
    from ismrmrd.hdf5 import acquisition_dtype

    notes = Notes.of(kspace)
    heads, records = (
        _shots(kspace, notes) if isinstance(kspace, NonCartesian) else _lines(kspace, notes)
    )
    with atomic_output(path) as temporary, h5py.File(temporary, "w") as file:
        group = file.create_group("dataset")
        text = group.create_dataset("xml", (1,), dtype=h5py.special_dtype(vlen=bytes))
        text[0] = header_xml(kspace)
        stored = group.create_dataset("data", (len(heads),), acquisition_dtype, maxshape=(None,))
        size = max(1, _BATCH_BYTES // (8 * kspace.n_coils * int(heads["number_of_samples"][0])))
        for start in track(range(0, len(heads), size), "write k-space"):
            batch = slice(start, start + size)
            made = np.empty(len(heads[batch]), acquisition_dtype)
            made["head"] = heads[batch]
            for record, (samples, trajectory) in zip(made, records(batch), strict=True):
                record["data"], record["traj"] = samples, trajectory
            stored[batch] = made
        _write_extras(group, kspace, notes)


def _write_extras(group: Any, kspace: AnyKSpace, notes: Notes) -> None:  # noqa: ANN401
    if isinstance(kspace, KSpace) and kspace.mask.shape[notes.readout_axis] > 1:
        line = kspace.mask.any(axis=notes.readout_axis, keepdims=True)
        if not np.array_equal(np.broadcast_to(line, kspace.mask.shape), kspace.mask):
            group.create_dataset("anatwin_mask", data=kspace.mask, compression="gzip")
    if kspace.coils is not None:
        group.create_dataset("anatwin_coils", data=kspace.coils)


def _measured_lines(kspace: KSpace, notes: Notes) -> NDArray[np.intp]:
    """Return the position along phase and partition (or slice) of every line, ``line 2``."""
    _, phase, last = notes.order
    plane = np.transpose(kspace.mask, notes.order).any(axis=0)
    full = np.broadcast_to(plane, (kspace.grid.shape[phase], kspace.grid.shape[last]))
    return np.argwhere(full.T)[:, ::-1]


def _lines(kspace: KSpace, notes: Notes) -> tuple[NDArray[np.void], Records]:
    """Return the headers of the measured lines, and what makes the records of some of them."""
    lines = _measured_lines(kspace, notes)
    scanner = np.transpose(kspace.data, (0, *(1 + axis for axis in notes.order)))
    heads = _heads(kspace, notes, lines, kspace.grid.shape[notes.readout_axis])
    last = "kspace_encode_step_2" if kspace.slice_axis is None else "slice"
    heads["idx"][last] = lines[:, 1]

    def records(which: slice) -> Iterator[tuple[Numbers, Numbers]]:
        some = lines[which]
        samples = np.moveaxis(scanner[:, :, some[:, 0], some[:, 1]], 2, 0)
        return ((_numbers(one), np.zeros(0, np.float32)) for one in samples)

    return heads, records


def _shots(scan: NonCartesian, notes: Notes) -> tuple[NDArray[np.void], Records]:
    """Return the headers of all shots, and what makes the records of some of them."""
    n_slices, _, n_shots, n_samples = scan.data.shape
    places = np.argwhere(np.ones((n_slices, n_shots), bool))[:, ::-1]
    heads = _heads(scan, notes, places, n_samples)
    heads["idx"]["slice"] = places[:, 1]
    weights = () if scan.weights is None else (scan.weights[..., None],)
    along = np.concatenate([scan.trajectory, *weights], axis=-1).astype(np.float32)
    heads["trajectory_dimensions"] = along.shape[-1]

    def records(which: slice) -> Iterator[tuple[Numbers, Numbers]]:
        for shot, place in places[which]:
            yield _numbers(scan.data[place, :, shot]), along[shot].ravel()

    return heads, records


def _numbers(samples: NDArray[np.complex64]) -> Numbers:
    """Return samples ``coil sample`` as the numbers of a record."""
    return np.ascontiguousarray(samples, np.complex64).view(np.float32).ravel()


def _heads(kspace: AnyKSpace, notes: Notes, lines: NDArray[np.intp], n: int) -> NDArray[np.void]:
    """Return headers of acquisitions of ``n`` samples; ``lines`` are their steps and slices."""
    from ismrmrd.hdf5 import acquisition_header_dtype

    heads = np.zeros(len(lines), dtype=acquisition_header_dtype)
    heads["version"] = 1
    heads["scan_counter"] = np.arange(len(lines))
    heads["number_of_samples"], heads["center_sample"] = n, n // 2
    heads["available_channels"] = heads["active_channels"] = kspace.n_coils
    for word in range(-(-kspace.n_coils // 64)):
        used = min(64, kspace.n_coils - 64 * word)
        heads["channel_mask"][:, word] = np.uint64((1 << used) - 1)
    heads["idx"]["kspace_encode_step_1"] = lines[:, 0]
    _set_positions(heads, kspace, notes, lines)
    _set_flags(heads, np.zeros(len(lines)) if kspace.slice_axis is None else lines[:, 1])
    return heads


def _set_flags(heads: NDArray[np.void], slices: NDArray[Any]) -> None:
    """Mark where every slice, or the one slab, begins and ends."""
    changes = np.diff(slices) != 0
    heads["flags"][np.append(True, changes)] |= np.uint64(_FIRST_IN_SLICE)
    heads["flags"][np.append(changes, True)] |= np.uint64(_LAST_IN_SLICE)
    heads["flags"][-1] |= np.uint64(_LAST_IN_MEASUREMENT)


def _set_positions(
    heads: NDArray[np.void], kspace: AnyKSpace, notes: Notes, lines: NDArray[np.intp]
) -> None:
    """State directions and the centre of the field of view, or of each slice, in LPS+."""
    direction = _LPS @ (kspace.grid.matrix[:3, :3] / np.array(kspace.grid.spacing_mm))
    names = ("read_dir", "phase_dir", "slice_dir")
    for name, axis in zip(names, notes.order, strict=True):
        heads[name] = direction[:, axis]
    index = np.tile([n // 2 for n in kspace.grid.shape], (len(lines), 1))
    if kspace.slice_axis is not None:
        index[:, kspace.slice_axis] = lines[:, 1]
    ras = index @ kspace.grid.matrix[:3, :3].T + kspace.grid.matrix[:3, 3]
    heads["position"] = ras @ _LPS
