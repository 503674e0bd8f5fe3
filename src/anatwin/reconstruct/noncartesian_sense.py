"""Least squares with coil maps, from samples along any trajectory."""

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from anatwin.core import NonCartesian, UsageError, Volume
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.noncartesian_planes import CurvedPlane, reconstruct_curved


@dataclass(frozen=True, kw_only=True)
class NonCartesianSense:
    """Iterative SENSE from a non-Cartesian scan, by conjugate gradients.

    The misfit is weighted by the density of the samples, which makes few steps enough. Stopping
    early keeps noise down where coils alone cannot tell aliases apart.

    References: Pruessmann et al. 2001, doi:10.1002/mrm.1241.
    """

    iterations: int = 8
    """Steps at most."""
    tolerance: float = 1e-4
    """Stop when the residual is this fraction of the gridded image."""
    espirit: Espirit = field(default_factory=Espirit)
    """How coil maps are estimated where the scan brings none."""

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise UsageError(f"Iterations must be 1 or more, got {self.iterations}.")
        if not 0 <= self.tolerance < 1:
            raise UsageError(f"Tolerance must be from 0 to below 1, got {self.tolerance}.")

    def __call__(self, scan: NonCartesian) -> Volume:
        """Return the complex image of a scan."""
        return Volume(reconstruct_curved(scan, self._solve), scan.grid)

    def _solve(self, plane: CurvedPlane) -> NDArray[Any]:
        from anatwin.ops.nufft import CoilGram, CoilNufft
        from anatwin.ops.solve import conjugate_gradient

        maps, trajectory = plane.maps(self.espirit), plane.trajectory
        seen = CoilNufft(maps, trajectory.points).adjoint(plane.samples * trajectory.weights)
        return conjugate_gradient(
            CoilGram(maps, trajectory.transfer).normal,
            seen,
            iterations=self.iterations,
            tolerance=self.tolerance,
        )
