"""The image of every coil, combined without maps."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import KSpace, Volume
from anatwin.ops.fourier import ifft
from anatwin.reconstruct.planes import Plane, reconstruct_planes


@dataclass(frozen=True, kw_only=True)
class RootSumOfSquares:
    """Zero-filled magnitude image, the root sum of squares of the coils.

    It needs no coil maps and leaves aliasing where k-space is undersampled.

    References: Roemer et al. 1990, The NMR phased array, doi:10.1002/mrm.1910160203.
    """

    def __call__(self, kspace: KSpace) -> Volume:
        """Return the real image of a scan."""
        return Volume(reconstruct_planes(kspace, _solve), kspace.grid)


def _solve(plane: Plane) -> NDArray[Any]:
    images = ifft(plane.samples, (1, 2))
    return np.sqrt((images.real**2 + images.imag**2).sum(axis=0))
