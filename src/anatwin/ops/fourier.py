"""The Fourier transform between an image and its k-space: centred and unitary."""

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


def fft(image: Array, axes: tuple[int, ...], *, workers: int = 1) -> Array:
    """Return the k-space of an image.

    Position zero and frequency zero are at index ``n // 2`` of every transformed axis, and the
    sum of squares is kept. Single precision stays single precision.

    Parameters
    ----------
    image
        Real or complex values of any shape.
    axes
        Axes to transform.
    workers
        Threads to use.
    """
    from scipy.fft import fftn

    return _centred(fftn, image, axes, workers)


def ifft(kspace: Array, axes: tuple[int, ...], *, workers: int = 1) -> Array:
    """Return the image of a k-space: the inverse, and the adjoint, of ``fft``."""
    from scipy.fft import ifftn

    return _centred(ifftn, kspace, axes, workers)


def _centred(
    transform: Callable[..., Array], values: Array, axes: tuple[int, ...], n: int
) -> Array:
    from scipy.fft import fftshift, ifftshift

    corner_first = ifftshift(values, axes=axes)
    result = transform(corner_first, axes=axes, norm="ortho", workers=n, overwrite_x=True)
    return fftshift(result, axes=axes)
