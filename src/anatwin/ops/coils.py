"""What the centre of k-space tells: the calibration region, virtual coils and brightness."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.fourier import ifft

Array = NDArray[Any]


def calibration_region(mask: NDArray[np.bool_], largest: int) -> tuple[slice, ...]:
    """Return the largest fully sampled block around the zero frequency.

    Parameters
    ----------
    mask
        True where measured, of any number of axes.
    largest
        Number of samples along an axis at most.
    """
    sides = [1] * mask.ndim
    growing = set(range(mask.ndim))
    while growing:
        for axis in sorted(growing):
            longer = [n + (a == axis) for a, n in enumerate(sides)]
            fits = longer[axis] <= min(largest, mask.shape[axis])
            if fits and mask[middle_block(mask.shape, longer)].all():
                sides = longer
            else:
                growing.discard(axis)
    return middle_block(mask.shape, sides)


def middle_block(shape: tuple[int, ...], sides: Sequence[int]) -> tuple[slice, ...]:
    """Return the block of so many samples whose zero frequency is that of the full shape."""
    starts = [n // 2 - side // 2 for n, side in zip(shape, sides, strict=True)]
    return tuple(slice(start, start + side) for start, side in zip(starts, sides, strict=True))


def virtual_coils(samples: Array, energy: float) -> Array:
    """Return the fewest combinations of coils that keep a fraction of the energy.

    Parameters
    ----------
    samples
        k-space around the centre, ``coil`` first.
    energy
        Fraction to keep, above 0 and at most 1.

    Returns
    -------
    Array
        Orthonormal rows ``virtual coil``, the strongest first.

    Source: Buehrer et al. 2007, doi:10.1002/mrm.21237.
    """
    flat = samples.reshape(len(samples), -1)
    largest = np.abs(flat).max()
    if largest == 0:
        return np.eye(len(flat), dtype=flat.dtype)
    flat = flat / largest
    power, vectors = np.linalg.eigh(flat @ flat.conj().T)
    kept = np.cumsum(power[::-1]) / power.sum()
    n = len(flat) if energy >= 1 else int(np.searchsorted(kept, energy)) + 1
    return np.ascontiguousarray(vectors[:, ::-1][:, :n].conj().T)


def low_resolution(calibration: Array, shape: tuple[int, int]) -> Array:
    """Return smooth images ``coil row column`` from the centre of k-space.

    A Hann window keeps edges from ringing. The brightness is that of a unitary transform at the
    full matrix.
    """
    rows, columns = calibration.shape[1:]
    window = np.outer(_hann(rows), _hann(columns)).astype(calibration.real.dtype)
    padded = np.zeros((len(calibration), *shape), calibration.dtype)
    padded[(slice(None), *middle_block(shape, [rows, columns]))] = calibration * window
    return ifft(padded, (1, 2))


def _hann(n: int) -> NDArray[np.float64]:
    return np.sin(np.pi * (np.arange(n) + 1) / (n + 1)) ** 2


def typical_brightness(centre: Array, shape: tuple[int, int]) -> float:
    """Return the brightness of tissue in a smooth image, weighted by its energy.

    It depends neither on the air around the object nor on how much of k-space was measured.

    Parameters
    ----------
    centre
        Middle of k-space, ``slice coil row column``.
    shape
        Rows and columns of the full matrix.
    """
    gain = float(np.abs(centre).max())
    if gain == 0:
        return 1.0
    matrix = (2 * centre.shape[2], 2 * centre.shape[3])
    second = fourth = 0.0
    for samples in centre:
        images = low_resolution(samples / samples.real.dtype.type(gain), matrix)
        power = (images.real**2 + images.imag**2).sum(axis=0, dtype=np.float64)
        second, fourth = second + float(power.sum()), fourth + float((power**2).sum())
    return gain * (fourth / second * matrix[0] * matrix[1] / (shape[0] * shape[1])) ** 0.5
