"""Compressed sensing with coil maps."""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from anatwin.core import AnyKSpace, NonCartesian, UsageError, Volume
from anatwin.reconstruct.along_trajectories import wavelet_along
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.planes import Plane, reconstruct_planes

Name = Literal["haar", "db2", "db3", "db4", "db6", "db8"]


@dataclass(frozen=True, kw_only=True)
class Wavelet:
    """Compressed sensing: the image that fits the samples and has few wavelet coefficients.

    Minimises half the squared misfit of the samples plus ``strength`` times the sum of the
    magnitudes of the wavelet details, by FISTA; every iteration moves the wavelet grid to another
    place, so that it leaves no blocks.

    References: Lustig et al. 2007, doi:10.1002/mrm.21391; Beck and Teboulle 2009,
    doi:10.1137/080716542; cycle spinning: Coifman and Donoho 1995,
    doi:10.1007/978-1-4612-2544-7_9.
    """

    iterations: int = 30
    """Number of steps."""
    strength: float = 0.007
    """Weight of sparsity, as a fraction of the typical brightness of the image."""
    wavelet: Name = "db4"
    """Daubechies wavelet: dbN has N vanishing moments."""
    energy: float = 0.999
    """Fraction of the signal that virtual coils keep: fewer are faster, 1 keeps every coil."""
    espirit: Espirit = field(default_factory=Espirit)
    """How coil maps are estimated where the scan brings none."""

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise UsageError(f"Wavelet.iterations must be 1 or more, got {self.iterations}.")
        if self.strength < 0:
            raise UsageError(f"Wavelet.strength must not be negative, got {self.strength}.")
        if self.wavelet not in get_args(Name):
            names = ", ".join(get_args(Name))
            raise UsageError(f"Wavelet.wavelet must be one of {names}, got {self.wavelet!r}.")
        if not 0 < self.energy <= 1:
            raise UsageError(f"Wavelet.energy must be above 0 and at most 1, got {self.energy}.")

    def __call__(self, kspace: AnyKSpace) -> Volume:
        """Return the complex image of a scan, along lines or along trajectories."""
        if isinstance(kspace, NonCartesian):
            return Volume(wavelet_along(kspace, self), kspace.grid)
        return Volume(reconstruct_planes(kspace, self._solve, energy=self.energy), kspace.grid)

    def _solve(self, plane: Plane) -> NDArray[Any]:
        from anatwin.ops.linop import CoilSampling
        from anatwin.ops.solve import fista
        from anatwin.ops.wavelet import WaveletTransform, spread_shift, wavelet_levels

        sampling = CoilSampling(self.espirit.maps(plane), plane.mask)
        seen = sampling.adjoint(plane.samples)
        sparse = WaveletTransform(plane.shape, self.wavelet, wavelet_levels(plane.shape))
        gain = sampling.largest_gain
        return fista(
            lambda image: np.subtract(misfit := sampling.normal(image), seen, out=misfit),
            lambda image, step: sparse.shrink(
                image, self.strength / gain, spread_shift(step, sparse.levels)
            ),
            seen / seen.real.dtype.type(gain),
            iterations=self.iterations,
            gain=gain,
        )
