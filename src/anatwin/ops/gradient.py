"""Differences between neighbouring pixels, and the total variation that they add up to."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled

Array = NDArray[Any]


class Gradient:
    """Differences of an image to its left and upper neighbours, on the torus.

    k-space is periodic in the image, so an object that leaves on one side enters on the other.
    """

    largest_gain = 8.0
    """An upper bound of the largest eigenvalue of ``adjoint(forward(image))``."""

    def forward(self, image: Array) -> Array:
        """Return the differences ``direction row column`` of an image ``row column``."""
        return np.stack([image - np.roll(image, 1, axis) for axis in (0, 1)])

    def adjoint(self, slopes: Array) -> Array:
        """Return the image ``row column`` of slopes ``direction row column``."""
        down, right = slopes
        return down - np.roll(down, -1, 0) + right - np.roll(right, -1, 1)


def total_variation(image: Array) -> float:
    """Return the sum over pixels of the length of the gradient: isotropic total variation."""
    slopes = Gradient().forward(image)
    return float(np.sqrt((np.abs(slopes) ** 2).sum(axis=0)).sum())


class VariationShrinkage:
    """The proximal map of isotropic total variation, by an accelerated dual ascent.

    The dual variable is kept from call to call: an outer iteration moves the image little, so
    few steps are enough each time.

    Source: Beck and Teboulle 2009, Fast gradient-based algorithms for constrained total variation
    image denoising, doi:10.1109/TIP.2009.2028250.

    Parameters
    ----------
    weight
        What the total variation is multiplied by.
    steps
        Dual steps of a call.
    """

    def __init__(self, weight: float, steps: int) -> None:
        self.weight, self.steps = weight, steps
        self._dual: Array | None = None

    def __call__(self, image: Array) -> Array:
        """Return the image that minimises half the squared distance plus the variation."""
        if self.weight == 0:
            return image
        if self._dual is None:
            self._dual = np.zeros((2, *image.shape), image.dtype)
        ahead, out, t = self._dual.copy(), np.empty_like(image), 1.0
        step, limit = (image.real.dtype.type(v) for v in (1 / Gradient.largest_gain, self.weight))
        for _ in range(self.steps):
            _less_divergence(image, ahead, out)
            t_next = (1 + (1 + 4 * t * t) ** 0.5) / 2
            momentum = image.real.dtype.type((t - 1) / t_next)
            _ascend(out, (step, limit, momentum), self._dual, ahead)
            t = t_next
        _less_divergence(image, self._dual, out)
        return out


@compiled
def _less_divergence(image: Array, dual: Array, out: Array) -> None:
    """Fill ``out`` with the image less the adjoint gradient of the dual variable."""
    rows, columns = image.shape
    for i in range(rows):
        below = i + 1 if i + 1 < rows else 0
        for j in range(columns - 1):
            out[i, j] = (
                image[i, j] - dual[0, i, j] + dual[0, below, j] - dual[1, i, j] + dual[1, i, j + 1]
            )
        j = columns - 1
        out[i, j] = image[i, j] - dual[0, i, j] + dual[0, below, j] - dual[1, i, j] + dual[1, i, 0]


@compiled
def _ascend(image: Array, plan: tuple[Any, ...], dual: Array, ahead: Array) -> None:
    """Step from ``ahead`` along the gradient, back into the ball, then ahead with momentum."""
    step, limit, momentum = plan
    rows, columns = image.shape
    for i in range(rows):
        for j in range(columns):
            value = image[i, j]
            down = ahead[0, i, j] + step * (value - image[i - 1, j])
            right = ahead[1, i, j] + step * (value - image[i, j - 1])
            power = down.real**2 + down.imag**2 + right.real**2 + right.imag**2
            if power > limit * limit:
                back = limit / np.sqrt(power)
                down *= back
                right *= back
            ahead[0, i, j] = down + momentum * (down - dual[0, i, j])
            ahead[1, i, j] = right + momentum * (right - dual[1, i, j])
            dual[0, i, j], dual[1, i, j] = down, right
