"""The grid of an ISMRMRD image, from the positions and directions of its lines."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError
from anatwin.io.ismrmrd_header import Encoding, Notes
from anatwin.io.ismrmrd_lines import Lines, matrix_of
from anatwin.io.readout import Readout


def notes_of_positions(heads: NDArray[np.void], lines: Lines, encoding: Encoding) -> Notes:
    """Return the image's grid from the counters and directions: readout, phase, then slice."""
    readout = Readout.of(encoding)
    _, n_y, n_z = matrix_of(encoding)
    spacing = [f / n for f, n in zip(encoding.encoded.fov_mm, encoding.encoded.matrix, strict=True)]
    is_3d = encoding.encoded.matrix[2] > 1
    shape = (readout.n_kept, n_y, n_z)
    direction = _directions(heads[0])
    centre = heads["position"][0].astype(np.float64)
    index = np.array([n // 2 for n in shape], dtype=np.float64)
    if not is_3d:
        spacing[2], centre, index[2] = _slice_positions(
            heads, lines, direction[:, 2], encoding.slice_thickness_mm
        )
    matrix = np.eye(4)
    matrix[:3, :3] = direction * spacing
    matrix[:3, 3] = centre - matrix[:3, :3] @ index
    matrix[:2] *= -1
    return Notes(Grid.from_matrix(shape, matrix), 0, None if is_3d else 2, "raw")


def _directions(head: np.void) -> NDArray[np.float64]:
    """Return readout, phase and slice directions as columns, in LPS+.

    Some writers leave them zero: then the axes of the image are those of the scanner.
    """
    direction = np.stack([head[f"{n}_dir"] for n in ("read", "phase", "slice")], axis=1)
    direction = direction.astype(np.float64)
    if not direction.any():
        return np.eye(3)
    if not np.allclose(direction.T @ direction, np.eye(3), atol=1e-2):
        raise InputError("the readout, phase and slice directions are not at right angles.")
    return direction


def in_spatial_order(heads: NDArray[np.void], lines: Lines, encoding: Encoding) -> Lines:
    """Renumber the slices along their direction: some writers count them as excited."""
    slices, first = np.unique(lines.z, return_index=True)
    if encoding.encoded.matrix[2] > 1 or len(slices) < encoding.n_slices:
        return lines
    height = heads["position"][first].astype(np.float64) @ _directions(heads[0])[:, 2]
    rank = np.argsort(np.argsort(height, kind="stable"), kind="stable")
    return replace(lines, z=rank[lines.z])


def _slice_positions(
    heads: NDArray[np.void], lines: Lines, normal: NDArray[np.float64], thickness_mm: float
) -> tuple[float, NDArray[np.float64], float]:
    """Return the distance of slices, the centre of one, and its index.

    Without positions, slices are taken to touch.
    """
    slices, first = np.unique(lines.z, return_index=True)
    centres = heads["position"][first].astype(np.float64)
    height = centres @ normal
    if len(slices) > 1 and np.ptp(height) > 1e-3:
        steps = np.diff(height) / np.diff(slices)
        if np.ptp(steps) > 0.02 * np.abs(steps).max() + 1e-3:
            raise InputError("the slices are not equally spaced; extract one stack first.")
        return float(steps.mean()), centres[0], float(slices[0])
    return thickness_mm, centres[0], float(slices[0])
