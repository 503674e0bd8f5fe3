"""Points of one side of the face that the chewing muscles hang on."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anatwin.train.anatomist.side import FIRST, Side

Point = NDArray[np.float64]

ANGLE_FROM_CONDYLE = np.array([-8.0, 14.0, -58.0])
"""Where the jaw's angle lies from its condyle when the field of view ends above it, in mm."""

PLATE = np.array([24.0, -45.0, -33.0])
"""Middle of the lateral pterygoid plate when it cannot be found, in mm."""

PLATE_RANGE = np.array([5.0, 5.0, 0.0])


class Landmarks(NamedTuple):
    """Positions in mm: outwards, forwards, up.

    Parameters
    ----------
    condyle
        Middle of the condyle.
    coronoid
        Tip of the coronoid process.
    angle
        Angle of the jaw, on the ramus' middle plane.
    front
        Lower border of the jaw where the masseter's front edge ends.
    plate
        Outer face of the lateral pterygoid plate, near its hind edge.
    arch
        Height of the zygomatic arch's middle.
    """

    condyle: Point
    coronoid: Point
    angle: Point
    front: Point
    plate: Point
    arch: float


def landmarks(side: Side) -> Landmarks | None:
    """Return the landmarks of one side, or None where the jaw's joint is not in view."""
    points = np.argwhere(side.mandible) + np.array(FIRST, float)
    ramus = points[(points[:, 1] < -25) & (points[:, 0] > 28)]
    if len(ramus) < 200:
        return None
    condyle = _condyle(ramus)
    front = ramus[(ramus[:, 1] > condyle[1] + 15) & (ramus[:, 2] > condyle[2] - 22)]
    coronoid = front[front[:, 2] >= front[:, 2].max() - 3].mean(axis=0) if len(front) else None
    if coronoid is None:
        coronoid = condyle + np.array([-8.0, 26.0, -6.0])
    angle = _angle(ramus, condyle)
    lower = points[(np.abs(points[:, 1] - angle[1] - 24) < 3) & (points[:, 2] < angle[2] + 20)]
    below = lower[lower[:, 2] <= lower[:, 2].min() + 4].mean(axis=0) if len(lower) else None
    if below is None or below[0] < 25:
        below = angle + np.array([-6.0, 24.0, -6.0])
    return Landmarks(condyle, coronoid, angle, below, _plate(side), _arch(side))


def _condyle(ramus: NDArray[np.float64]) -> Point:
    """Return the middle of the upper hind end of the ramus."""
    hind = ramus[ramus[:, 1] < np.percentile(ramus[ramus[:, 2] > -45][:, 1], 45)]
    top = hind[:, 2].max()
    point: Point = hind[hind[:, 2] > top - 8].mean(axis=0)
    return point


def _angle(ramus: NDArray[np.float64], condyle: Point) -> Point:
    """Return the hind lower corner of the ramus, or where it is on average."""
    if ramus[:, 2].min() > condyle[2] - 45:
        guess: Point = condyle + ANGLE_FROM_CONDYLE
        return guess
    low = ramus[(ramus[:, 2] < condyle[2] - 35) & (ramus[:, 1] < condyle[1] + 40)]
    corner = low @ np.array([0.0, -1.0, -1.0]) / np.sqrt(2)
    near = low[corner > corner.max() - 6]
    point: Point = near.mean(axis=0)
    return point


def _plate(side: Side) -> Point:
    """Return the outer face of the lateral pterygoid plate."""
    u, y, z = side.axes()
    box = (u > 10) & (u < 30) & (y > -56) & (y < -38) & (z > -42) & (z < -29)
    points = np.argwhere(side.skull & box) + np.array(FIRST, float)
    if len(points) < 60:
        return PLATE
    found = np.array([np.percentile(points[:, 0], 85), np.percentile(points[:, 1], 25), PLATE[2]])
    return np.clip(found, PLATE - PLATE_RANGE, PLATE + PLATE_RANGE)


def _arch(side: Side) -> float:
    """Return the height of the zygomatic arch between its two ends."""
    u, y, z = side.axes()
    box = (u > 50) & (y > -50) & (y < -30) & (z > -40) & (z < -4)
    heights = np.argwhere(side.skull & box)[:, 2] + float(FIRST[2])
    return float(np.median(heights)) if len(heights) > 30 else -19.0
