"""Compressed sensing with coil maps, from samples along any trajectory."""

from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from anatwin.core import NonCartesian, UsageError, Volume
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.noncartesian_planes import CurvedPlane, reconstruct_curved
from anatwin.reconstruct.wavelet import Name


@dataclass(frozen=True, kw_only=True)
class NonCartesianWavelet:
    """Compressed sensing from a non-Cartesian scan: an image with few wavelet coefficients.

    Minimises half the squared misfit of the samples, weighted by their density, plus ``strength``
    times the sum of the magnitudes of the wavelet details, by FISTA; every iteration moves the
    wavelet grid to another place, so that it leaves no blocks.

    References: Lustig et al. 2007, doi:10.1002/mrm.21391; Beck and Teboulle 2009,
    doi:10.1137/080716542.
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
            raise UsageError(f"Iterations must be 1 or more, got {self.iterations}.")
        if self.strength < 0:
            raise UsageError(f"Strength must not be negative, got {self.strength}.")
        if self.wavelet not in get_args(Name):
            names = ", ".join(get_args(Name))
            raise UsageError(f"Wavelet must be one of {names}, got {self.wavelet!r}.")
        if not 0 < self.energy <= 1:
            raise UsageError(f"Energy must be above 0 and at most 1, got {self.energy}.")

    def __call__(self, scan: NonCartesian) -> Volume:
        """Return the complex image of a scan."""
        return Volume(reconstruct_curved(scan, self._solve, energy=self.energy), scan.grid)

    def _solve(self, plane: CurvedPlane) -> NDArray[Any]:
        from anatwin.ops.nufft import CoilGram, CoilNufft
        from anatwin.ops.solve import fista
        from anatwin.ops.wavelet import WaveletTransform, spread_shift, wavelet_levels

        maps, trajectory = plane.maps(self.espirit), plane.trajectory
        seen = CoilNufft(maps, trajectory.points).adjoint(plane.samples * trajectory.weights)
        gram = CoilGram(maps, trajectory.transfer)
        gain = gram.gain(seen)
        sparse = WaveletTransform(trajectory.shape, self.wavelet, wavelet_levels(trajectory.shape))
        return fista(
            lambda image: np.subtract(misfit := gram.normal(image), seen, out=misfit),
            lambda image, step: sparse.shrink(
                image, self.strength / gain, spread_shift(step, sparse.levels)
            ),
            seen / seen.real.dtype.type(gain),
            iterations=self.iterations,
            gain=gain,
        )
