"""The four chewing muscles of one side, from where each arises to where it ends."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from anatwin.train.anatomist.head import Mask
from anatwin.train.anatomist.landmarks import Landmarks, Point
from anatwin.train.anatomist.side import FIRST, SHAPE, Side

TEMPORALIS, MASSETER, MEDIAL_PTERYGOID, LATERAL_PTERYGOID = 1, 2, 3, 4

SKIN_MM = {TEMPORALIS: 3.5, MASSETER: 6.0, MEDIAL_PTERYGOID: 6.0, LATERAL_PTERYGOID: 6.0}
"""Skin and the fat under it, which a muscle does not enter: thin over the temple."""


def muscles_of(side: Side, points: Landmarks) -> NDArray[np.uint8]:
    """Return the muscles of one side, ``u y z``."""
    depth = ndimage.distance_transform_edt(side.body | ~side.seen)
    found = np.zeros(SHAPE, np.uint8)
    for number, shape in (
        (TEMPORALIS, _temporalis(side, points)),
        (MEDIAL_PTERYGOID, _medial_pterygoid(side, points)),
        (LATERAL_PTERYGOID, _lateral_pterygoid(side, points)),
        (MASSETER, _masseter(side, points)),
    ):
        found[side.soft & (depth > SKIN_MM[number]) & shape] = number
    return found


def outer_face(mask: Mask, within: Mask) -> NDArray[np.float32]:
    """Return how far out a mask reaches, ``y z`` in mm, filled from the nearest where it is not."""
    mask = mask & within
    reach = SHAPE[0] - 1 - mask[::-1].argmax(axis=0) + float(FIRST[0])
    known = mask.any(axis=0)
    if not known.any():
        return np.full(mask.shape[1:], np.nan, np.float32)
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    filled = reach[tuple(nearest)].astype(np.float32)
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(filled, 1.5)
    return smooth


def polygon(corners: list[tuple[float, float]]) -> NDArray[np.float64]:
    """Return how deep each place lies inside a convex polygon, ``y z`` in mm; outside it is < 0.

    Parameters
    ----------
    corners
        Places in y and z in mm, in order round the polygon.
    """
    y = (np.arange(SHAPE[1]) + FIRST[1])[:, None]
    z = (np.arange(SHAPE[2]) + FIRST[2])[None, :]
    middle = np.mean(corners, axis=0)
    depth = np.full(SHAPE[1:], np.inf)
    for (y1, z1), (y2, z2) in zip(corners, corners[1:] + corners[:1], strict=True):
        normal = np.array([z1 - z2, y2 - y1]) / np.hypot(z1 - z2, y2 - y1)
        if normal @ (middle - [y1, z1]) < 0:
            normal = -normal
        depth = np.minimum(depth, normal[0] * (y - y1) + normal[1] * (z - z1))
    return depth


def without_corners(depth: NDArray[np.float64], *, radius_mm: float) -> NDArray[np.float64]:
    """Return the depth inside a polygon whose corners are rounded off, ``y z`` in mm."""
    core = depth >= radius_mm
    if not core.any():
        return depth
    round_off: NDArray[np.float64] = radius_mm - ndimage.distance_transform_edt(~core)
    return np.minimum(depth, np.where(core, depth, round_off))


def rounded(depth: NDArray[np.float64], *, edge_mm: float) -> NDArray[np.float64]:
    """Return a thickness between 0 and 1 that falls off like a quarter circle at the edge."""
    return np.sqrt(1 - (1 - np.clip(depth / edge_mm, 0, 1)) ** 2)


def swept(ends: tuple[Point, Point], wide: tuple[float, float], thin: tuple[float, float]) -> Mask:
    """Return a muscle belly: an ellipse carried along a line, fullest in its middle.

    Parameters
    ----------
    ends
        Origin and insertion in mm.
    wide, thin
        Half the height and half the breadth of the ellipse at both ends in mm.
    """
    start, stop = ends
    along = stop - start
    length = np.linalg.norm(along)
    along = along / length
    breadth = np.cross(along, [0.0, 0.0, 1.0])
    if np.linalg.norm(breadth) < 0.6:
        breadth = np.cross([0.0, 1.0, 0.0], along)
    breadth /= np.linalg.norm(breadth)
    height = np.cross(breadth, along)
    grid = np.stack(
        np.meshgrid(
            *(np.arange(n) + f for n, f in zip(SHAPE, FIRST, strict=True)),
            indexing="ij",
            sparse=False,
        )
    ).astype(np.float32)
    offset = [grid[a] - np.float32(start[a]) for a in range(3)]

    def component(direction: Point) -> NDArray[np.float32]:
        total = np.zeros(SHAPE, np.float32)
        for axis in range(3):
            total += offset[axis] * np.float32(direction[axis])
        return total

    t = component(along) / np.float32(length)
    inside = np.clip(t, 0, 1)
    belly = 1 + 0.35 * np.sin(np.pi * inside)
    h = component(height) / ((wide[0] + (wide[1] - wide[0]) * inside) * belly)
    b = component(breadth) / ((thin[0] + (thin[1] - thin[0]) * inside) * belly)
    shape: Mask = (t > -0.05) & (t < 1.03) & (h * h + b * b < 1)
    return shape


def _masseter(side: Side, points: Landmarks) -> Mask:
    """Return the slab on the outside of the ramus, from the arch to the angle."""
    u, y, z = side.axes()
    top = points.arch - 1
    hind_top = points.condyle[1] + 9
    corners = [
        (-16.0, top - 8),
        (-22.0, top),
        (hind_top, top),
        (points.angle[1] - 1, points.angle[2] + 16),
        (points.angle[1] + 4, points.angle[2] - 1),
        (points.front[1], points.front[2] + 1),
    ]
    depth = without_corners(polygon(corners), radius_mm=9.0)
    ramus = outer_face(side.mandible, (y < -20) & (z < points.condyle[2] - 10))
    thick = 15.0 * rounded(depth, edge_mm=14.0)
    inner = ramus[None] + np.clip(z - (points.condyle[2] - 12), 0, 12) * 0.35
    shape: Mask = (depth > 0)[None] & (u > inner) & (u < inner + thick[None] + 1)
    return shape & (u > 30) & (z < top + 1)


def _temporalis(side: Side, points: Landmarks) -> Mask:
    """Return the fan in the temporal fossa, and its tendon down to the coronoid process."""
    u, _, z = side.axes()
    arch = points.arch
    corners = [
        (-29.0, arch),
        (-21.0, arch + 14),
        (-17.0, arch + 30),
        (-26.0, arch + 58),
        (-50.0, arch + 76),
        (-80.0, arch + 72),
        (-104.0, arch + 48),
        (-98.0, arch + 24),
        (-66.0, arch + 8),
        (-58.0, arch),
    ]
    fan = without_corners(polygon(corners), radius_mm=24.0)
    wall = outer_face(side.skull, (z > arch + 8) & (u < 75))
    sheet = wall + 2.0 + 6.0 * rounded(fan, edge_mm=22.0)
    outer = np.maximum(sheet, _fascia(side, wall, arch) - 2)
    outer = ndimage.gaussian_filter(outer, (3, 1))
    inner = np.where(z[0] > arch + 8, wall[:, :], _fossa_floor(wall, arch))
    upper: Mask = (fan > 0)[None] & (z > arch - 3) & (u > inner[None]) & (u < outer[None])
    return upper | _tendon(side, points)


def _fossa_floor(wall: NDArray[np.float32], arch: float) -> NDArray[np.float32]:
    """Return the inner limit of the fossa just above the arch, where it opens downwards."""
    row = int(arch + 9 - FIRST[2])
    return np.repeat(np.maximum(wall[:, row : row + 1] - 2, 38.0), SHAPE[2], axis=1)


def _fascia(side: Side, wall: NDArray[np.float32], arch: float) -> NDArray[np.float32]:
    """Return the outward limit of the fossa: straight from the arch up to the widest vault."""
    u, y, z = side.axes()
    rim = side.skull & (np.abs(z - arch) < 8) & (u > 48)
    reach = np.where(rim.any(axis=(0, 2)), SHAPE[0] - 1 - rim.any(axis=2)[::-1].argmax(axis=0), 0)
    rows = np.flatnonzero((reach > 0) & (y[0, :, 0] > -62) & (y[0, :, 0] < -14))
    limit = wall.copy()
    if len(rows) < 5:
        return limit
    line = ndimage.median_filter(np.interp(np.arange(SHAPE[1]), rows, reach[rows]), 9)
    heights = z[0, 0] - arch
    first = int(arch - 3 - FIRST[2])
    top = np.argmax(np.where(heights < 60, wall, -1), axis=1)
    for row in range(max(rows[0] - 3, 0), min(rows[-1] + 3, SHAPE[1])):
        last = int(top[row])
        if last > first + 5:
            share = np.linspace(0, 1, last - first)
            straight = line[row] * (1 - share) + wall[row, last] * share
            limit[row, first:last] = np.maximum(wall[row, first:last], straight)
    return limit


def _tendon(side: Side, points: Landmarks) -> Mask:
    """Return the part under the arch: between it and the skull, closing in on the coronoid."""
    u, y, z = side.axes()
    tip = points.coronoid
    share = np.clip((points.arch + 4 - z) / max(points.arch + 4 - (tip[2] - 14), 10.0), 0, 1)
    middle_y = (-41.0) * (1 - share) + (tip[1] + 1) * share
    half_y = 19.0 * (1 - share) + 6.5 * share
    middle_u = (tip[0] + 1) * (1 - share) + (tip[0] - 2) * share
    half_u = 9.5 * (1 - share) + 4.5 * share
    inside = ((y - middle_y) / half_y) ** 2 + ((u - middle_u) / half_u) ** 2 < 1
    shape: Mask = inside & (z < points.arch + 4) & (z > tip[2] - 14)
    return shape & ~side.skull


def _lateral_pterygoid(side: Side, points: Landmarks) -> Mask:
    """Return the belly from the lateral pterygoid plate to the neck of the condyle."""
    start = points.plate + np.array([2.0, 3.0, 4.0])
    stop = points.condyle + np.array([-5.0, 2.0, -6.0])
    return swept((start, stop), (11.0, 6.0), (6.5, 4.5))


def _medial_pterygoid(side: Side, points: Landmarks) -> Mask:
    """Return the slab from between the pterygoid plates to the inside of the angle."""
    start = points.plate + np.array([-3.0, 1.0, -3.0])
    stop = points.angle + np.array([-4.0, 7.0, 10.0])
    return swept((start, stop), (9.0, 11.0), (5.0, 4.0))
