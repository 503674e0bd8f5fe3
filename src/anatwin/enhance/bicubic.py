"""Cubic interpolation, then a threshold of its own for every coarse voxel."""

from dataclasses import dataclass

import numpy as np

from anatwin.core import Volume
from anatwin.enhance.finer import check_factor, densities, finer_grid
from anatwin.ops.blocks import block_edges, fill_blocks


@dataclass(frozen=True, kw_only=True)
class Bicubic:
    """Interpolate with cubic splines, then make bone of the highest values in every coarse voxel.

    As many fine voxels become bone as the coarse one's share asks for, so that the measured
    density is kept everywhere.
    """

    factor: int = 10
    """Fine voxels along the edge of a coarse one."""

    def __post_init__(self) -> None:
        check_factor("Bicubic", self.factor)

    def __call__(self, image: Volume) -> Volume:
        """Return bone, 0 or 1, on the fine grid."""
        from scipy.ndimage import zoom

        density = densities(image)
        edges = block_edges(density.shape, self.factor)
        score = zoom(density, edges, order=3, mode="nearest", grid_mode=True)
        bone = fill_blocks(score, density).astype(np.float32)
        return Volume(bone, finer_grid(image.grid, self.factor))
