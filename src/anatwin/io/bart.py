"""BART .cfl/.hdr <-> KSpace.

A .hdr file of text gives the dimensions, the .cfl beside it complex64 numbers in column-major
order. Dimensions 0, 1 and 2 are readout and the two phase encodings, 3 the coils, 13 the slices of
a scan that excited them one by one. BART's centred
``fft -u`` is this package's transform, with the zero frequency at ``n // 2``: values are neither
scaled nor shifted. BART files say nothing about position or voxel size.
"""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, KSpace
from anatwin.io.files import atomic_output, naming, read_text

_COIL, _SLICE = 3, 13
_N_DIMENSIONS = 16


def read_cfl(path: Path, *, spacing_mm: float = 1.0) -> KSpace:
    """Return the k-space of a .cfl/.hdr pair; ``path`` may name either, or neither suffix.

    With one second phase encoding it is a stack of slices (slice axis 2), otherwise a 3-D scan. The
    mask is true where any coil is not zero. The samples stay on disk until they are used. Voxels
    are taken as ``spacing_mm`` wide, centred on the origin.

    Raises
    ------
    InputError
        If a file of the pair is missing, the sizes disagree, another dimension is larger than
        one, or the samples are not finite or all zero.
    """
    header, content = _pair(path)
    with naming(header):
        shape = _dimensions(read_text(header, limit_bytes=1 << 20))
    with naming(content):
        expected, actual = 8 * math.prod(shape), content.stat().st_size
        if expected != actual:
            raise InputError(
                f"{header.name} claims {' x '.join(map(str, shape))} samples, {expected} bytes, "
                f"and the file has {actual}; the pair does not belong together."
            )
        stored = np.memmap(content, dtype="<c8", mode="r", shape=tuple(shape), order="F")
        x, y, z, coils, slices = (shape[axis] for axis in (0, 1, 2, _COIL, _SLICE))
        by_slice = stored.reshape((x, y, z, coils, slices), order="F")
        data = np.transpose(by_slice, (3, 0, 1, 2, 4)).reshape(coils, x, y, z * slices)
        grid = Grid.isotropic((x, y, z * slices), spacing_mm)
        return KSpace(data, _measured(data), grid, slice_axis=2 if z == 1 else None)


def write_cfl(kspace: KSpace, path: Path) -> None:
    """Write the samples as a .cfl/.hdr pair, readout first, whichever axis of the grid it is.

    BART keeps no positions: reading the pair gives the samples and not the grid.

    Raises
    ------
    ResourceError
        If a file cannot be written.
    """
    header, content = _names(path)
    phase, last = _phase_axes(kspace)
    data = np.transpose(
        kspace.data, (0, *(1 + axis for axis in (kspace.readout_axis, phase, last)))
    )
    shape = [1] * _N_DIMENSIONS
    shape[0], shape[1], shape[_COIL] = data.shape[1], data.shape[2], kspace.n_coils
    shape[2 if kspace.slice_axis is None else _SLICE] = data.shape[3]
    blocks = data if kspace.slice_axis is None else np.transpose(data, (3, 1, 2, 0))
    with atomic_output(content) as temporary, temporary.open("wb") as stream:
        for block in blocks:
            block.astype("<c8").ravel(order="F").tofile(stream)
    with atomic_output(header) as temporary:
        temporary.write_text(f"# Dimensions\n{' '.join(map(str, shape))}\n", encoding="ascii")


def _phase_axes(kspace: KSpace) -> tuple[int, int]:
    """Return the other two axes, a slice axis last."""
    second, third = sorted(
        {0, 1, 2} - {kspace.readout_axis}, key=lambda axis: axis == kspace.slice_axis
    )
    return second, third


def _names(path: Path) -> tuple[Path, Path]:
    path = Path(path)
    stem = path.with_suffix("") if path.suffix in (".cfl", ".hdr") else path
    return stem.with_name(f"{stem.name}.hdr"), stem.with_name(f"{stem.name}.cfl")


def _pair(path: Path) -> tuple[Path, Path]:
    names = _names(path)
    for name, other in (names, names[::-1]):
        if not name.is_file():
            raise InputError(
                f"{name}: no such file; BART k-space is a pair, it must lie beside {other.name}."
            )
    return names


def _dimensions(text: str) -> list[int]:
    """Return the sizes of a header, as many as BART has."""
    lines = [line.strip() for line in text.splitlines()]
    try:
        words = lines[lines.index("# Dimensions") + 1].split()
        numbers = [int(word) for word in words]
    except (ValueError, IndexError):
        raise InputError("expected a line of sizes after '# Dimensions'.") from None
    if not 1 <= len(numbers) <= 64 or min(numbers) < 1 or max(numbers) > 1 << 32:
        raise InputError(f"expected positive dimensions, got {' '.join(words)[:80]!r}.")
    shape = [*numbers, *[1] * (_N_DIMENSIONS - len(numbers))]
    others = [n for axis, n in enumerate(shape) if axis not in (0, 1, 2, _COIL, _SLICE)]
    if max(others) > 1 or min(shape[2], shape[_SLICE]) > 1:
        raise InputError(
            f"expected one image of readout, two phase encodings or slices, and coils, got "
            f"dimensions {tuple(shape)}; extract one first (bart slice)."
        )
    return shape


def _measured(data: NDArray[np.complex64]) -> NDArray[np.bool_]:
    """Return where any coil is not zero, shared along the readout where it is the same there."""
    mask = np.zeros(data.shape[1:], dtype=np.bool_)
    for coil in data:
        mask |= coil != 0
    line: NDArray[np.bool_] = np.any(mask, axis=0, keepdims=True)
    return line if np.array_equal(np.broadcast_to(line, mask.shape), mask) else mask
