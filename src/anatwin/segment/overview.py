"""What a small network sees of a whole head at once, coarsely."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.nets import Device, find, load
from anatwin.ops.patches import softmax
from anatwin.ops.resample import apply_matrices, linear_matrix

SPACING_MM = 2.5
"""Of its voxels."""

_STRIDE, _LEAST = 32, 96
"""Sizes that the network can see are multiples, and what it was trained on is the least."""


@dataclass(frozen=True, eq=False)
class Overview:
    """Probabilities of the overview table's structures.

    Parameters
    ----------
    levels
        0 to 255, uint8, ``structure i j k``, background first.
    first_mm
        Where their first voxel lies from the scan's first 1 mm voxel, along every axis.
    """

    levels: NDArray[np.uint8]
    first_mm: tuple[float, float, float]


def overview(head: NDArray[np.float32], *, device: Device = "auto", threads: int = 0) -> Overview:
    """Return what the packaged network sees in a head of 1 mm voxels, from 0 to 1, ``i j k``.

    Parameters
    ----------
    head
        Grey values.
    device
        Where the network runs.
    threads
        Processor threads; 0 uses every core.
    """
    network = load(find("overview"), device=device, threads=threads)
    sizes = [max(_LEAST, -(-round(n / SPACING_MM) // _STRIDE) * _STRIDE) for n in head.shape]
    axes = list(zip(head.shape, sizes, strict=True))
    matrices = [_seen(n, m) for n, m in axes]
    seen = apply_matrices(head, matrices)
    scores = softmax(network(seen[None, None])[0])
    levels = np.rint(scores * 255).astype(np.uint8)
    i, j, k = ((n - 1) / 2 - SPACING_MM * (m - 1) / 2 for n, m in axes)
    return Overview(levels, (i, j, k))


def _seen(n: int, m: int) -> NDArray[np.float32]:
    """Return the matrix from 1 mm to the network's voxels, both with one middle; 0 beyond."""
    matrix = linear_matrix(n, m, SPACING_MM)
    at = (np.arange(m) - (m - 1) / 2) * SPACING_MM + (n - 1) / 2
    matrix[(at < -SPACING_MM / 2) | (at > n - 1 + SPACING_MM / 2)] = 0
    return matrix
