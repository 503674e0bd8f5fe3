"""Coil sensitivities from the centre of k-space.

Source: ESPIRiT, Uecker et al. 2014, doi:10.1002/mrm.24751.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.coils import low_resolution, middle_block
from anatwin.ops.compile import compiled

Array = NDArray[Any]

_COARSE = 96
_POWER_STEPS = 12
_WEAK_SLICE = 0.1


def espirit_kernel(
    calibration: Array, kernel: int, threshold: float, *, energy: float = 0.0
) -> Array:
    """Return the convolution that leaves every consistent k-space as it is.

    Windows of the calibration data span a subspace; projecting every window onto it and
    averaging is a matrix of convolutions between coils, Hermitian and at most one.

    Parameters
    ----------
    calibration
        Fully sampled k-space around the centre, ``coil row column``.
    kernel
        Side of the windows.
    threshold
        Singular values below this fraction of the largest are noise.
    energy
        Sum of squares of the calibration data of the scan's strongest slice. A slice whose
        largest singular value is far below what that makes likely holds little else than noise,
        and must not set its own threshold.

    Returns
    -------
    Array
        ``coil coil row column``, with ``2 * kernel - 1`` rows and columns, offset zero in the
        middle.
    """
    n_coils = len(calibration)
    windows = np.lib.stride_tricks.sliding_window_view(calibration, (kernel, kernel), axis=(1, 2))
    rows = np.ascontiguousarray(windows.transpose(1, 2, 0, 3, 4)).reshape(-1, n_coils * kernel**2)
    power, vectors = np.linalg.eigh(rows.conj().T @ rows)
    largest = max(float(power[-1]), _WEAK_SLICE * kernel**2 * energy)
    signal = vectors[:, power > threshold**2 * largest]
    projector = (signal @ signal.conj().T).reshape(n_coils, kernel, kernel, n_coils, kernel, kernel)
    size = 2 * kernel - 1
    result = np.zeros((n_coils, n_coils, size, size), calibration.dtype)
    _sum_offsets(projector, result)
    return result / kernel**2


@compiled
def _sum_offsets(projector: Array, out: Array) -> None:
    """Add up the entries of the projector that link samples at the same offset."""
    n, kernel = projector.shape[0], projector.shape[1]
    for a in range(n):
        for i in range(kernel):
            for j in range(kernel):
                for b in range(n):
                    for k in range(kernel):
                        for m in range(kernel):
                            value = np.conj(projector[a, i, j, b, k, m])
                            out[a, b, k - i + kernel - 1, m - j + kernel - 1] += value


def espirit_maps(
    convolution: Array, calibration: Array, shape: tuple[int, int]
) -> tuple[Array, Array]:
    """Return sensitivities and how well the calibration data support them.

    The sensitivities at a position are the eigenvector of the convolution's largest eigenvalue.
    They are band limited, so they are found on a coarse grid and interpolated. Their sum of
    squares is one, and the first coil's are real and positive.

    Parameters
    ----------
    convolution
        Result of ``espirit_kernel``.
    calibration
        The data it came from, ``coil row column``; it tells where to start from.
    shape
        Rows and columns of the maps.

    Returns
    -------
    tuple
        Maps ``coil row column``, and the eigenvalue ``row column``: one where there is signal,
        smaller where there is noise only.
    """
    from scipy.fft import fftn, fftshift, ifftshift

    n_coils, size = len(calibration), convolution.shape[2]
    padded = np.zeros((n_coils, n_coils, _COARSE, _COARSE), convolution.dtype)
    padded[(slice(None), slice(None), *middle_block((_COARSE, _COARSE), [size, size]))] = (
        convolution
    )
    matrices = fftshift(fftn(ifftshift(padded, (2, 3)), axes=(2, 3)), (2, 3))
    matrices = np.ascontiguousarray(matrices.transpose(2, 3, 0, 1))
    start = np.ascontiguousarray(low_resolution(calibration, (_COARSE, _COARSE)).transpose(1, 2, 0))
    values = np.zeros((_COARSE, _COARSE), convolution.real.dtype)
    _principal(matrices, start, values)
    maps = np.empty((n_coils, *shape), convolution.dtype)
    support = np.empty(shape, values.dtype)
    _interpolate(start, values, maps, support)
    return maps, support


@compiled
def _principal(matrices: Array, vectors: Array, values: Array) -> None:
    """Replace start vectors by those of the largest eigenvalue of Hermitian matrices."""
    n = vectors.shape[2]
    square = np.empty((n, n), matrices.dtype)
    result = np.empty(n, vectors.dtype)
    for i in range(vectors.shape[0]):
        for j in range(vectors.shape[1]):
            matrix, vector = matrices[i, j], vectors[i, j]
            _multiply(matrix, matrix, square)
            vector += np.float32(1e-6) * max(_length(vector), np.float32(1e-30))
            for _ in range(_POWER_STEPS):
                _apply(square, vector, result)
                vector[:] = result / max(_length(result), np.float32(1e-30))
            _apply(matrix, vector, result)
            values[i, j] = _length(result)
            first = vector[0]
            vector *= np.conj(first) / max(abs(first), np.float32(1e-30))


@compiled
def _multiply(a: Array, b: Array, out: Array) -> None:
    n = a.shape[0]
    for i in range(n):
        out[i] = 0
        for k in range(n):
            for j in range(n):
                out[i, j] += a[i, k] * b[k, j]


@compiled
def _apply(matrix: Array, vector: Array, out: Array) -> None:
    out[:] = 0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[0]):
            out[i] += matrix[i, j] * vector[j]


@compiled
def _length(vector: Array) -> np.floating[Any]:
    total = np.float32(0)
    for value in vector:
        total += value.real**2 + value.imag**2
    return np.sqrt(total)


@compiled
def _interpolate(coarse: Array, values: Array, maps: Array, support: Array) -> None:
    """Interpolate unit vectors linearly on the torus and make them unit vectors again."""
    n_coils, rows, columns = maps.shape
    size = coarse.shape[0]
    line = np.empty((n_coils + 1, size + 1), coarse.dtype)
    power = np.empty(columns, values.dtype)
    for i in range(rows):
        y = (i - rows // 2) * size / rows + size // 2
        above, part = int(np.floor(y)), np.float32(y - np.floor(y))
        first, second = above % size, (above + 1) % size
        for x in range(size + 1):
            a, b = coarse[first, x % size], coarse[second, x % size]
            for c in range(n_coils):
                line[c, x] = a[c] + part * (b[c] - a[c])
            a0, b0 = values[first, x % size], values[second, x % size]
            line[n_coils, x] = a0 + part * (b0 - a0)
        power[:] = 0
        for c in range(n_coils):
            _stretch(line[c], maps[c, i], power)
        for j in range(columns):
            power[j] = 1 / max(np.sqrt(power[j]), np.float32(1e-30))
        for c in range(n_coils):
            maps[c, i] *= power
        _stretch_real(line[n_coils], support[i])


@compiled
def _stretch(line: Array, out: Array, power: Array) -> None:
    """Interpolate a line to more points and add its power."""
    n, size = out.shape[0], line.shape[0] - 1
    for j in range(n):
        x = (j - n // 2) * size / n + size // 2
        left = int(np.floor(x))
        part = np.float32(x - np.floor(x))
        value = line[left] + part * (line[left + 1] - line[left])
        out[j] = value
        power[j] += value.real * value.real + value.imag * value.imag


@compiled
def _stretch_real(line: Array, out: Array) -> None:
    """Interpolate the real part of a line to more points."""
    n, size = out.shape[0], line.shape[0] - 1
    for j in range(n):
        x = (j - n // 2) * size / n + size // 2
        left = int(np.floor(x))
        part = np.float32(x - np.floor(x))
        out[j] = line[left].real + part * (line[left + 1].real - line[left].real)
