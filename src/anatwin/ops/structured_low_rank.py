"""Completing the k-space of several coils, since smooth filters annihilate their images.

Coil images whose sensitivities are smooth, or whose object leaves air around it, satisfy many
linear relations between neighbouring samples of k-space: the block-Hankel matrix, whose rows are
all windows of ``kernel x kernel`` samples of every coil, has a low rank. A relation is a filter
that is smooth in image space, so the matrix itself is never built: its Gram matrix holds the low
frequencies of products of images, and the energy that it leaves is a small Hermitian form at
every pixel. Windows wrap around the edge of k-space.

Sources: Shin et al. 2014, doi:10.1002/mrm.24997; Haldar 2014, doi:10.1109/TMI.2013.2293974;
Ongie and Jacob 2017, doi:10.1109/TCI.2017.2721819.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled
from anatwin.ops.solve import conjugate_gradient

Array = NDArray[Any]

_FIRST_THRESHOLD = 0.3
_STEPS = 5
_DAMPING = 0.002
"""Keeps the samples that no relation determines, noise that is, from growing."""


def complete_kspace(
    samples: Array,
    mask: NDArray[np.bool_],
    *,
    kernel: int,
    threshold: float,
    iterations: int,
    smooth_phase: bool = False,
) -> Array:
    """Return k-space with its gaps filled; what was measured stays as it is.

    Minimises the sum of the logarithms of the block-Hankel matrix's squared singular values,
    each plus a constant that falls from one iteration to the next, by reweighted least squares.

    Parameters
    ----------
    samples
        Measured k-space, ``coil row column``.
    mask
        True where measured, ``row column``; an axis that all entries share may have length one.
    kernel
        Side of the windows [samples].
    threshold
        Singular values below this fraction of the largest count as noise in the end.
    iterations
        Number of times that the relations are learnt anew.
    smooth_phase
        Also use that the image's phase is smooth: every image's conjugate becomes another coil.
    """
    from scipy.fft import fft2, fftshift, ifft2, ifftshift

    missing = ~np.fft.ifftshift(np.broadcast_to(mask, samples.shape[1:]))
    spectrum = ifftshift(samples, axes=(1, 2)) * ~missing
    for level in np.geomspace(max(threshold, _FIRST_THRESHOLD), threshold, iterations):
        images = ifft2(spectrum, norm="ortho")
        left = annihilation(images, kernel, float(level), smooth_phase=smooth_phase)

        def normal(values: Array, left: Annihilation = left) -> Array:
            return fft2(left.apply(ifft2(values, norm="ortho")), norm="ortho") * missing

        spectrum += conjugate_gradient(normal, -normal(spectrum), iterations=_STEPS)
    return fftshift(spectrum, axes=(1, 2))


@dataclass(frozen=True, eq=False)
class Annihilation:
    """The energy that filters leave of images, a Hermitian form at every pixel.

    Parameters
    ----------
    form
        Its upper triangle, ``pair row column``, in the order of ``numpy.triu_indices``.
    conjugate_form
        The same between images and conjugate images, where the phase is smooth.
    """

    form: Array
    conjugate_form: Array | None

    def apply(self, images: Array) -> Array:
        """Return half of the energy's gradient at images ``coil row column``."""
        result = np.zeros_like(images)
        _add_form(self.form, images, result)
        if self.conjugate_form is not None:
            _add_conjugate_form(self.conjugate_form, images, result)
        return result


def annihilation(
    images: Array, kernel: int, level: float, *, smooth_phase: bool = False
) -> Annihilation:
    """Return the energy that filters leave which do not fit images.

    Parameters
    ----------
    images
        Coil images with the middle in the corner, ``coil row column``.
    kernel
        Side of the filters [samples].
    level
        Singular values well below this fraction of the largest get the full weight.
    smooth_phase
        Let filters combine images with conjugate images.
    """
    n, shape = len(images), images.shape[1:]
    gram = hankel_gram(np.concatenate([images, images.conj()]) if smooth_phase else images, kernel)
    power, vectors = np.linalg.eigh(gram)
    noise = max(level**2 * power[-1], np.finfo(power.dtype).tiny)
    weight = (noise / (np.maximum(power, 0) + noise) + _DAMPING) / kernel**2
    lags = _sum_over_lags((vectors.conj() * weight) @ vectors.T, kernel)
    pairs = np.triu_indices(n)
    form = _at_every_pixel(lags[:n, :n][pairs], shape)
    return Annihilation(form, _at_every_pixel(lags[:n, n:][pairs], shape) if smooth_phase else None)


def hankel_gram(images: Array, kernel: int) -> Array:
    """Return the Gram matrix of the windows of the k-space of images.

    Parameters
    ----------
    images
        With the middle in the corner, ``coil row column``.
    kernel
        Side of the windows [samples].

    Returns
    -------
    Array
        Square, its index running over coil, row and column of a window.
    """
    side, n = 2 * kernel - 1, len(images)
    down, across = (_waves(length, kernel, images.dtype) for length in images.shape[1:])
    lags = np.empty((n, n, side, side), images.dtype)
    for image, row in zip(images, lags, strict=True):
        products = image.conj() * images
        row[:] = down @ (products @ across.T)
    steps = np.subtract.outer(np.arange(kernel), np.arange(kernel)).T + kernel - 1
    blocks = lags[:, :, steps[:, None, :, None], steps[None, :, None, :]]
    return blocks.transpose(0, 2, 3, 1, 4, 5).reshape(n * kernel**2, -1)


def _sum_over_lags(weights: Array, kernel: int) -> Array:
    """Return the sums ``coil coil lag lag`` along a window matrix's diagonals."""
    n, side = len(weights) // kernel**2, 2 * kernel - 1
    windows = weights.reshape(n, kernel, kernel, n, kernel, kernel)
    total = np.zeros((n, n, side, side), weights.dtype)
    for row in range(kernel):
        for column in range(kernel):
            top, left = kernel - 1 - row, kernel - 1 - column
            total[:, :, top : top + kernel, left : left + kernel] += windows[:, row, column]
    return total


def _at_every_pixel(lags: Array, shape: tuple[int, ...]) -> Array:
    """Return the smooth functions ``pair row column`` that lags are the frequencies of."""
    kernel = (lags.shape[1] + 1) // 2
    down, across = (_waves(length, kernel, lags.dtype) for length in shape)
    return down.T @ (lags @ across)


def _waves(length: int, kernel: int, dtype: np.dtype[Any]) -> Array:
    """Return the lowest frequencies of an axis, ``lag position``."""
    lags, positions = np.arange(1 - kernel, kernel), np.arange(length)
    return np.exp(-2j * np.pi / length * np.outer(lags, positions)).astype(dtype)


@compiled
def _add_form(form: Array, images: Array, total: Array) -> None:
    pair = 0
    for a in range(images.shape[0]):
        for b in range(a, images.shape[0]):
            for i in range(images.shape[1]):
                for j in range(images.shape[2]):
                    total[a, i, j] += form[pair, i, j] * images[b, i, j]
                    if b > a:
                        total[b, i, j] += np.conj(form[pair, i, j]) * images[a, i, j]
            pair += 1


@compiled
def _add_conjugate_form(form: Array, images: Array, total: Array) -> None:
    pair = 0
    for a in range(images.shape[0]):
        for b in range(a, images.shape[0]):
            for i in range(images.shape[1]):
                for j in range(images.shape[2]):
                    total[a, i, j] += form[pair, i, j] * np.conj(images[b, i, j])
                    if b > a:
                        total[b, i, j] += form[pair, i, j] * np.conj(images[a, i, j])
            pair += 1
