"""From class probabilities on one lattice to labels on another, slab by slab."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled
from anatwin.ops.patches import Scores
from anatwin.ops.resample import Matrix, taps


def label_slabs(
    slabs: Iterable[tuple[int, Scores]],
    matrices: Sequence[Matrix],
    labels: NDArray[np.uint8],
    uncertainty: NDArray[np.float16],
) -> None:
    """Interpolate every class's probability, and write the likeliest class of every voxel.

    Interpolating probabilities, not labels, leaves boundaries smooth. Only the planes that the
    next voxels need are kept, so memory does not grow with classes times volume.

    Parameters
    ----------
    slabs
        First plane and probabilities, ``class i j k``, in order along the first axis.
    matrices
        One per axis, from the lattice of the slabs to that of the labels.
    labels
        Written in place, ``i j k``.
    uncertainty
        One minus the highest probability, written in place, ``i j k``.
    """
    (first, weight), *in_plane = (taps(matrix) for matrix in matrices)
    planes: dict[int, Scores] = {}
    row = 0
    for start, slab in slabs:
        stop = start + slab.shape[1]
        planes |= {start + n: slab[:, n] for n in range(slab.shape[1])}
        while row < len(first) and (used := _used(first[row], weight[row]))[-1] < stop:
            near = (weight[row, n - first[row]] * planes[n] for n in used)
            labels[row], uncertainty[row] = _label_plane(sum(near), in_plane)
            row += 1
        keep_from = first[row] if row < len(first) else stop
        planes = {n: plane.copy() for n, plane in planes.items() if n >= keep_from}


def _used(first: int, weight: Matrix) -> list[int]:
    """Return the planes that contribute to a row."""
    return [int(first + n) for n in np.flatnonzero(weight)]


def _label_plane(
    scores: Scores, in_plane: Sequence[tuple[NDArray[np.intp], Matrix]]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the labels and the uncertainty of one plane from its probabilities, ``class j k``."""
    (first_j, weight_j), (first_k, weight_k) = in_plane
    best = np.zeros((len(first_j), len(first_k)), np.float32)
    labels = np.zeros(best.shape, np.uint8)
    # The likeliest class has at least 1 / classes somewhere nearby, so the rest cannot win.
    floor = 0.999 / len(scores)
    for index, score in enumerate(scores):
        if score.max() >= floor:
            _raise_best(score, index, floor, first_j, weight_j, first_k, weight_k, best, labels)
    return labels, np.clip(1 - best, 0, 1)


@compiled
def _raise_best(  # noqa: PLR0913  numba takes arrays, not objects
    score: Scores,
    index: int,
    floor: float,
    first_j: NDArray[np.intp],
    weight_j: Matrix,
    first_k: NDArray[np.intp],
    weight_k: Matrix,
    best: NDArray[np.float32],
    labels: NDArray[np.uint8],
) -> None:
    """Interpolate one class's plane and note it wherever it beats the best so far."""
    n_lines, n_points = score.shape
    line = np.empty(n_points, np.float32)
    for j in range(len(first_j)):
        line[:] = 0
        for tap in range(weight_j.shape[1]):
            weight, source = weight_j[j, tap], min(first_j[j] + tap, n_lines - 1)
            for k in range(n_points):
                line[k] += weight * score[source, k]
        if line.max() < floor:
            continue
        for k in range(len(first_k)):
            value = np.float32(0)
            for tap in range(weight_k.shape[1]):
                value += weight_k[k, tap] * line[min(first_k[k] + tap, n_points - 1)]
            if value > best[j, k]:
                best[j, k] = value
                labels[j, k] = index
