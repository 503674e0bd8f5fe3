"""Least squares with coil maps."""

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from anatwin.core import AnyKSpace, NonCartesian, UsageError, Volume
from anatwin.reconstruct.along_trajectories import sense_along
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.planes import Plane, reconstruct_planes


@dataclass(frozen=True, kw_only=True)
class Sense:
    """Iterative SENSE: the image whose coil images fit the samples best, by conjugate gradients.

    Stopping early keeps noise down where coils alone cannot tell aliases apart.

    References: Pruessmann et al. 2001, doi:10.1002/mrm.1241.
    """

    iterations: int = 8
    """Steps at most."""
    tolerance: float = 1e-4
    """Stop when the residual is this fraction of the zero-filled image."""
    espirit: Espirit = field(default_factory=Espirit)
    """How coil maps are estimated where the scan brings none."""

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise UsageError(f"Sense.iterations must be 1 or more, got {self.iterations}.")
        if not 0 <= self.tolerance < 1:
            raise UsageError(f"Sense.tolerance must be 0 to 1, got {self.tolerance}.")

    def __call__(self, kspace: AnyKSpace) -> Volume:
        """Return the complex image of a scan, along lines or along trajectories."""
        if isinstance(kspace, NonCartesian):
            return Volume(sense_along(kspace, self), kspace.grid)
        return Volume(reconstruct_planes(kspace, self._solve), kspace.grid)

    def _solve(self, plane: Plane) -> NDArray[Any]:
        from anatwin.ops.linop import CoilSampling
        from anatwin.ops.solve import conjugate_gradient

        sampling = CoilSampling(self.espirit.maps(plane), plane.mask)
        return conjugate_gradient(
            sampling.normal,
            sampling.adjoint(plane.samples),
            iterations=self.iterations,
            tolerance=self.tolerance,
        )
