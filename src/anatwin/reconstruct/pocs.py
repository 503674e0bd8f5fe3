"""Partial Fourier by alternating between what was measured and what the phase must be."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, KSpace, UsageError, Volume
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.planes import Plane, reconstruct_planes

_FEWEST = 8


@dataclass(frozen=True, kw_only=True)
class Pocs:
    """Partial Fourier by projections onto convex sets: the samples, and a smooth phase.

    The phase of the image is that of the fully sampled middle of k-space. In turn the image is
    given that phase, and what its coils would have measured is replaced by what they did measure,
    which comes last. Coil maps tie the coils together, so gaps elsewhere in k-space may come on
    top; expected is a fully sampled middle of 8 x 8 samples or more.

    References: Haacke et al. 1991, A fast, iterative, partial-Fourier technique,
    doi:10.1016/0022-2364(91)90253-P; several coils: Samsonov et al. 2004, POCSENSE,
    doi:10.1002/mrm.20285.
    """

    iterations: int = 5
    """Number of projections onto each set."""
    espirit: Espirit = field(default_factory=Espirit)
    """How coil maps are estimated where the scan brings none."""

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise UsageError(f"Pocs.iterations must be 1 or more, got {self.iterations}.")

    def __call__(self, kspace: KSpace) -> Volume:
        """Return the complex image of a scan."""
        return Volume(reconstruct_planes(kspace, self._solve), kspace.grid)

    def _solve(self, plane: Plane) -> NDArray[Any]:
        from anatwin.ops.linop import CoilSampling
        from anatwin.ops.partial_fourier import in_phase, middle_window, unit_phase

        sampling = CoilSampling(self.espirit.maps(plane), plane.mask)
        middle = middle_window(plane.shape, _middle(plane)).astype(plane.samples.real.dtype)
        phase = unit_phase(sampling.adjoint(plane.samples * middle))
        seen = sampling.adjoint(plane.samples)
        image = seen / sampling.weight
        for _ in range(self.iterations):
            image = in_phase(image, phase)
            image += (seen - sampling.normal(image)) / sampling.weight
        return image


def _middle(plane: Plane) -> tuple[slice, ...]:
    """Return the fully sampled block around the zero frequency."""
    from anatwin.ops.coils import calibration_region

    block = calibration_region(np.broadcast_to(plane.mask, plane.shape), max(plane.shape))
    sides = [part.stop - part.start for part in block]
    if min(sides) < min(_FEWEST, *plane.shape):
        raise InputError(
            f"Pocs expects a fully sampled middle of k-space of {_FEWEST} x {_FEWEST} samples or "
            f"more, got {sides[0]} x {sides[1]}; use RootSumOfSquares."
        )
    return block
