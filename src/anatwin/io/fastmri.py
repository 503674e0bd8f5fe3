"""fastMRI .h5 files -> KSpace.

``kspace`` is ``slice coil readout phase`` (multi-coil) or ``slice readout phase`` (single coil),
``ismrmrd_header`` says how it was encoded and ``mask``, where there is one, which phase encodings
of a challenge file were kept. The files say nothing about position, so the grid is centred on the
origin. The readout is twice oversampled; that is cut off in image space.

References
----------
J. Zbontar et al. fastMRI: An open dataset and benchmarks for accelerated MRI.
https://arxiv.org/abs/1811.08839
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, KSpace, track
from anatwin.io.files import require_memory
from anatwin.io.hdf5 import opened_hdf5, stored_dataset, stored_text
from anatwin.io.ismrmrd_header import Encoding, parse_header
from anatwin.io.readout import Readout


def read_fastmri(path: Path) -> KSpace:
    """Return the k-space of a fastMRI file: 2-D slices, readout axis 0, slice axis 2.

    Raises
    ------
    InputError
        If it is not a fastMRI file, or its parts do not fit together.
    ResourceError
        If the k-space does not fit into memory.
    """
    with opened_hdf5(path) as file:
        encoding = parse_header(stored_text(file, "ismrmrd_header")).encodings[0]
        stored = stored_dataset(file, "kspace")
        _require_stored(stored)
        n_slices, n_coils, n_x, n_y = _shape(stored)
        readout = _readout(encoding, n_x)
        require_memory(8 * n_slices * n_coils * readout.n_kept * n_y, "the k-space")
        data = np.empty((n_coils, readout.n_kept, n_y, n_slices), dtype=np.complex64)
        for n in track(range(n_slices), "read k-space"):
            one = np.asarray(stored[n], dtype=np.complex64).reshape(n_coils, n_x, n_y)
            data[..., n] = np.moveaxis(readout.cropped(np.moveaxis(one, 1, -1)), -1, 1)
        mask = _mask(file, data)
        return KSpace(data, mask, _grid(encoding, readout, data.shape), 0, 2)


def _require_stored(stored: Any) -> None:  # noqa: ANN401
    """Refuse samples that the file does not really hold, before memory is spent on them."""
    if stored.ndim not in (3, 4) or stored.dtype.kind != "c" or 0 in stored.shape:
        raise InputError(
            f"expected complex 'kspace' of slice, coil, readout, phase; got {stored.dtype} "
            f"{stored.shape}."
        )
    held = stored.id.get_storage_size()
    if stored.nbytes > max(held, 1 << 20) * (1 if stored.chunks is None else 64):
        raise InputError(f"'kspace' claims {stored.nbytes} bytes and the file holds {held}.")


def _shape(stored: Any) -> tuple[int, int, int, int]:  # noqa: ANN401
    n_slices, *coils, n_x, n_y = stored.shape
    return n_slices, coils[0] if coils else 1, n_x, n_y


def _readout(encoding: Encoding, n_x: int) -> Readout:
    readout = Readout.of(encoding)
    if readout.n_measured != n_x:
        raise InputError(
            f"'kspace' has {n_x} readout samples and its header says {readout.n_measured}."
        )
    return readout


def _mask(file: Any, data: NDArray[np.complex64]) -> NDArray[np.bool_]:  # noqa: ANN401
    """Return which phase encodings were measured, ``1 phase 1``."""
    n_y = data.shape[2]
    measured = np.zeros(n_y, dtype=np.bool_)
    for coil in data:
        measured |= coil.any(axis=(0, 2))
    if "mask" in file:
        kept = np.asarray(stored_dataset(file, "mask")[()]).astype(np.bool_).ravel()
        if kept.shape != (n_y,):
            raise InputError(f"expected a mask of {n_y} phase encodings, got {kept.shape}.")
        measured &= kept
        data[:, :, ~kept] = 0
    return measured[np.newaxis, :, np.newaxis]


def _grid(encoding: Encoding, readout: Readout, shape: tuple[int, ...]) -> Grid:
    """Return the grid: in plane as encoded, along the slices as thick as the image's voxels."""
    _, n_x, n_y, n_slices = shape
    side_x, side_y, _ = encoding.encoded.fov_mm
    spacing = (side_x / readout.n_measured, side_y / n_y, encoding.slice_thickness_mm)
    return Grid.centred((n_x, n_y, n_slices), spacing)
