"""The best shift of one image on another, every shift tried at once."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Shift(NamedTuple):
    """One shift of the moving image, in voxels, and the correlation there."""

    voxels: tuple[int, int, int]
    correlation: float


class ShiftSearch:
    """Normalised cross-correlation of a masked image with others, for all shifts by FFT.

    Sums run over the overlap of both masks alone, so that fields of view do not bias it.

    Source: Padfield 2012, doi:10.1109/TIP.2011.2181402.

    Parameters
    ----------
    image, mask
        The fixed image and where it is known, ``i j k``; both are surrounded by enough zeros for
        the largest shift.
    reach
        Largest shift along each axis [voxel].
    overlap
        Least share of the fixed mask that must overlap.
    """

    def __init__(self, image: Array, mask: Array, *, reach: int, overlap: float) -> None:
        self._spectra = _spectra(image, mask)
        self._shape = image.shape
        self._floor = overlap * float(mask.sum())
        far = [np.abs(np.fft.fftfreq(n, 1 / n)) > reach for n in image.shape]
        self._beyond = far[0][:, None, None] | far[1][:, None] | far[2]

    def best(self, image: Array, mask: Array, *, n: int = 2) -> list[Shift]:
        """Return the ``n`` best shifts that lie apart; the moving image goes by them."""
        score = self._score(image, mask)
        found = []
        for _ in range(n):
            peak = np.unravel_index(int(score.argmax()), score.shape)
            voxels = tuple(
                int(p) - m * (p > m // 2) for p, m in zip(peak, self._shape, strict=True)
            )
            found.append(Shift(voxels, float(score[peak])))
            around = (np.arange(p - 2, p + 3) % m for p, m in zip(peak, self._shape, strict=True))
            score[np.ix_(*around)] = -1
        return [shift for shift in found if shift.correlation > -1]

    def _score(self, image: Array, mask: Array) -> Array:
        from scipy.fft import irfftn

        fixed, moving = self._spectra, _spectra(image, mask)

        def summed(a: int, b: int) -> Array:
            return irfftn(fixed[a] * moving[b].conj(), s=self._shape)

        n = np.maximum(summed(0, 0), 1e-3)
        sum_fixed, sum_moving = summed(1, 0), summed(0, 1)
        joint = summed(1, 1) - sum_fixed * sum_moving / n
        spread = (summed(2, 0) - sum_fixed**2 / n) * (summed(0, 2) - sum_moving**2 / n)
        allowed = (n >= self._floor) & ~self._beyond & (spread > 1e-6 * max(spread.max(), 1e-30))
        return np.where(allowed, joint / np.sqrt(np.where(allowed, spread, 1)), -1)


def _spectra(image: Array, mask: Array) -> tuple[Array, Array, Array]:
    """Return the transforms of a mask, of the masked image and of its square."""
    from scipy.fft import rfftn

    seen = image * mask
    return rfftn(mask), rfftn(seen), rfftn(seen * image)
