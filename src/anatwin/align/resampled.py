"""A volume on another grid."""

import numpy as np

from anatwin.core import Grid, Transform, Volume


def resampled(volume: Volume, grid: Grid, transform: Transform | None = None) -> Volume:
    """Return the magnitude of a volume on another grid, zero outside its own.

    Cubic B-splines interpolate; a grid that is coarser than the volume is not low-pass filtered.

    Parameters
    ----------
    volume
        The moving volume.
    grid
        Where values are wanted.
    transform
        From the world of ``grid`` to that of the volume; none where they are the same.
    """
    from scipy.ndimage import affine_transform

    between = np.eye(4) if transform is None else transform.matrix
    index = np.linalg.inv(volume.grid.matrix) @ between @ grid.matrix
    values = affine_transform(
        volume.magnitude().data.astype(np.float32, copy=False),
        index[:3, :3],
        index[:3, 3],
        output_shape=grid.shape,
        order=3 if min(volume.grid.shape) > 3 else 1,
        mode="grid-constant",
    )
    return Volume(np.maximum(values, 0), grid)
