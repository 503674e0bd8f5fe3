"""Implicit shapes: approximate signed distances [mm], negative inside, at many points at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating]
Position = tuple[float, float, float]
Path = tuple[Position, ...]
Box = tuple[Position, Position]


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

    def pitched(self, y: float, z: float, angle_rad: float) -> "Points":
        """Return the points from a frame with its origin at ``(0, y, z)``, its front turned up."""
        c, s = np.float32(np.cos(angle_rad)), np.float32(np.sin(angle_rad))
        dy, dz = self.y - np.float32(y), self.z - np.float32(z)
        return Points(self.x, c * dy + s * dz, c * dz - s * dy)


def ellipsoid(points: Points, centre: Position, semi_mm: Position, yaw: float = 0.0) -> Field:
    """Return the distance to an ellipsoid, exact to first order near its surface.

    ``yaw`` [rad] turns it about the vertical axis, from anterior towards the right.
    """
    x, y, z = (p - np.float32(c) for p, c in zip(points, centre, strict=True))
    if yaw:
        c, s = np.float32(np.cos(yaw)), np.float32(np.sin(yaw))
        x, y = c * x - s * y, s * x + c * y
    inverse = np.float32(1) / np.asarray(semi_mm, np.float32)
    return _first_order(((x, inverse[0]), (y, inverse[1]), (z, inverse[2])))


def _first_order(parts: Sequence[tuple[Field, Field | np.float32]]) -> Field:
    """Return the distance to an ellipsoid from offsets and inverse semi-axes."""
    scaled = [offset * inverse for offset, inverse in parts]
    level = sum(s * s for s in scaled)
    steep = sum((s * inverse) ** 2 for s, (_, inverse) in zip(scaled, parts, strict=True))
    slope = np.sqrt(steep) + np.float32(1e-6)
    return np.asarray((level - np.sqrt(level)) / slope)


def tube(points: Points, path: Path, radii_mm: Sequence[float]) -> Field:
    """Return the distance to a chain of round cones through ``path``."""
    pieces = zip(path[:-1], path[1:], radii_mm[:-1], radii_mm[1:], strict=True)
    return reduce(np.minimum, (_round_cone(points, *piece) for piece in pieces))


def _along(points: Points, start: Position, end: Position) -> tuple[list[Field], Field]:
    """Return the offset of points from the nearest place of a segment, and where it is, 0 to 1."""
    axis = [np.float32(b - a) for a, b in zip(start, end, strict=True)]
    offset = [p - np.float32(a) for p, a in zip(points, start, strict=True)]
    length2 = sum(a * a for a in axis) or np.float32(1)
    t = np.asarray(sum(a * p for a, p in zip(axis, offset, strict=True)) / length2)
    t = np.clip(t, np.float32(0), np.float32(1))
    return [p - a * t for p, a in zip(offset, axis, strict=True)], t


def _round_cone(
    points: Points, start: Position, end: Position, radius_mm: float, end_radius_mm: float
) -> Field:
    (x, y, z), t = _along(points, start, end)
    radius = np.float32(radius_mm) + np.float32(end_radius_mm - radius_mm) * t
    return np.sqrt(x * x + y * y + z * z) - radius


@dataclass(frozen=True, slots=True)
class Ribbon:
    """A swept ellipse: its path, half its width and half its thickness at every node [mm].

    ``across`` tells which way its width runs.
    """

    path: Path
    widths_mm: tuple[float, ...]
    thicknesses_mm: tuple[float, ...]
    across: Position

    def __call__(self, points: Points) -> Field:
        """Return the distance to it."""
        nodes = list(zip(self.path, self.widths_mm, self.thicknesses_mm, strict=True))
        pieces = (_swept(points, a, b, self.across) for a, b in pairwise(nodes))
        return reduce(np.minimum, pieces)

    def box(self, margin_mm: float = 2.0) -> Box:
        """Return a box that holds it."""
        return box_around(self.path, max(*self.widths_mm, *self.thicknesses_mm) + margin_mm)


Node = tuple[Position, float, float]


def _swept(points: Points, start: Node, end: Node, across: Position) -> Field:
    (a, width, thickness), (b, end_width, end_thickness) = start, end
    offset, t = _along(points, a, b)
    axis = np.subtract(b, a) / np.linalg.norm(np.subtract(b, a))
    wide = np.asarray(across) - axis * np.dot(across, axis)
    wide /= np.linalg.norm(wide)
    frame = (wide, np.cross(axis, wide), axis)
    w, n, u = (sum(np.float32(f) * o for f, o in zip(v, offset, strict=True)) for v in frame)
    half = np.float32(width) + np.float32(end_width - width) * t
    thin = np.float32(thickness) + np.float32(end_thickness - thickness) * t
    flat = np.float32(1) / thin
    return _first_order(
        ((np.asarray(w), np.float32(1) / half), (np.asarray(n), flat), (np.asarray(u), flat))
    )


def union(*fields: Field, blend_mm: float = 0.0) -> Field:
    """Return the union of shapes, their seams rounded over ``blend_mm``."""
    return reduce(lambda a, b: _blend(a, b, np.float32(blend_mm)), fields)


def without(field: Field, *others: Field) -> Field:
    """Return a shape less others."""
    return reduce(lambda a, b: np.maximum(a, -b), others, field)


def between(values: Field, low: float, high: float) -> Field:
    """Return the distance to a slab: where ``values`` [mm] are from ``low`` to ``high``."""
    return np.abs(values - np.float32((low + high) / 2)) - np.float32((high - low) / 2)


def _blend(a: Field, b: Field, blend_mm: np.float32) -> Field:
    if not blend_mm:
        return np.minimum(a, b)
    overlap = np.maximum(blend_mm - np.abs(a - b), np.float32(0))
    return np.minimum(a, b) - overlap * overlap / (4 * blend_mm)


def box_around(path: Path, margin_mm: float) -> Box:
    """Return the lowest and the highest corner of a box around ``path``."""
    low, high = (
        [side(axis) + sign * margin_mm for axis in zip(*path, strict=True)]
        for side, sign in ((min, -1), (max, 1))
    )
    return ((low[0], low[1], low[2]), (high[0], high[1], high[2]))
