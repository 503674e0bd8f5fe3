"""What a NIfTI header claims, checked against the file that it came from."""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError
from anatwin.io.files import capacity, open_unpacked, read_exactly, require_memory
from anatwin.io.nifti_geometry import RawHeader, grid_and_notes

_SIZES = {348: "NIfTI-1", 540: "NIfTI-2"}


@dataclass(frozen=True, slots=True)
class Header:
    """The checked header of one file.

    Parameters
    ----------
    grid
        Position of the voxels, in mm.
    dtype
        Type of the stored values.
    n_frames
        How many images follow one another.
    offset
        Where the values start [bytes].
    slope, intercept
        From stored to real values.
    notes
        What a reader should know about the geometry.
    """

    grid: Grid
    dtype: np.dtype[Any]
    n_frames: int
    offset: int
    slope: float
    intercept: float
    notes: tuple[str, ...]

    @property
    def is_complex(self) -> bool:
        """Whether the values are complex."""
        return self.dtype.kind == "c"

    @property
    def n_bytes(self) -> int:
        """Size of the whole file, unpacked."""
        return self.offset + self.grid.n_voxels * self.n_frames * self.dtype.itemsize

    def choose(self, frame: int | None) -> int:
        """Return which image to read, or raise InputError if that is not clear."""
        if frame is None and self.n_frames == 1:
            return 0
        if frame is None:
            raise InputError(
                f"the file holds {self.n_frames} images of {_by(self.grid.shape)} voxels; choose "
                f"one with frame=0 to frame={self.n_frames - 1} (--frame on the command line)."
            )
        if not 0 <= frame < self.n_frames:
            raise InputError(f"there is no image {frame}; the file holds 0 to {self.n_frames - 1}.")
        return frame

    def require_memory(self, itemsize: int) -> None:
        """Raise ResourceError if an array of the grid's shape does not fit the memory."""
        require_memory(self.grid.n_voxels * itemsize, f"An image of {_by(self.grid.shape)} voxels")

    def scaled(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Return real values, in the machine's byte order."""
        if (self.slope, self.intercept) == (1.0, 0.0):
            return stored.astype(self.dtype.newbyteorder("="), copy=False)
        wide = stored.astype(np.complex128 if self.is_complex else np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            wide *= self.slope
            wide += self.intercept
        return wide


def read_header(path: Path) -> Header:
    """Read and check the header; nothing that it claims has been allocated.

    Raises
    ------
    InputError
        If it is no single-file NIfTI header, or the file cannot hold what it claims.
    """
    with open_unpacked(path) as stream:
        start = stream.read(4)
        size, order = _size_and_order(start)
        block = start + read_exactly(stream, size - 4)
    _require_magic(block, size)
    raw = _parse(block, order)
    shape, n_frames = _shape(raw)
    slope, intercept = _scaling(raw)
    dtype = _dtype(raw)
    offset = max(_offset(raw), size + 4)
    needed = offset + prod(shape) * n_frames * dtype.itemsize
    if needed > (most := capacity(path)):
        raise InputError(
            f"the header claims {_by((*shape, n_frames))} values ({needed} bytes) but the file "
            f"can hold {most} at most; it is cut short or its header is wrong."
        )
    grid, notes = grid_and_notes(raw, shape)
    return Header(grid, dtype, n_frames, offset, slope, intercept, notes)


def empty_header() -> RawHeader:
    """Return a NIfTI-1 header that describes nothing yet."""
    from nibabel import nifti1

    make: Any = nifti1.Nifti1Header
    return make()


def _parse(block: bytes, order: str) -> RawHeader:
    from nibabel import nifti1, nifti2

    make: Any = nifti1.Nifti1Header if len(block) == 348 else nifti2.Nifti2Header
    return make(binaryblock=block, endianness=order, check=False)


def is_nifti(start: bytes) -> bool:
    """Tell whether unpacked bytes start a NIfTI file."""
    return start[344:348] in (b"n+1\0", b"ni1\0") or start[4:8] in (b"n+2\0", b"ni2\0")


def _size_and_order(start: bytes) -> tuple[int, str]:
    for order, name in (("<", "little"), (">", "big")):
        size = int.from_bytes(start, name)  # type: ignore[arg-type]
        if len(start) == 4 and size in _SIZES:
            return size, order
    raise InputError("not a NIfTI image; a .nii or .nii.gz file was expected.")


def _require_magic(block: bytes, size: int) -> None:
    magic = block[344:348] if size == 348 else block[4:8]
    if magic not in (b"n+1\0", b"n+2\0"):
        raise InputError(
            "not a single-file NIfTI image; convert a pair of .hdr and .img to one .nii file."
        )


def _shape(raw: RawHeader) -> tuple[tuple[int, int, int], int]:
    dim = [int(n) for n in raw["dim"]]
    n_axes, lengths = dim[0], dim[1:]
    if not 2 <= n_axes <= 7 or min(lengths[:n_axes]) < 1:
        raise InputError(f"the header claims impossible dimensions {dim}; the file is damaged.")
    i, j, k, *others = (lengths[:n_axes] + [1] * 7)[:7]
    return (i, j, k), prod(others)


def _dtype(raw: RawHeader) -> np.dtype[Any]:
    from nibabel.spatialimages import HeaderDataError

    try:
        dtype = raw.get_data_dtype()
    except (HeaderDataError, KeyError):
        dtype = np.dtype("V")
    if dtype.kind not in "iufc" or dtype.itemsize > (16 if dtype.kind == "c" else 8):
        what = "colours" if dtype.fields else f"type code {int(raw['datatype'])}"
        raise InputError(f"the voxels are {what}; whole, real or complex numbers were expected.")
    return dtype


def _offset(raw: RawHeader) -> int:
    offset = float(raw["vox_offset"])
    if not 0 <= offset < 1 << 62:
        raise InputError(f"the header puts the voxels at byte {offset}; the file is damaged.")
    return int(offset)


def _scaling(raw: RawHeader) -> tuple[float, float]:
    slope, intercept = float(raw["scl_slope"]), float(raw["scl_inter"])
    if slope == 0 or not np.isfinite(slope):
        return 1.0, 0.0
    if not np.isfinite(intercept):
        raise InputError(f"the header adds {intercept} to every voxel; the file is damaged.")
    return slope, intercept


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
