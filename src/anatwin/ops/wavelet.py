"""Orthogonal wavelets of images of any size.

The transform is periodic. An image whose sides are not multiples of ``2**levels`` is padded with
zeros first, so the analysis followed by its adjoint is the identity for every size.
"""

from dataclasses import dataclass
from functools import cache
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.wavelet_loops import analyse, soften, synthesise

Array = NDArray[Any]
Shift = tuple[int, int]

_COARSEST = 12
_DEEPEST = 5


@cache
def scaling_filter(name: str) -> NDArray[np.float64]:
    """Return the low-pass synthesis filter of a Daubechies wavelet.

    The extremal-phase factor of the half-band polynomial: the roots inside the unit circle.

    Source: Daubechies, Ten Lectures on Wavelets, doi:10.1137/1.9781611970104, chapter 6.
    """
    moments = 1 if name == "haar" else int(name.removeprefix("db"))
    half_band = [comb(moments - 1 + k, k) for k in range(moments)][::-1]
    roots: list[complex] = []
    for y in np.roots(half_band):
        pair = np.roots([1, 4 * y - 2, 1])
        roots.append(complex(pair[np.argmin(abs(pair))]))
    taps = np.real(np.poly([-1.0] * moments + roots))
    return taps * (np.sqrt(2) / taps.sum())


def wavelet_levels(shape: tuple[int, int]) -> int:
    """Return how often both sides can be halved before the image is too small to mean much."""
    halvings = int(np.log2(max(min(shape) / _COARSEST, 2)))
    return min(halvings, _DEEPEST)


@dataclass(frozen=True)
class WaveletTransform:
    """The periodic orthogonal wavelet transform of ``row column`` images.

    Coefficients form one array, coarsest at the corner. A shift moves the image on its torus
    before the analysis and back after the synthesis: averaging over shifts removes the blocks
    that a decimated transform leaves (Coifman and Donoho 1995,
    doi:10.1007/978-1-4612-2544-7_9).

    Parameters
    ----------
    shape
        Rows and columns of the image.
    name
        ``haar`` or ``dbN`` with N vanishing moments.
    levels
        Number of halvings, one or more.
    """

    shape: tuple[int, int]
    name: str = "db4"
    levels: int = 4

    @property
    def padded(self) -> tuple[int, int]:
        """Rows and columns of the coefficients."""
        step = 2**self.levels
        rows, columns = (-(-n // step) * step for n in self.shape)
        return (rows, columns)

    def forward(self, image: Array, shift: Shift = (0, 0)) -> Array:
        """Return the coefficients of an image."""
        reals, width = _reals(image)
        out = np.empty((self.padded[0], self.padded[1] * width), reals.dtype)
        analyse(reals, self._filters(reals.dtype), (self.levels, width, *shift), out)
        return out.view(image.dtype)

    def adjoint(self, coefficients: Array, shift: Shift = (0, 0)) -> Array:
        """Return the image of coefficients: the adjoint, and an inverse, of ``forward``."""
        reals, width = _reals(coefficients)
        out = np.empty((self.shape[0], self.shape[1] * width), reals.dtype)
        synthesise(reals.copy(), self._filters(reals.dtype), (self.levels, width, *shift), out)
        return out.view(coefficients.dtype)

    def shrink(self, image: Array, threshold: float, shift: Shift = (0, 0)) -> Array:
        """Return the image with every detail coefficient's magnitude lowered by a threshold.

        The coarsest approximation is kept as it is. For an image that needs no padding this is
        the proximal map of ``threshold`` times the sum of the details' magnitudes.
        """
        reals, width = _reals(image)
        work = np.empty((self.padded[0], self.padded[1] * width), reals.dtype)
        out = np.empty(reals.shape, reals.dtype)
        filters, plan = self._filters(reals.dtype), (self.levels, width, *shift)
        analyse(reals, filters, plan, work)
        corner = (self.padded[0] >> self.levels, (self.padded[1] >> self.levels) * width)
        soften(work, reals.dtype.type(threshold), width, corner)
        synthesise(work, filters, plan, out)
        return out.view(image.dtype)

    def _filters(self, dtype: np.dtype[Any]) -> Array:
        low = scaling_filter(self.name)
        high = low[::-1] * (-1.0) ** np.arange(len(low))
        return np.stack([low, high]).astype(dtype)


def spread_shift(iteration: int, levels: int) -> Shift:
    """Return the shift of an iteration: successive ones cover all that differ evenly.

    The additive recurrence of the plastic number, a low-discrepancy sequence in two dimensions.
    """
    plastic, period = 1.3247179572447460, 2**levels
    down, right = (int(period * (iteration / plastic**power % 1)) for power in (1, 2))
    return (down, right)


def _reals(values: Array) -> tuple[Array, int]:
    """Return the array with real and imaginary parts side by side, and numbers per value."""
    width = 2 if np.iscomplexobj(values) else 1
    values = np.ascontiguousarray(values)
    return values.view(values.real.dtype), width
