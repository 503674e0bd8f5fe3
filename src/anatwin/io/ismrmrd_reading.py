"""The lines of an ISMRMRD file, put where they belong."""

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import AnyKSpace, InputError, KSpace, NonCartesian, track
from anatwin.io.files import require_memory
from anatwin.io.hdf5 import stored_dataset, stored_text
from anatwin.io.ismrmrd_curves import read_curves
from anatwin.io.ismrmrd_geometry import in_spatial_order, notes_of_positions
from anatwin.io.ismrmrd_header import Encoding, Notes, parse_header
from anatwin.io.ismrmrd_lines import Lines, image_rows, is_curved, lines_of, matrix_of
from anatwin.io.readout import Readout

_BATCH_BYTES = 32 << 20
_PLAUSIBLE_ACCELERATION = 256
_SMALL_BYTES = 64 << 20


def read_measurement(file: Any, frame: int | None) -> AnyKSpace:  # noqa: ANN401
    """Return the k-space of an open ISMRMRD file; see ``read_ismrmrd``."""
    group = _measurement(file)
    header = parse_header(stored_text(group, "xml"))
    stored = stored_dataset(group, "data")
    heads = _all_heads(stored, Path(file.filename).stat().st_size)
    rows, encoding = image_rows(heads, header, frame)
    heads = heads[rows]
    if is_curved(encoding):
        return _curves(group, heads, rows, encoding, header.notes)
    return _cartesian(group, heads, rows, encoding, header.notes)


def _curves(
    group: Any,  # noqa: ANN401
    heads: NDArray[np.void],
    rows: NDArray[np.int64],
    encoding: Encoding,
    notes: Notes | None,
) -> NonCartesian:
    """Return samples along trajectories, with the coil sensitivities beside them."""
    _require_plausible(heads, 8 * prod(encoding.encoded.matrix))
    scan = read_curves(group["data"], heads, rows, encoding, notes)
    if notes is None:
        return scan
    return replace(scan, coils=_extras(group, notes, scan.n_coils).get("coils"))


def _cartesian(
    group: Any,  # noqa: ANN401
    heads: NDArray[np.void],
    rows: NDArray[np.int64],
    encoding: Encoding,
    notes: Notes | None,
) -> KSpace:
    """Return the samples of lines."""
    lines = lines_of(heads, rows, encoding)
    if notes is None:
        lines = in_spatial_order(heads, lines, encoding)
        notes = notes_of_positions(heads, lines, encoding)
    readout = Readout.of(encoding)
    sizes = (readout.n_kept, *matrix_of(encoding)[1:])
    shape = tuple(sizes[notes.order.index(axis)] for axis in range(3))
    if shape != notes.grid.shape:
        raise InputError(f"the header describes {shape} and the notes in it {notes.grid.shape}.")
    n_coils = int(heads["active_channels"][0])
    _require_plausible(heads, n_coils * notes.grid.n_voxels * 8)
    data = np.zeros((n_coils, *shape), dtype=np.complex64)
    scanner = np.transpose(data, (0, *(1 + axis for axis in notes.order)))
    mask = np.transpose(_fill(scanner, group["data"], lines, readout), np.argsort(notes.order))
    extras = _extras(group, notes, n_coils)
    return KSpace(
        data,
        extras.get("mask", mask),
        notes.grid,
        notes.readout_axis,
        notes.slice_axis,
        notes.origin,
        extras.get("coils"),
    )


def _measurement(file: Any) -> Any:  # noqa: ANN401
    """Return the group that holds the measurement: ``dataset``, or the only one there is."""
    import h5py

    groups = {name: file[name] for name in file if isinstance(file[name], h5py.Group)}
    found = [name for name, group in groups.items() if {"xml", "data"} <= set(group)]
    if "dataset" in found:
        return groups["dataset"]
    if len(found) != 1:
        raise InputError(f"expected one ISMRMRD measurement, found {len(found)}.")
    return groups[found[0]]


def _all_heads(stored: Any, file_bytes: int) -> NDArray[np.void]:  # noqa: ANN401
    """Return every acquisition's header, once it is sure that the file can hold them."""
    if stored.ndim != 1 or not {"head", "data"} <= set(stored.dtype.names or []):
        raise InputError("expected a list of ISMRMRD acquisitions in 'data'.")
    if not len(stored) or 8 * len(stored) > file_bytes:
        raise InputError(f"claims {len(stored)} acquisitions and is {file_bytes} bytes long.")
    heads = stored.fields("head")[:]
    samples = heads["number_of_samples"].astype(np.int64) * heads["active_channels"]
    if 8 * int(samples.sum()) > file_bytes:
        raise InputError(f"claims {samples.sum()} samples and is {file_bytes} bytes long.")
    return heads


