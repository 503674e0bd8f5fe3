"""The middle of k-space on the Cartesian grid, from samples along any trajectory."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.coils import middle_block
from anatwin.ops.density import pipe_menon_density
from anatwin.ops.fourier import fft
from anatwin.ops.nufft import Nufft
from anatwin.ops.solve import conjugate_gradient

Array = NDArray[Any]
Shape = tuple[int, int]

_ITERATIONS = 10


def central_samples(samples: Array, trajectory: Array, shape: Shape, *, side: int) -> Array:
    """Return Cartesian samples around the zero frequency, ``... row column``.

    They are the transform of the small images, of twice as many voxels as asked for, that fit
    the samples in the middle of k-space best; the margin takes what the outside adds.

    Parameters
    ----------
    samples
        Along the trajectory, ``... point``.
    trajectory
        Frequencies [cycles per voxel], ``point 2``.
    shape
        Rows and columns of the full image.
    side
        Rows and columns of the result, at most those of the image.
    """
    small = (min(2 * side, shape[0]), min(2 * side, shape[1]))
    points, inside = _zoom(trajectory, shape, small)
    weights = pipe_menon_density(points, small).astype(samples.real.dtype)
    nufft = Nufft(points, small)
    images = conjugate_gradient(
        lambda images: nufft.adjoint(nufft.forward(images) * weights),
        nufft.adjoint(samples[..., inside] * weights),
        iterations=_ITERATIONS,
    )
    kept = middle_block(small, [min(side, n) for n in shape])
    middle: Array = fft(images, (images.ndim - 2, images.ndim - 1))
    return middle[..., kept[0], kept[1]]


def central_coverage(trajectory: Array, shape: Shape, *, side: int) -> float:
    """Return which part of the disc of so many Cartesian samples across is sampled, 0 to 1.

    Parameters
    ----------
    trajectory
        Frequencies [cycles per voxel], ``point 2``.
    shape
        Rows and columns of the full image.
    side
        Diameter of the disc [samples].
    """
    small = (min(side, shape[0]), min(side, shape[1]))
    points, _ = _zoom(trajectory, shape, small)
    points = points[np.linalg.norm(points, axis=-1) <= 0.5]
    if not len(points):
        return 0.0
    covered = pipe_menon_density(points, small).sum() / (np.pi / 4 * small[0] * small[1])
    return float(min(covered, 1))


def _zoom(trajectory: Array, shape: Shape, small: Shape) -> tuple[Array, Array]:
    """Return frequencies in cycles per voxel of a smaller matrix, and which points it has."""
    points = trajectory * (np.array(shape) / np.array(small))
    inside = (np.abs(points) < 0.5).all(axis=-1) | (small == shape)
    return points[inside], inside
