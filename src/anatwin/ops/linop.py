"""Linear maps with their adjoints: what was measured, as a function of the image."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled
from anatwin.ops.fourier import fft, ifft

Array = NDArray[Any]


class LinearOperator(Protocol):
    """A linear map between arrays, and the map that its adjoint is."""

    def forward(self, values: Array) -> Array:
        """Apply the map."""
        ...

    def adjoint(self, values: Array) -> Array:
        """Apply the adjoint."""
        ...


@dataclass(frozen=True, eq=False)
class CoilSampling:
    """From the image of a slice to the k-space samples that its coils measured.

    Parameters
    ----------
    coils
        Receive sensitivities, ``coil row column``.
    mask
        True where measured, ``row column``; an axis that all entries share may have length one.
    """

    coils: Array
    mask: NDArray[np.bool_]

    def forward(self, image: Array) -> Array:
        """Return the samples ``coil row column`` of an image ``row column``."""
        return fft(self.coils * image, (1, 2)) * self.mask

    def adjoint(self, samples: Array) -> Array:
        """Return the image that each sample adds to, ``row column``."""
        images = ifft(samples * self.mask, (1, 2))
        return np.einsum("cij,cij->ij", self.coils.conj(), images)

    def normal(self, image: Array) -> Array:
        """Return ``adjoint(forward(image))``, coil by coil.

        Undersampling is a circular convolution of every coil's image, so neither the shift to
        the centre nor a transform along a fully sampled axis is needed.
        """
        from scipy.fft import fftn, ifftn

        axes = tuple(axis for axis in (0, 1) if self.mask.shape[axis] > 1)
        if not axes:
            return _weigh(self.coils, image)
        keep = np.fft.ifftshift(self.mask).astype(image.real.dtype)
        result, seen = np.zeros_like(image), np.empty_like(image)
        for coil in self.coils:
            np.multiply(coil, image, out=seen)
            spectrum = fftn(seen, axes=axes, overwrite_x=True)
            np.multiply(spectrum, keep, out=spectrum)
            _add_conjugate_product(coil, ifftn(spectrum, axes=axes, overwrite_x=True), result)
        return result

    @property
    def largest_gain(self) -> float:
        """An upper bound of the largest eigenvalue of ``normal``."""
        return float(self.weight.max())

    @property
    def weight(self) -> Array:
        """Sum of squares of the sensitivities, ``row column``, never quite zero."""
        power = (self.coils.real**2 + self.coils.imag**2).sum(axis=0)
        return np.maximum(power, power.dtype.type(1e-3) * max(power.max(), power.dtype.type(1e-20)))


def _weigh(coils: Array, image: Array) -> Array:
    return (coils.real**2 + coils.imag**2).sum(axis=0) * image


@compiled
def _add_conjugate_product(weights: Array, values: Array, total: Array) -> None:
    for i in range(total.shape[0]):
        for j in range(total.shape[1]):
            total[i, j] += np.conj(weights[i, j]) * values[i, j]
