"""NIfTI images and label maps.

Which affine holds: the sform where its code is positive, else the qform where its code is positive,
else the voxel sizes alone (then left and right are unknown). Where both are valid and put a voxel
at different places, the sform wins and a note says by how much they differ.
"""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from anatwin.core import GeometryError, Grid, InputError, Labels, LabelTable, UsageError, Volume
from anatwin.io.files import atomic_output, naming, open_unpacked, read_exactly, skip
from anatwin.io.nifti_geometry import FRAME_PREFIX, RawHeader
from anatwin.io.nifti_header import Header, empty_header, read_header

_SLAB_VOXELS = 1 << 19
_EXACT_INTEGER = 1 << 24
"""Beyond it, float32 skips integers."""


def read_volume(path: Path, *, frame: int | None = None) -> Volume:
    """Read an image; see ``read_volume_and_notes``."""
    return read_volume_and_notes(path, frame=frame)[0]


def read_volume_and_notes(
    path: Path, *, frame: int | None = None
) -> tuple[Volume, tuple[str, ...]]:
    """Read an image as float32 (complex64 if complex), and what a reader should know about it.

    The stored slope and intercept are applied, lengths are converted to mm, and the array is in
    C order. Memory never exceeds the result and a few slices.

    Parameters
    ----------
    path
        A ``.nii`` or ``.nii.gz`` file; its content decides, not its name.
    frame
        Which image of a file that holds several, from 0.

    Raises
    ------
    InputError
        If the file is damaged, claims more than it holds, holds several images and ``frame`` is
        None, colours, NaN or infinite values, or only zeros.
    ResourceError
        If the image does not fit the memory.
    """
    path = Path(path)
    with naming(path):
        header = read_header(path)
        data = _allocate(header, np.complex64 if header.is_complex else np.float32)
        largest, is_zero = 0, True
        for k, values in _slabs(path, header, frame):
            if not values.any():
                continue
            is_zero = False
            if values.dtype.kind in "iu" and values.dtype.itemsize > 2:
                largest = max(largest, int(values.max()), -int(values.min()))
            with np.errstate(over="ignore"):
                data[:, :, k : k + values.shape[2]] = values
        if is_zero:
            raise InputError("the image holds only zeros; there is nothing to see in it.")
        return Volume(data, header.grid), (*header.notes, *_value_notes(header, frame, largest))


def read_labels(path: Path, table: LabelTable) -> Labels:
    """Read a label map, stored as whole numbers of any type; background alone is allowed.

    Raises
    ------
    InputError
        If the file is damaged, or has a value that ``table`` does not name or that is not a
        whole number from 0 to 65535.
    """
    path = Path(path)
    with naming(path):
        header = read_header(path)
        small = max(table.indices, default=0) <= np.iinfo(np.uint8).max
        data = _allocate(header, np.uint8 if small else np.uint16)
        for k, values in _slabs(path, header, None):
            _require_labels(values, table)
            data[:, :, k : k + values.shape[2]] = values
        return Labels(data, header.grid, table)


def write_volume(volume: Volume, path: Path) -> None:
    """Write an image in its own type; see ``write_array``."""
    write_array(volume.data, volume.grid, path)


def write_labels(labels: Labels, path: Path) -> None:
    """Write a label map in the smallest unsigned type that holds its table."""
    largest = max(labels.table.indices, default=0)
    dtype = np.uint8 if largest <= np.iinfo(np.uint8).max else np.uint16
    _write(labels.data, labels.grid, path, dtype=np.dtype(dtype), intent="label")


def write_array(array: NDArray[Any], grid: Grid, path: Path) -> None:
    """Write any array on a grid; the same content gives the same bytes.

    Parameters
    ----------
    array
        Numbers, ``i j k``. Truth values become 0 and 1, half precision becomes single.
    grid
        Position of the voxels, kept as sform, and as qform where the axes are perpendicular.
    path
        Ends in ``.nii`` or ``.nii.gz``.

    Raises
    ------
    GeometryError
        If the array does not have the grid's shape.
    UsageError
        If the path has another suffix.
    ResourceError
        If it cannot be written.
    """
    wider: dict[str, np.dtype[Any]] = {"?": np.dtype(np.uint8), "e": np.dtype(np.float32)}
    stored: np.dtype[Any] = wider.get(array.dtype.char, array.dtype).newbyteorder("=")
    _write(array, grid, path, dtype=stored, intent="none")


