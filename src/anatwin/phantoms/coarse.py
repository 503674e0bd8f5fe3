"""What a scanner with large pixels would see of bone."""

import numpy as np

from anatwin.core import Grid, Volume
from anatwin.ops.blocks import block_edges, block_mean


def coarse_scan(bone: Volume, factor: int, *, noise: float = 0.02, seed: int = 0) -> Volume:
    """Return the share of bone in blocks of voxels, with Gaussian noise.

    Voxels at the end that do not fill a block are left out.

    Parameters
    ----------
    bone
        Share of bone in every fine voxel, 0 to 1.
    factor
        Fine voxels along the edge of a coarse one; an axis of one voxel stays as it is.
    noise
        Standard deviation of the share.
    seed
        Which noise.
    """
    edges = np.array(block_edges(bone.grid.shape, factor))
    whole = tuple(slice(n // edge * edge) for n, edge in zip(bone.data.shape, edges, strict=True))
    share = block_mean(bone.data[whole].astype(np.float64), factor)
    share += noise * np.random.default_rng(seed).standard_normal(share.shape)
    matrix = bone.grid.matrix
    corner = matrix @ [-0.5, -0.5, -0.5, 1]
    matrix[:3, :3] *= edges
    matrix[:3, 3] = corner[:3] + matrix[:3, :3] @ [0.5, 0.5, 0.5]
    grid = Grid.from_matrix(share.shape, matrix, bone.grid.frame)
    return Volume(share.astype(np.float32), grid)
