"""Partial Fourier in one step."""

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from anatwin.core import KSpace, Volume
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.planes import Plane, reconstruct_planes


@dataclass(frozen=True, kw_only=True)
class Homodyne:
    """Partial Fourier by homodyne detection: lines whose mirror image is missing count twice.

    Expects one phase-encoding axis of which a part at one end was not measured and everything
    else was. The phase of the image is that of the symmetric middle of k-space, so it must be
    smooth; the coils are combined with maps.

    References: Noll et al. 1991, Homodyne detection in magnetic resonance imaging,
    doi:10.1109/42.79473.
    """

    espirit: Espirit = field(default_factory=Espirit)
    """How coil maps are estimated where the scan brings none."""

    def __call__(self, kspace: KSpace) -> Volume:
        """Return the complex image of a scan."""
        return Volume(reconstruct_planes(kspace, self._solve), kspace.grid)

    def _solve(self, plane: Plane) -> NDArray[Any]:
        from anatwin.ops.linop import CoilSampling
        from anatwin.ops.partial_fourier import half_scan, in_phase, middle_window, unit_phase

        half = half_scan(plane.mask)
        sampling = CoilSampling(self.espirit.maps(plane), plane.mask)
        if half is None:
            return sampling.adjoint(plane.samples) / sampling.weight
        real = plane.samples.real.dtype
        middle = middle_window(plane.shape, half.block(plane.shape)).astype(real)
        phase = unit_phase(sampling.adjoint(plane.samples * middle))
        weighted = sampling.adjoint(plane.samples * half.weights().astype(real))
        return in_phase(weighted / sampling.weight, phase)