def _allocate(header: Header, dtype: type[np.generic]) -> NDArray[Any]:
    """Return zeros; pages that nothing is written to cost no memory."""
    header.require_memory(np.dtype(dtype).itemsize)
    return np.zeros(header.grid.shape, dtype)


def _slabs(path: Path, header: Header, frame: int | None) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the first slice and the scaled values, ``i j k``, of a few slices at a time."""
    chosen = header.choose(frame)
    ni, nj, nk = header.grid.shape
    slice_bytes = ni * nj * header.dtype.itemsize
    step = max(1, _SLAB_VOXELS // (ni * nj))
    with open_unpacked(path) as stream:
        skip(stream, header.offset + chosen * nk * slice_bytes)
        for k in range(0, nk, step):
            n = min(step, nk - k)
            raw = read_exactly(stream, n * slice_bytes)
            stored = np.frombuffer(raw, header.dtype).reshape((ni, nj, n), order="F")
            yield k, header.scaled(stored)
        skip(stream, (header.n_frames - 1 - chosen) * nk * slice_bytes)
        if stream.read(1):
            raise InputError(
                f"the file holds more than the {header.n_bytes} bytes that its header claims; "
                "the header is wrong or the file is damaged."
            )


def _value_notes(header: Header, frame: int | None, largest: int) -> Iterator[str]:
    if header.n_frames > 1:
        yield f"Image {frame} of {header.n_frames} in the file is used."
    if largest > _EXACT_INTEGER:
        yield f"Whole numbers up to {largest} are rounded to seven digits."


def _require_labels(values: NDArray[Any], table: LabelTable) -> None:
    if values.dtype.kind == "c":
        raise InputError("label values must be whole numbers, got complex ones.")
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= np.iinfo(np.uint16).max) or (
        values.dtype.kind == "f" and (values != np.rint(values)).any()
    ):
        raise InputError(
            f"label values must be whole numbers from 0 to 65535, got values from {low:g} to "
            f"{high:g}; is this an image rather than a label map?"
        )
    if high > max(table.indices, default=0):
        raise InputError(
            f"the label table of {len(table)} structures does not name the value {high:g}; "
            "give the table that belongs to this file."
        )


def _write(
    array: NDArray[Any], grid: Grid, path: Path, *, dtype: np.dtype[Any], intent: str
) -> None:
    path = Path(path)
    if not path.name.endswith((".nii", ".nii.gz")):
        raise UsageError(f"A NIfTI file must end in .nii or .nii.gz, got {path.name}.")
    if array.shape != grid.shape:
        raise GeometryError(
            f"{path}: the array must have the shape {grid.shape} of its grid, got {array.shape}."
        )
    header = _make_header(grid, dtype, intent)
    step = max(1, _SLAB_VOXELS // (grid.shape[0] * grid.shape[1]))
    with atomic_output(path) as temporary, _create(temporary) as stream:
        stream.write(header.binaryblock + bytes(4))
        for k in range(0, grid.shape[2], step):
            stream.write(array[:, :, k : k + step].astype(dtype).tobytes(order="F"))


@contextmanager
def _create(path: Path) -> Iterator[BinaryIO]:
    """Yield a stream; no name and no time go in, so that equal content makes equal files."""
    with path.open("wb") as plain:
        if path.suffix != ".gz":
            yield plain
            return
        with gzip.GzipFile("", "wb", compresslevel=1, fileobj=plain, mtime=0) as packed:
            yield packed  # type: ignore[misc]


def _make_header(grid: Grid, dtype: np.dtype[Any], intent: str) -> RawHeader:
    from nibabel.spatialimages import HeaderDataError

    header = empty_header()
    try:
        header.set_data_dtype(dtype)
        header.set_data_shape(grid.shape)
    except HeaderDataError as error:
        raise InputError(f"NIfTI cannot hold {dtype} of shape {grid.shape}: {error}.") from error
    code = 1 if grid.frame == "scanner" else 2
    header.set_sform(grid.matrix, code)
    header.set_qform(grid.matrix, code, strip_shears=True)
    if not np.allclose(header.get_qform(), grid.matrix, atol=1e-3):
        header["qform_code"] = 0
    header.set_xyzt_units("mm", "sec")
    header.set_intent(intent)
    header.set_slope_inter(1, 0)
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    header["descrip"] = _description(grid.frame)
    return header


def _description(frame: str) -> bytes:
    text = FRAME_PREFIX + frame
    if not text.isascii() or not text.isprintable() or len(text) > 79:
        raise InputError(f"NIfTI names a frame with at most 73 ASCII letters, got {frame!r}.")
    return text.encode("ascii")
