"""Readout oversampling, cut off in image space."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.io.ismrmrd_header import Encoding
from anatwin.ops.fourier import fft, ifft


@dataclass(frozen=True, slots=True)
class Readout:
    """Readout samples as measured, and as kept once oversampling is cut off in image space."""

    n_measured: int
    n_kept: int

    @classmethod
    def of(cls, encoding: Encoding) -> "Readout":
        """Return what an encoding states."""
        n = encoding.encoded.matrix[0]
        share = encoding.recon.fov_mm[0] / encoding.encoded.fov_mm[0]
        return cls(n, max(1, round(n * share)) if share < 0.999 else n)

    def cropped(self, lines: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Return lines, samples on the last axis, of the smaller field of view."""
        if self.n_kept == self.n_measured:
            return lines
        start = self.n_measured // 2 - self.n_kept // 2
        return fft(ifft(lines, (-1,))[..., start : start + self.n_kept], (-1,))

    def kept(self, first: int, last: int) -> slice:
        """Return which kept samples a range of measured ones covers."""
        factor, middle = self.n_measured / self.n_kept, self.n_measured // 2
        begin = math.ceil((first - middle) / factor) + self.n_kept // 2
        end = math.floor((last - 1 - middle) / factor) + self.n_kept // 2 + 1
        return slice(max(begin, 0), min(end, self.n_kept))
