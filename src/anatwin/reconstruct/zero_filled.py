"""The image without any unaliasing."""

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from anatwin.core import KSpace, Volume
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.planes import Plane, reconstruct_planes


@dataclass(frozen=True, kw_only=True)
class ZeroFilled:
    """Complex image of the measured samples, combined with coil maps.

    Samples that were not measured count as zero, so aliasing stays. It is where iterative methods
    start from.

    References: Roemer et al. 1990, The NMR phased array, doi:10.1002/mrm.1910160203.
    """

    espirit: Espirit = field(default_factory=Espirit)
    """How coil maps are estimated where the scan brings none."""

    def __call__(self, kspace: KSpace) -> Volume:
        """Return the complex image of a scan."""
        return Volume(reconstruct_planes(kspace, self._solve), kspace.grid)

    def _solve(self, plane: Plane) -> NDArray[Any]:
        from anatwin.ops.linop import CoilSampling

        sampling = CoilSampling(self.espirit.maps(plane), plane.mask)
        return sampling.adjoint(plane.samples) / sampling.weight
