"""Every sample put back where it came from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import NonCartesian, Volume
from anatwin.reconstruct.noncartesian_planes import CurvedPlane, reconstruct_curved


@dataclass(frozen=True, kw_only=True)
class Gridding:
    """Density-compensated adjoint of a non-Cartesian scan, the root sum of squares of the coils.

    It needs no coil maps and leaves streaks or swirls where k-space is undersampled.

    References: Jackson et al. 1991, doi:10.1109/42.97598; Pipe and Menon 1999,
    doi:10.1002/(SICI)1522-2594(199901)41:1<179::AID-MRM25>3.0.CO;2-V.
    """

    def __call__(self, scan: NonCartesian) -> Volume:
        """Return the real image of a scan."""
        return Volume(reconstruct_curved(scan, _solve), scan.grid)


def _solve(plane: CurvedPlane) -> NDArray[Any]:
    from anatwin.ops.nufft import Nufft

    trajectory = plane.trajectory
    nufft = Nufft(trajectory.points, trajectory.shape)
    images = nufft.adjoint(plane.samples * trajectory.weights)
    return np.sqrt((images.real**2 + images.imag**2).sum(axis=0))
