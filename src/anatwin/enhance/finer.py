"""The fine grid of a coarse one, and densities fit to be refined."""

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, UsageError, Volume
from anatwin.ops.blocks import block_edges


def check_factor(name: str, factor: int) -> None:
    """Raise UsageError unless a factor refines."""
    if not 2 <= factor <= 20:
        raise UsageError(f"{name}.factor must be 2 to 20, got {factor}.")


def finer_grid(grid: Grid, factor: int) -> Grid:
    """Return the grid that splits every voxel, over the same field of view."""
    edges = np.array(block_edges(grid.shape, factor))
    matrix = grid.matrix
    corner = matrix @ [-0.5, -0.5, -0.5, 1]
    matrix[:3, :3] /= edges
    matrix[:3, 3] = corner[:3] + matrix[:3, :3] @ [0.5, 0.5, 0.5]
    return Grid.from_matrix(np.array(grid.shape) * edges, matrix, grid.frame)


def densities(image: Volume) -> NDArray[np.float64]:
    """Return the share of bone in every voxel, noise beyond 0 and 1 cut off.

    Raises
    ------
    InputError
        If the values are no shares.
    """
    values = image.magnitude().data.astype(np.float64)
    if values.max() > 1.5 or not values.any():
        raise InputError(
            "Expected the share of bone in every voxel, 0 to 1, got values up to "
            f"{values.max():g}; calibrate the image first."
        )
    return np.clip(values, 0, 1)
