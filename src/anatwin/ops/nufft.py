"""The Fourier transform at any frequencies: non-uniform, centred and unitary in scale.

Positions are counted from index ``n // 2``, frequencies are cycles per voxel, and a trajectory on
the Cartesian grid gives what ``ops.fourier`` gives. finufft computes it (Barnett et al. 2019,
doi:10.1137/18M120885X).
"""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import MissingPartError

Array = NDArray[Any]
Shape = tuple[int, int]

_SINGLE, _DOUBLE = 1e-6, 1e-12
_POWER_STEPS, _MARGIN = 8, 1.1


@dataclass(frozen=True, eq=False)
class Nufft:
    """From images to their samples along a trajectory.

    Parameters
    ----------
    trajectory
        Frequencies [cycles per voxel], ``... 2``.
    shape
        Rows and columns of the image.
    precision
        Relative error that is good enough; None for what the numbers' own precision allows.

    Raises
    ------
    MissingPartError
        When first applied, if finufft is not installed.
    """

    trajectory: Array
    shape: Shape
    precision: float | None = None

    def forward(self, images: Array) -> Array:
        """Return the samples ``... point`` of images ``... row column``.

        The points' own axes are those of the trajectory without its last.
        """
        stack = np.ascontiguousarray(images).reshape(-1, *self.shape)
        values = _finufft().nufft2d2(*self._angles(stack), stack, isign=-1, **self._options(stack))
        values *= self._scale
        return values.reshape(*images.shape[:-2], *self.trajectory.shape[:-1])

    def adjoint(self, samples: Array) -> Array:
        """Return the images ``... row column`` that every sample adds its wave to."""
        leading = samples.shape[: samples.ndim - self.trajectory.ndim + 1]
        stack = np.ascontiguousarray(samples).reshape(-1, self.trajectory.size // 2)
        angles, options = self._angles(stack), self._options(stack)
        images = _finufft().nufft2d1(*angles, stack, self.shape, isign=1, **options)
        images *= self._scale
        return images.reshape(*leading, *self.shape)

    @property
    def _scale(self) -> float:
        return float(self.shape[0] * self.shape[1]) ** -0.5

    def _angles(self, values: Array) -> tuple[Array, Array]:
        """Return the radians per voxel along rows' and columns' numbers, contiguous."""
        first, second = 2 * np.pi * self.trajectory.reshape(-1, 2).T
        real = values.real.dtype
        return np.ascontiguousarray(first, real), np.ascontiguousarray(second, real)

    def _options(self, values: Array) -> dict[str, float]:
        """Return the relative precision, and one thread: slices run side by side."""
        single = values.real.dtype == np.float32
        return {"eps": self.precision or (_SINGLE if single else _DOUBLE), "nthreads": 1}


@dataclass(frozen=True, eq=False)
class CoilNufft:
    """From the image of a slice to what its coils measure along a trajectory.

    Parameters
    ----------
    coils
        Receive sensitivities, ``coil row column``.
    trajectory
        Frequencies [cycles per voxel], ``... 2``.
    """

    coils: Array
    trajectory: Array

    def forward(self, image: Array) -> Array:
        """Return the samples ``coil ...`` of an image ``row column``."""
        return self._nufft.forward(self.coils * image)

    def adjoint(self, samples: Array) -> Array:
        """Return the image ``row column`` that each sample ``coil ...`` adds to."""
        return np.einsum("cij,cij->ij", self.coils.conj(), self._nufft.adjoint(samples))

    @property
    def _nufft(self) -> Nufft:
        return Nufft(self.trajectory, (self.coils.shape[1], self.coils.shape[2]))


@dataclass(frozen=True, eq=False)
class CoilGram:
    """Measuring, weighing and going back in one: ``adjoint(weights * forward(image))``.

    Without coils that is a convolution of the image with the trajectory's point-spread function,
    done with two plain transforms of twice the size instead of two non-uniform ones.

    Parameters
    ----------
    coils
        Receive sensitivities, ``coil row column``.
    transfer
        Result of ``transfer_function``.

    Source: Wajer and Pruessmann 2001, ISMRM 767; Fessler et al. 2005, doi:10.1109/TSP.2005.853152.
    """

    coils: Array
    transfer: Array

    def normal(self, image: Array) -> Array:
        """Return the image ``row column`` of an image."""
        from scipy.fft import fft, ifft

        (rows, columns), (tall, wide) = image.shape, self.transfer.shape
        result = np.zeros_like(image)
        for coil in self.coils:
            spectrum = fft(coil * image, wide, axis=1, overwrite_x=True)
            spectrum = fft(spectrum, tall, axis=0, overwrite_x=True)
            spectrum *= self.transfer
            spectrum = ifft(spectrum, axis=0, overwrite_x=True)[:rows]
            result += coil.conj() * ifft(spectrum, axis=1, overwrite_x=True)[:, :columns]
        return result

    def gain(self, start: Array) -> float:
        """Return the largest eigenvalue of ``normal``, by power iterations from an image.

        A little more is returned, because power iterations end a little below it.
        """
        image, gain = start, 0.0
        for _ in range(_POWER_STEPS):
            size = float(np.linalg.norm(image))
            if size == 0:
                return 1.0
            image = self.normal(image / image.real.dtype.type(size))
            gain = float(np.linalg.norm(image))
        return gain * _MARGIN


def transfer_function(trajectory: Array, weights: Array, shape: Shape) -> Array:
    """Return the spectrum of the weighted trajectory's point-spread function.

    Parameters
    ----------
    trajectory
        Frequencies [cycles per voxel], ``... 2``.
    weights
        Of the samples, ``...``.
    shape
        Rows and columns of the images to convolve.

    Returns
    -------
    Array
        Real, on a grid of at least twice the size less one, zero frequency first.
    """
    from scipy.fft import fft2, ifftshift, next_fast_len

    rows, columns = shape
    size = (next_fast_len(2 * rows), next_fast_len(2 * columns))
    spread = Nufft(trajectory, size).adjoint(weights.astype(np.complex128))
    spread *= (size[0] * size[1]) ** 0.5 / (rows * columns)
    for axis, n in enumerate(shape):
        offset = np.arange(size[axis]) - size[axis] // 2
        spread[(slice(None),) * axis + (np.abs(offset) >= n,)] = 0
    return fft2(ifftshift(spread)).real


def _finufft() -> ModuleType:
    try:
        import finufft
    except ImportError as error:
        raise MissingPartError(
            "Non-Cartesian k-space needs finufft, which is not installed: "
            "pip install 'anatwin[nufft]'"
        ) from error
    return finufft
