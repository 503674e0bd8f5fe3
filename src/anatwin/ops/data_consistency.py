"""Data consistency: an image is moved to what its coils measured."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.linop import CoilSampling
from anatwin.ops.solve import conjugate_gradient

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class DataConsistency:
    """Put the measured samples of a slice back into an image of it.

    Where a sample was measured, the image's own is replaced by a weighted mean of both; elsewhere
    it stays [1]_. That minimises the squared misfit of the samples plus a multiple of the squared
    change; of several coils, a few steps of conjugate gradients come close to this minimum [2]_.

    Parameters
    ----------
    sampling
        From an image to the samples.
    seen
        Adjoint of the sampling of what was measured, ``row column``.
    coil_steps
        Steps of conjugate gradients for several coils; 0 makes each coil's image consistent and
        combines them again, once.

    References
    ----------
    .. [1] Schlemper et al. 2018, doi:10.1109/TMI.2017.2760978.
    .. [2] Aggarwal et al. 2019, doi:10.1109/TMI.2018.2865356.
    """

    sampling: CoilSampling
    seen: Array
    coil_steps: int = 0

    def zero_filled(self) -> Array:
        """Return the image whose unmeasured samples are zero, ``row column``."""
        return self.seen / self.sampling.weight

    def __call__(self, image: Array, trust: float) -> Array:
        """Return an image ``row column`` that fits the samples better; zero where no coil sees.

        Parameters
        ----------
        image
            Complex, ``row column``.
        trust
            How far to go, above 0 and at most 1: lambda / (1 + lambda), where lambda is the
            weight of the samples against the image. At 1 they replace what the image says.
        """
        number = image.real.dtype.type
        weight = self.sampling.weight
        image = image * self.sampling.coils.any(axis=0)
        misfit = self.seen - self.sampling.normal(image)
        if len(self.sampling.coils) == 1 or self.coil_steps == 0:
            return image + number(trust) / weight * misfit
        # In these coordinates the size of an image counts its coil images'.
        root, keep = np.sqrt(weight), number(1 / trust - 1)
        change = conjugate_gradient(
            lambda scaled: self.sampling.normal(scaled / root) / root + keep * scaled,
            misfit / root,
            iterations=self.coil_steps,
        )
        return image + change / root
