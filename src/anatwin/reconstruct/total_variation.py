"""Compressed sensing of images that are flat but for their edges."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import KSpace, UsageError, Volume
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.planes import Plane, reconstruct_planes


@dataclass(frozen=True, kw_only=True)
class TotalVariation:
    """Compressed sensing: the image that fits the samples and changes at few places.

    Minimises half the squared misfit of the samples plus ``strength`` times the isotropic total
    variation of the complex image, by FISTA with an accelerated dual step inside. The image is
    zero where the coil maps are.

    References: Rudin et al. 1992, doi:10.1016/0167-2789(92)90242-F; Block et al. 2007,
    doi:10.1002/mrm.21236; Beck and Teboulle 2009, doi:10.1109/TIP.2009.2028250.
    """

    iterations: int = 40
    """Number of steps."""
    strength: float = 0.004
    """Weight of the variation, as a fraction of the typical brightness of the image."""
    inner: int = 5
    """Dual steps in every step; they go on where those of the step before ended."""
    energy: float = 0.999
    """Fraction of the signal that virtual coils keep: fewer are faster, 1 keeps every coil."""
    espirit: Espirit = field(default_factory=Espirit)
    """How coil maps are estimated where the scan brings none."""

    def __post_init__(self) -> None:
        for name in ("iterations", "inner"):
            if getattr(self, name) < 1:
                raise UsageError(
                    f"TotalVariation.{name} must be 1 or more, got {getattr(self, name)}."
                )
        if self.strength < 0:
            raise UsageError(f"TotalVariation.strength must not be negative, got {self.strength}.")
        if not 0 < self.energy <= 1:
            raise UsageError(
                f"TotalVariation.energy must be above 0 and at most 1, got {self.energy}."
            )

    def __call__(self, kspace: KSpace) -> Volume:
        """Return the complex image of a scan."""
        return Volume(reconstruct_planes(kspace, self._solve, energy=self.energy), kspace.grid)

    def _solve(self, plane: Plane) -> NDArray[Any]:
        from anatwin.ops.gradient import VariationShrinkage
        from anatwin.ops.linop import CoilSampling
        from anatwin.ops.solve import fista

        maps = self.espirit.maps(plane)
        sampling = CoilSampling(maps, plane.mask)
        seen = sampling.adjoint(plane.samples)
        gain = sampling.largest_gain
        shrink = VariationShrinkage(self.strength / gain, self.inner)
        image = fista(
            lambda image: np.subtract(misfit := sampling.normal(image), seen, out=misfit),
            lambda image, _: shrink(image),
            seen / seen.real.dtype.type(gain),
            iterations=self.iterations,
            gain=gain,
        )
        image *= maps.any(axis=0)  # where no coil hears, nothing but its edge tells the image
        return image
