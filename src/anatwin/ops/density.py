"""Density compensation: how many samples of a Cartesian grid each sample stands for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.nufft import Nufft

Array = NDArray[Any]
Shape = tuple[int, int]

_MIDDLE = 8
_PRECISION = 1e-4


def ramp_density(trajectory: Array, shape: Shape) -> Array:
    """Return the weights of straight lines through the centre, evenly turned.

    A sample stands for the part of a ring that lies nearest to it. Lines turned by the golden
    angle are nearly even; ``pipe_menon_density`` is exact for them.

    Parameters
    ----------
    trajectory
        Frequencies [cycles per voxel], ``spoke sample 2``.
    shape
        Rows and columns of the image.
    """
    radius = np.linalg.norm(trajectory, axis=-1)
    step = np.linalg.norm(trajectory[:, 1] - trajectory[:, 0], axis=-1)[:, None]
    ring = np.pi * step * np.maximum(radius, step / 8) / len(trajectory)
    return ring * (shape[0] * shape[1])


def pipe_menon_density(trajectory: Array, shape: Shape, *, iterations: int = 8) -> Array:
    """Return the weights whose point-spread function is nearest to a point.

    They are divided by the density that they make until that is one everywhere: then they are
    the least-squares solution over the field of view, and one on a Cartesian grid.

    Parameters
    ----------
    trajectory
        Frequencies [cycles per voxel], ``... 2``.
    shape
        Rows and columns of the image.
    iterations
        Number of divisions.

    Source: Pipe and Menon 1999, doi:10.1002/(SICI)1522-2594(199901)41:1<179::AID-MRM25>3.0.CO;2-V.
    """
    weights = np.ones(trajectory.shape[:-1])
    for _ in range(iterations):
        weights /= _density(weights, trajectory, shape)
    return weights


def scale_density(weights: Array, trajectory: Array, shape: Shape) -> Array:
    """Return weights of any scale such that they make a density of one in the middle of k-space.

    The middle decides how bright an image is, and every trajectory samples it densely.

    Parameters
    ----------
    weights
        Not negative, ``...``.
    trajectory
        Frequencies [cycles per voxel], ``... 2``.
    shape
        Rows and columns of the image.
    """
    middle = np.linalg.norm(trajectory * np.array(shape), axis=-1) <= _MIDDLE
    middle &= weights > 0
    if not middle.any():
        middle = weights > 0
    density = _density(weights / weights.max(), trajectory, shape) * weights.max()
    return weights * (weights[middle].sum() / (weights * density)[middle].sum())


def _density(weights: Array, trajectory: Array, shape: Shape) -> Array:
    """Return what weights add up to around every sample, ``...``, always positive.

    The kernel is the transform of how often two voxels of the image are so far apart.
    """
    nufft = Nufft(trajectory, (2 * shape[0], 2 * shape[1]), precision=_PRECISION)
    pairs = 4 * np.outer(_overlap(shape[0]), _overlap(shape[1])).astype(np.float32)
    density = nufft.forward(nufft.adjoint(weights.astype(np.complex64)) * pairs).real
    return np.maximum(density, np.finfo(np.float32).tiny).astype(np.float64)


def _overlap(n: int) -> Array:
    """Return the share of voxels that have one at each distance from ``-n`` to ``n - 1``."""
    return 1 - np.abs(np.arange(2 * n) - n) / n
