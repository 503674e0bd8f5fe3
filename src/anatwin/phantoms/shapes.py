"""Implicit shapes: approximate signed distances [mm], negative inside, at many points at once."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating]
Position = tuple[float, float, float]
Path = tuple[Position, ...]


class Points(NamedTuple):
    """Coordinates [mm] of the points of a block: right, anterior, superior."""

    x: Field
    y: Field
    z: Field

    def lateral(self, side: int) -> "Points":
        """Return the points with ``x`` growing towards the left (-1) or the right (1)."""
        return self if side > 0 else Points(-self.x, self.y, self.z)

    def folded(self) -> "Points":
        """Return the points with ``x`` growing away from the middle on both sides."""
        return Points(np.abs(self.x), self.y, self.z)

    def stretched(self, x: float = 1, y: float = 1, z: float = 1) -> "Points":
        """Return the points in a frame scaled along each axis."""
        return Points(*(p * np.float32(s) for p, s in zip(self, (x, y, z), strict=True)))


def ellipsoid(points: Points, centre: Position, semi_mm: Position, yaw: float = 0.0) -> Field:
    """Return the distance to an ellipsoid, exact to first order near its surface.

    ``yaw`` [rad] turns it about the vertical axis, from anterior towards the right.
    """
    x, y, z = (p - np.float32(c) for p, c in zip(points, centre, strict=True))
    if yaw:
        c, s = np.float32(np.cos(yaw)), np.float32(np.sin(yaw))
        x, y = c * x - s * y, s * x + c * y
    inverse = np.float32(1) / np.asarray(semi_mm, np.float32)
    x, y, z = x * inverse[0], y * inverse[1], z * inverse[2]
    level = x * x + y * y + z * z
    x, y, z = x * inverse[0], y * inverse[1], z * inverse[2]
    slope = np.sqrt(x * x + y * y + z * z) + np.float32(1e-6)
    return (level - np.sqrt(level)) / slope


def tube(points: Points, path: Path, radii_mm: Sequence[float]) -> Field:
    """Return the distance to a chain of round cones through ``path``."""
    pieces = zip(path[:-1], path[1:], radii_mm[:-1], radii_mm[1:], strict=True)
    return reduce(np.minimum, (_round_cone(points, *piece) for piece in pieces))


def _round_cone(
    points: Points, start: Position, end: Position, radius_mm: float, end_radius_mm: float
) -> Field:
    axis = [np.float32(b - a) for a, b in zip(start, end, strict=True)]
    along = [p - np.float32(a) for p, a in zip(points, start, strict=True)]
    length2 = sum(a * a for a in axis) or np.float32(1)
    t = sum(a * p for a, p in zip(axis, along, strict=True)) / length2
    t = np.clip(t, np.float32(0), np.float32(1))
    gap2 = sum((p - a * t) ** 2 for p, a in zip(along, axis, strict=True))
    return np.sqrt(gap2) - (np.float32(radius_mm) + np.float32(end_radius_mm - radius_mm) * t)


def union(*fields: Field, blend_mm: float = 0.0) -> Field:
    """Return the union of shapes, their seams rounded over ``blend_mm``."""
    return reduce(lambda a, b: _blend(a, b, np.float32(blend_mm)), fields)


def _blend(a: Field, b: Field, blend_mm: np.float32) -> Field:
    if not blend_mm:
        return np.minimum(a, b)
    overlap = np.maximum(blend_mm - np.abs(a - b), np.float32(0))
    return np.minimum(a, b) - overlap * overlap / (4 * blend_mm)


def interpolated(shape: Callable[[Points], Field], points: Points, steps: tuple[int, ...]) -> Field:
    """Return a smooth field, evaluated at some points along each axis, linear between them."""
    places = [
        np.unique(np.append(np.arange(0, n, step), n - 1))
        for n, step in zip(points.x.shape, steps, strict=True)
    ]
    field = shape(Points(*(p[np.ix_(*places)] for p in points)))
    for axis, known in enumerate(places):
        n = points.x.shape[axis]
        if len(known) < n:
            at = np.interp(np.arange(n), known, np.arange(len(known)))
            low = np.minimum(at.astype(int), len(known) - 2)
            weight = (
                (at - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
            )
            first, second = np.take(field, low, axis), np.take(field, low + 1, axis)
            field = first + weight * (second - first)
    return field


def box_around(path: Path, margin_mm: float) -> tuple[Position, Position]:
    """Return the lowest and the highest corner of a box around ``path``."""
    low, high = (
        [side(axis) + sign * margin_mm for axis in zip(*path, strict=True)]
        for side, sign in ((min, -1), (max, 1))
    )
    return ((low[0], low[1], low[2]), (high[0], high[1], high[2]))
