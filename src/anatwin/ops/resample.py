"""Linear interpolation between regular lattices, one axis at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def linear_matrix(n_in: int, n_out: int, step: float) -> Matrix:
    """Return the matrix that resamples one axis, ``out in``.

    Both lattices share their centre. A hat function interpolates; where the output is coarser
    than the input the hat is as wide as an output sample, which removes what the output cannot
    hold. Positions beyond the ends take the end value.

    Parameters
    ----------
    n_in, n_out
        Number of samples.
    step
        Distance of two output samples in input samples.
    """
    centred = np.arange(n_out) - (n_out - 1) / 2
    return hat_matrix(centred * step + (n_in - 1) / 2, n_in, width=step)


def hat_matrix(position: NDArray[np.floating], n_in: int, *, width: float = 1.0) -> Matrix:
    """Return the matrix that reads one axis at positions, ``out in``.

    Parameters
    ----------
    position
        Where to read [input samples]; beyond the ends, the end value is read.
    n_in
        Number of input samples.
    width
        Half the width of the hat that weighs the samples, 1 at least [input samples].
    """
    inside = np.clip(position, 0, n_in - 1)
    distance = np.abs(inside[:, None] - np.arange(n_in))
    weight = np.maximum(0, 1 - distance / max(1.0, width))
    return (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)


def apply_matrices(array: NDArray[np.generic], matrices: Sequence[Matrix]) -> NDArray[np.float32]:
    """Apply one matrix along every axis, the one that shrinks the array most first."""
    shrink = [m.shape[0] / m.shape[1] for m in matrices]
    result: NDArray[np.float32] = array.astype(np.float32, copy=False)
    for axis in np.argsort(shrink):
        result = _along_axis(matrices[axis], result, int(axis))
    return np.ascontiguousarray(result)


def taps(matrix: Matrix) -> tuple[NDArray[np.intp], Matrix]:
    """Return the first column that each row uses and the weights from there on, ``row tap``."""
    used = matrix != 0
    first = used.argmax(axis=1)
    last = matrix.shape[1] - 1 - used[:, ::-1].argmax(axis=1)
    columns = first[:, None] + np.arange(int((last - first).max()) + 1)
    inside = columns < matrix.shape[1]
    rows = np.arange(len(matrix))[:, None]
    return first, np.where(inside, matrix[rows, np.where(inside, columns, 0)], 0)


def _along_axis(matrix: Matrix, array: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    from scipy.sparse import csr_array

    if matrix.shape[0] == matrix.shape[1] and np.array_equal(matrix, np.eye(len(matrix))):
        return array
    first = np.moveaxis(array, axis, 0)
    product = csr_array(matrix) @ first.reshape(len(first), -1)
    return np.moveaxis(product.reshape(len(matrix), *first.shape[1:]), 0, axis)