def _require_plausible(heads: NDArray[np.void], n_bytes: int) -> None:
    """Refuse a matrix that is out of all proportion to what was measured."""
    samples = heads["number_of_samples"].astype(np.int64) * heads["active_channels"]
    if n_bytes > _SMALL_BYTES + 8 * int(samples.sum()) * _PLAUSIBLE_ACCELERATION:
        raise InputError(
            f"claims a k-space of {n_bytes / 1e9:.1f} GB and holds {8e-9 * samples.sum():.3f} GB "
            "of samples; the header is damaged."
        )
    require_memory(n_bytes, "the k-space")


def _fill(
    scanner: NDArray[np.complex64],
    stored: Any,  # noqa: ANN401
    lines: Lines,
    readout: Readout,
) -> NDArray[np.bool_]:
    """Put all lines into ``coil readout phase partition``, averaging; return the mask."""
    n_x, n_y, n_z = scanner.shape[1:]
    is_partial = np.any((lines.first > 0) | (lines.last < readout.n_measured))
    counts = np.zeros((n_x if is_partial else 1, n_y, n_z), dtype=np.uint16)
    batches = list(_batches(lines, 8 * scanner.shape[0] * readout.n_measured))
    for batch in track(batches, "read k-space"):
        first, last = int(batch.first[0]), int(batch.last[0])
        kept = readout.kept(first, last)
        samples = _samples(stored, batch, scanner.shape[0], readout.n_measured)
        placed = np.moveaxis(readout.cropped(samples)[:, :, kept], 0, 2)
        covered = kept if is_partial else slice(None)
        if counts[covered, batch.y, batch.z].any():
            scanner[:, kept, batch.y, batch.z] += placed
        else:
            scanner[:, kept, batch.y, batch.z] = placed
        counts[covered, batch.y, batch.z] += 1
    if counts.max() > 1:
        scanner /= np.maximum(counts, 1)
    return counts > 0


def _batches(lines: Lines, line_bytes: int) -> Iterator[Lines]:
    """Yield lines that cover the same samples, none twice in a batch, in the order of the file."""
    key = np.stack([lines.first, lines.last, lines.skipped, _repetition(lines)], axis=1)
    _, group = np.unique(key, axis=0, return_inverse=True)
    size = max(1, _BATCH_BYTES // line_bytes)
    for number in range(int(group.max()) + 1):
        members = np.flatnonzero(group == number)
        for start in range(0, len(members), size):
            yield lines.take(members[start : start + size])


def _repetition(lines: Lines) -> NDArray[np.int64]:
    """Return, for every line, how many earlier ones have its place."""
    place = lines.y * (lines.z.max() + 1) + lines.z
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    rank = np.empty_like(place)
    rank[order] = np.arange(len(place)) - np.repeat(starts, np.diff(starts, append=len(place)))
    return rank


def _samples(
    stored: Any,  # noqa: ANN401
    batch: Lines,
    n_coils: int,
    n_x: int,
) -> NDArray[np.complex64]:
    """Return ``line coil readout``, zero where a partial readout has no sample."""
    first, last = int(batch.first[0]), int(batch.last[0])
    n, skipped = last - first, int(batch.skipped[0])
    lines = np.zeros((len(batch.rows), n_coils, n_x), dtype=np.complex64)
    for line, numbers in zip(lines, _stored_lines(stored, batch.rows), strict=True):
        if numbers.dtype.kind != "f" or numbers.size % (2 * n_coils):
            raise InputError("an acquisition does not hold whole complex samples of every coil.")
        samples = numbers.astype(np.float32, copy=False).view(np.complex64).reshape(n_coils, -1)
        if samples.shape[1] < skipped + n:
            raise InputError(
                f"an acquisition holds {samples.shape[1]} samples, its header claims more."
            )
        line[:, first:last] = samples[:, skipped : skipped + n]
    return lines


def _stored_lines(stored: Any, rows: NDArray[np.int64]) -> NDArray[Any]:  # noqa: ANN401
    """Read the samples of some acquisitions, in one go where they follow one another."""
    begin, end = int(rows[0]), int(rows[-1]) + 1
    if end - begin <= 2 * len(rows):
        return stored.fields("data")[begin:end][rows - begin]
    return stored.fields("data")[rows]


def _extras(group: Any, notes: Notes, n_coils: int) -> dict[str, NDArray[Any]]:  # noqa: ANN401
    """Return the mask and the coil sensitivities that this package stores beside the lines."""
    found: dict[str, NDArray[Any]] = {}
    shapes = {"mask": notes.grid.shape, "coils": (n_coils, *notes.grid.shape)}
    for name, kind in (("mask", "b"), ("coils", "c")):
        if f"anatwin_{name}" not in group or not group.get("xml"):
            continue
        dataset = stored_dataset(group, f"anatwin_{name}")
        if dataset.dtype.kind != kind or any(
            n not in (1, m) for n, m in zip(dataset.shape, shapes[name], strict=True)
        ):
            raise InputError(f"the {name} beside the lines does not fit them.")
        found[name] = dataset[:]
    return found
