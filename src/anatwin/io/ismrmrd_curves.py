"""Samples along trajectories, which some ISMRMRD acquisitions carry with them.

The format leaves the unit of a trajectory open. Writers use cycles per voxel, from -0.5 to 0.5,
or cycles per field of view, up to half the matrix; the largest number tells which, because a scan
that stayed within half a cycle per field of view would have measured a single sample's worth of
k-space. A third number of a two-dimensional scan is the sample's density weight.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, NonCartesian, track
from anatwin.io.ismrmrd_geometry import grid_of_slices, spatial_order
from anatwin.io.ismrmrd_header import Encoding, Notes

_LARGEST_PER_VOXEL = 0.5 + 1e-3
_ALIKE = 1e-4


def read_curves(
    stored: Any,  # noqa: ANN401
    heads: NDArray[np.void],
    rows: NDArray[np.int64],
    encoding: Encoding,
    notes: Notes | None,
) -> NonCartesian:
    """Return the samples of acquisitions along the trajectory that all slices share.

    Parameters
    ----------
    stored
        All acquisitions of the file.
    heads
        Headers of those that make the image.
    rows
        Their positions in the file.
    encoding
        How they were encoded.
    notes
        This package's, if it wrote the file.
    """
    shots = _shots_of_slices(heads, encoding)
    used = heads[shots[0, 0]]
    n_coils, n = int(used["active_channels"]), _samples_of(heads)
    pre, dimensions = int(used["discard_pre"]), int(used["trajectory_dimensions"])
    data = np.empty((len(shots), n_coils, shots.shape[1], n), np.complex64)
    curve = np.empty((shots.shape[1], n, dimensions), np.float32)
    for place, index in track(list(np.ndenumerate(shots)), "read k-space"):
        record = stored[int(rows[index])]
        data[place[0], :, place[1]] = _complex(record["data"], n_coils)[:, pre : pre + n]
        along = _plain(record["traj"], dimensions)[pre : pre + n]
        if place[0] == 0:
            curve[place[1]] = along
        elif np.abs(along - curve[place[1]]).max() > _ALIKE * max(1, np.abs(along).max()):
            raise InputError("the slices follow different trajectories; extract one slice first.")
    if notes is None:
        shape = (*_shape(encoding), len(shots))
        grid = grid_of_slices(heads[shots[:, 0]], np.arange(len(shots)), shape, encoding)
        notes = Notes(grid, 0, 2, "raw")
    return NonCartesian(
        data,
        _cycles_per_voxel(curve[..., :2], encoding),
        notes.grid,
        2 if notes.slice_axis is None else notes.slice_axis,
        notes.origin,
        curve[..., 2].astype(np.float64) if dimensions == 3 else None,
    )


def _shots_of_slices(heads: NDArray[np.void], encoding: Encoding) -> NDArray[np.intp]:
    """Return which acquisition is which shot of which slice, ``slice shot``, slices in space."""
    if encoding.encoded.matrix[2] > 1:
        raise InputError("holds a 3-D trajectory; expected 2-D slices, each with two frequencies.")
    dimensions = np.unique(heads["trajectory_dimensions"])
    if len(dimensions) > 1 or dimensions[0] not in (2, 3):
        raise InputError(
            f"expected two frequencies a sample and perhaps its weight, got {dimensions.tolist()}."
        )
    slices, counts = np.unique(heads["idx"]["slice"], return_counts=True)
    if len(set(counts.tolist())) > 1:
        raise InputError(f"the slices have between {counts.min()} and {counts.max()} shots.")
    order = np.argsort(heads["idx"]["slice"], kind="stable").reshape(len(slices), -1)
    return order[spatial_order(heads[order[:, 0]])]


def _samples_of(heads: NDArray[np.void]) -> int:
    """Return the number of samples that every shot keeps."""
    names = ("number_of_samples", "discard_pre", "discard_post")
    total, pre, post = (heads[name].astype(np.int64) for name in names)
    kept = np.unique(np.stack([total - pre - post, pre], axis=1), axis=0)
    if len(kept) > 1 or kept[0, 0] < 1:
        raise InputError("the shots differ in their number of samples, or have none.")
    return int(kept[0, 0])


def _complex(numbers: NDArray[Any], n_coils: int) -> NDArray[np.complex64]:
    """Return the samples ``coil sample`` of a record."""
    if numbers.dtype.kind != "f" or numbers.size % (2 * n_coils):
        raise InputError("an acquisition does not hold whole complex samples of every coil.")
    return numbers.astype(np.float32, copy=False).view(np.complex64).reshape(n_coils, -1)


def _plain(numbers: NDArray[Any], dimensions: int) -> NDArray[np.float32]:
    """Return the trajectory ``sample dimension`` of a record."""
    if numbers.dtype.kind != "f" or numbers.size == 0 or numbers.size % dimensions:
        raise InputError("an acquisition does not hold a trajectory for every sample.")
    return numbers.astype(np.float32, copy=False).reshape(-1, dimensions)


def _shape(encoding: Encoding) -> tuple[int, int]:
    """Return rows and columns of the wanted field of view, in voxels as they were encoded."""
    spaces = zip(encoding.encoded.matrix, encoding.encoded.fov_mm, encoding.recon.fov_mm,
                 strict=True)  # fmt: skip
    first, second, _ = (max(1, round(n * min(want / have, 1))) for n, have, want in spaces)
    return first, second


def _cycles_per_voxel(curve: NDArray[np.float32], encoding: Encoding) -> NDArray[np.float64]:
    """Return frequencies ``shot sample 2`` in cycles per voxel, whichever unit the file uses."""
    frequencies = curve.astype(np.float64)
    farthest = float(np.abs(frequencies).max())
    if farthest > _LARGEST_PER_VOXEL:
        frequencies /= encoding.encoded.matrix[:2]
    if not np.abs(frequencies).max() <= _LARGEST_PER_VOXEL:
        raise InputError(
            "expected a trajectory in cycles per voxel (up to 0.5) or per field of view (up to "
            f"half the matrix {encoding.encoded.matrix[:2]}), got {farthest:g}."
        )
    return frequencies.clip(-0.5, 0.5)
