"""One half of k-space from the other: an object whose phase is smooth has only one unknown half."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError
from anatwin.ops.coils import middle_block

Array = NDArray[Any]
Mask = NDArray[np.bool_]

_FEWEST = 4


@dataclass(frozen=True, slots=True)
class HalfScan:
    """Lines of one axis, measured without a gap from one end to beyond the middle.

    Parameters
    ----------
    axis
        Axis of the slice whose lines are missing at one end: 0 for rows, 1 for columns.
    size
        Number of lines of a complete scan.
    beyond
        Lines that were measured on the incomplete side of the middle.
    side
        1 where the high end was measured, -1 where the low end was.
    """

    axis: int
    size: int
    beyond: int
    side: int

    def block(self, shape: tuple[int, int]) -> tuple[slice, ...]:
        """Return the part of k-space of which both halves were measured."""
        width = min(2 * self.beyond + 1, self.size)
        return middle_block(shape, [width if a == self.axis else n for a, n in enumerate(shape)])

    def weights(self) -> NDArray[np.float64]:
        """Return what each line counts, ``row column``: with its mirror image, two.

        A ramp through the symmetric middle rings less than a step would.
        """
        offset = self.side * (np.arange(self.size) - self.size // 2)
        weights = 1 + np.clip(offset / (self.beyond + 1), -1, 1)
        return weights.reshape((-1, 1) if self.axis == 0 else (1, -1))


def half_scan(mask: Mask) -> HalfScan | None:
    """Return which end of which axis was left out; None where everything was measured.

    Parameters
    ----------
    mask
        True where measured, ``row column``; an axis that all entries share has length one.

    Raises
    ------
    InputError
        If the mask is not that of a partial-Fourier scan.
    """
    if mask.all():
        return None
    expected = (
        "Partial Fourier expects all lines of one axis from one end of k-space to at least "
        f"{_FEWEST} beyond the middle, and the other axis complete, got "
    )
    axis = int(np.argmax(mask.shape))
    if mask.shape[1 - axis] != 1:
        raise InputError(expected + "gaps along both axes; use Pocs or Sense.")
    lines = np.flatnonzero(mask)
    size, first, last = mask.size, int(lines[0]), int(lines[-1])
    if len(lines) != last - first + 1 or (first > 0 and last < size - 1):
        raise InputError(expected + f"{len(lines)} of {size} lines with gaps; use Pocs or Sense.")
    beyond, side = (size // 2 - first, 1) if first > 0 else (last - size // 2, -1)
    if beyond < _FEWEST:
        raise InputError(expected + f"lines {first} to {last} of {size}; use ZeroFilled.")
    return HalfScan(axis, size, beyond, side)


def unit_phase(image: Array) -> Array:
    """Return unit complex numbers with the phase of an image, one where it is zero."""
    size = np.abs(image)
    safe = np.maximum(size, np.finfo(size.dtype).tiny)
    return np.where(size > 0, image / safe, image.dtype.type(1))


def in_phase(image: Array, phase: Array) -> Array:
    """Return the part of an image that has a phase, or its opposite: the nearest such image."""
    return (image * phase.conj()).real * phase


def middle_window(shape: tuple[int, int], block: tuple[slice, ...]) -> NDArray[np.float64]:
    """Return weights ``row column`` that are zero outside a block around the zero frequency.

    A Hann window along an axis of which the block holds a part keeps edges from ringing.
    """
    window = np.ones((1, 1))
    for axis, (n, part) in enumerate(zip(shape, block, strict=True)):
        width = part.stop - part.start
        weights = np.zeros(n)
        weights[part] = 1.0
        if width < n:
            offset = np.arange(part.start, part.stop) - n // 2
            weights[part] = np.cos(np.pi / 2 * offset / (width // 2 + 1)) ** 2
        window = window * weights.reshape([n if a == axis else 1 for a in (0, 1)])
    return window
