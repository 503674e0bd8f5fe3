"""Bend one set of channels onto another, a small step at a time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_FARTHEST = 0.6
"""Of one step [voxel]."""

_FLAT = 0.02
"""Slopes below this say nothing of where something lies."""

_STIFF, _ELASTIC = 2.0, 0.8
"""Smoothing of a step and of the whole field [voxel]."""

_LONGER = np.float32(1.5)
"""Smoothing makes steps short."""

BACKGROUND = 0.5
"""Weight of the channel of what is not the head."""


def step(here: Array, wanted: Array, weight: Array, known: Array | None = None) -> Array:
    """Return by how much each point should be moved [voxel], ``3 i j k``.

    Parameters
    ----------
    here
        Channels as they lie now, ``channel i j k``.
    wanted
        The same channels as they should lie.
    weight
        Of every channel.
    known
        Where what lies here is known at all, ``i j k``; everywhere by default.
    """
    from scipy.ndimage import gaussian_filter

    pull = np.zeros((3, *here.shape[1:]), np.float32)
    stiff = np.full(here.shape[1:], _FLAT, np.float32)
    for now, goal, share in zip(here, wanted, weight, strict=True):
        if not (now.any() or goal.any()):
            continue
        apart = (goal - now) * np.float32(share)
        if known is not None:
            apart *= known
        for axis, slope in enumerate(np.gradient(now)):
            pull[axis] += apart * slope
            stiff += np.float32(share) * slope**2
        stiff += apart * (goal - now) / 2
    moved = [gaussian_filter(part / stiff, 1.0) for part in pull]
    return np.clip(moved, -_FARTHEST, _FARTHEST)


def bent(field: Array, moved: Array) -> Array:
    """Return a field of vectors, ``3 i j k``, after a step that moves neighbours together.

    A step is smoothed by much and the field by little: what is smoothed a little at every step
    may still bend far, as a neck does.
    """
    return smooth(field + _LONGER * smooth(moved, _STIFF), _ELASTIC)


def smooth(field: Array, sigma: float) -> Array:
    """Return a field of vectors, ``3 i j k``, without what is finer than ``sigma`` voxels."""
    from scipy.ndimage import gaussian_filter

    return np.stack([gaussian_filter(part, sigma) for part in field])
