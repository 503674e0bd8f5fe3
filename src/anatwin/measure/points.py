"""A structure as the positions of its voxels: geometry that no orientation of the file changes."""

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Labels

Points = NDArray[np.float64]
"""Positions in RAS+ mm, ``n 3``."""

_, FRONT, UP = np.eye(3)


def points_mm(labels: Labels, *names: str) -> Points:
    """Return the voxel centres of structures, RAS+ mm, ``n 3``; none for what is not there.

    Parameters
    ----------
    labels
        Label map.
    names
        Structures, seen as one.
    """
    known = {label.name: label.index for label in labels.table.labels}
    indices = [known[name] for name in names if name in known]
    voxels = np.argwhere(np.isin(labels.data, indices)) if indices else np.empty((0, 3), np.intp)
    matrix = labels.grid.matrix
    found: Points = voxels @ matrix[:3, :3].T + matrix[:3, 3]
    return found


def furthest(points: Points, direction: Points, *, share: float = 0.002) -> Points:
    """Return the point that lies furthest along a direction, ``3``.

    It is the mean of the furthest few, so that one stray voxel does not decide.

    Parameters
    ----------
    points
        At least one, ``n 3``.
    direction
        In RAS+, ``3``.
    share
        Share of the points that are averaged.
    """
    reach = points @ direction
    n = max(1, round(share * len(points)))
    least = np.partition(reach, -n)[-n] - 1e-6  # ties count together, whatever their order
    found: Points = points[reach >= least].mean(axis=0)
    return found


def angle_deg(before: Points, corner: Points, after: Points) -> float:
    """Return the angle at a corner in degrees, 0 to 180."""
    a, b = before - corner, after - corner
    cosine = float(a @ b) / float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def length_mm(a: Points, b: Points) -> float:
    """Return the distance of two points."""
    return float(np.linalg.norm(a - b))
