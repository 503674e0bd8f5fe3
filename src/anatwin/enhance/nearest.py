"""Every coarse voxel repeated."""

from dataclasses import dataclass

import numpy as np

from anatwin.core import Volume
from anatwin.enhance.finer import check_factor, densities, finer_grid
from anatwin.ops.blocks import spread


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """Repeat every voxel: what there is to beat."""

    factor: int = 10
    """Fine voxels along the edge of a coarse one."""

    def __post_init__(self) -> None:
        check_factor("Nearest", self.factor)

    def __call__(self, image: Volume) -> Volume:
        """Return the shares on the fine grid."""
        fine = spread(densities(image).astype(np.float32), self.factor)
        return Volume(fine, finer_grid(image.grid, self.factor))
