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
    shape = (Readout.of(encoding).n_kept, *matrix_of(encoding)[1:])
    if encoding.encoded.matrix[2] > 1:
        centre = heads["position"][0].astype(np.float64)
        index = np.array([n // 2 for n in shape], dtype=np.float64)
        grid = _grid(heads[0], shape, _spacing(encoding), centre=centre, index=index)
        return Notes(grid, 0, None, "raw")
    slices, first = np.unique(lines.z, return_index=True)
    return Notes(grid_of_slices(heads[first], slices, shape, encoding), 0, 2, "raw")


def grid_of_slices(
    heads: NDArray[np.void],
    slices: NDArray[np.int64],
    shape: tuple[int, int, int],
    encoding: Encoding,
) -> Grid:
    """Return the grid of a stack of slices from one header and the number of each."""
    spacing = _spacing(encoding)
    index = np.array([n // 2 for n in shape], dtype=np.float64)
    spacing[2], centre, index[2] = _slice_positions(
        heads, slices, _directions(heads[0])[:, 2], encoding.slice_thickness_mm
    )
    return _grid(heads[0], shape, spacing, centre=centre, index=index)


def _grid(
    head: np.void,
    shape: tuple[int, int, int],
    spacing: list[float],
    *,
    centre: NDArray[np.float64],
    index: NDArray[np.float64],
) -> Grid:
    """Return the grid, in RAS+, whose voxel at ``index`` is at ``centre``, in LPS+."""
    matrix = np.eye(4)
    matrix[:3, :3] = _directions(head) * spacing
    matrix[:3, 3] = centre - matrix[:3, :3] @ index
    matrix[:2] *= -1
    return Grid.from_matrix(shape, matrix)


def _spacing(encoding: Encoding) -> list[float]:
    """Return the edges of a voxel as encoded [mm]."""
    space = encoding.encoded
    return [side / n for side, n in zip(space.fov_mm, space.matrix, strict=True)]


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
    return replace(lines, z=np.argsort(spatial_order(heads[first]), kind="stable")[lines.z])


def spatial_order(heads: NDArray[np.void]) -> NDArray[np.intp]:
    """Return the order of slices along their direction, from a header of each."""
    height = heads["position"].astype(np.float64) @ _directions(heads[0])[:, 2]
    return np.argsort(height, kind="stable")


def _slice_positions(
    heads: NDArray[np.void],
    slices: NDArray[np.int64],
    normal: NDArray[np.float64],
    thickness_mm: float,
) -> tuple[float, NDArray[np.float64], float]:
    """Return the distance of slices, the centre of one, and its index.

    Without positions, slices are taken to touch.
    """
    centres = heads["position"].astype(np.float64)
    height = centres @ normal
    if len(slices) > 1 and np.ptp(height) > 1e-3:
        steps = np.diff(height) / np.diff(slices)
        if np.ptp(steps) > 0.02 * np.abs(steps).max() + 1e-3:
            raise InputError("the slices are not equally spaced; extract one stack first.")
        return float(steps.mean()), centres[0], float(slices[0])
    return thickness_mm, centres[0], float(slices[0])
