"""How far a straight line stays inside a shape, by direction."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Array = NDArray[np.float64]

_STEP = 0.5
_LEVEL = 0.5


def directions(count: int, axes: int) -> Array:
    """Return directions spread evenly over half a circle or half a sphere, ``direction axis``.

    On the sphere they lie on Fibonacci's spiral.
    """
    if axes == 2:
        angle = (np.arange(count) + 0.5) * np.pi / count
        return np.column_stack([np.cos(angle), np.sin(angle)])
    up = (np.arange(count) + 0.5) / count
    turn = np.arange(count) * np.pi * (3 - np.sqrt(5))
    across = np.sqrt(1 - up**2)
    return np.column_stack([across * np.cos(turn), across * np.sin(turn), up])


def mean_intercept_lengths(shape: Mask, ways: Array, *, lines: int, seed: int) -> Array:
    """Return the mean intercept length in pixels along each direction.

    It is the length of test lines inside the shape over half the number of its surface's crossings
    (Whitehouse 1974, doi:10.1111/j.1365-2818.1974.tb03878.x). The surface is taken where the
    interpolated shape passes one half. Infinite where no line enters.

    Parameters
    ----------
    shape
        Which pixels belong to it, ``i j`` or ``i j k``.
    ways
        Unit vectors, ``direction axis``.
    lines
        Test lines for each direction.
    seed
        Where the lines lie.
    """
    rng = np.random.default_rng(seed)
    size = np.array(shape.shape) - 1
    points = rng.random((lines, shape.ndim)) * size
    reach = float(np.linalg.norm(size))
    steps = np.arange(-reach, reach, _STEP)
    solid = shape.astype(np.float32)
    return np.array([_length(solid, points, np.multiply.outer(steps, way)) for way in ways])


def _length(solid: NDArray[np.float32], points: Array, line: Array) -> float:
    """Return the length inside over the number of entries, along parallel lines."""
    from scipy.ndimage import map_coordinates

    places = points[:, None] + line
    known: Mask = np.logical_and.reduce(
        (places >= 0) & (places <= np.array(solid.shape) - 1), axis=-1
    )
    values = np.zeros(known.shape, np.float32)
    map_coordinates(solid, places[known].T, order=1, output=(found := np.empty(known.sum(), "f4")))
    values[known] = found
    inside = values > _LEVEL
    # A line that starts inside has half an entry where it leaves.
    crossings = (inside[:, 1:] != inside[:, :-1]) & known[:, 1:] & known[:, :-1]
    entries = np.count_nonzero(crossings) / 2
    return np.count_nonzero(inside) * _STEP / entries if entries else np.inf


def intercept_ellipsoid(ways: Array, lengths: Array) -> tuple[Array, Array]:
    """Return the half axes, longest first, and their directions ``axis half-axis``.

    They are of the ellipsoid that fits the mean intercept lengths best (Harrigan and Mann 1984,
    doi:10.1007/BF00539756).
    """
    axes = ways.shape[1]
    first, second = np.triu_indices(axes)
    matrix = ways[:, first] * ways[:, second] * np.where(first == second, 1, 2)
    entries = np.linalg.lstsq(matrix, lengths**-2.0, rcond=None)[0]
    tensor = np.zeros((axes, axes))
    tensor[first, second] = tensor[second, first] = entries
    values, vectors = np.linalg.eigh(tensor)
    return np.maximum(values, 1e-12) ** -0.5, vectors
