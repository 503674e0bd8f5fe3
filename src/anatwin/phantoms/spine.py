"""The neck's seven vertebrae, the discs between them, the cord and its fluid.

Positions are in the average head [mm], for the right side where a structure is paired.
"""

from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from anatwin.phantoms.canvas import Canvas
from anatwin.phantoms.shapes import (
    Box,
    Field,
    Path,
    Points,
    Ribbon,
    between,
    box_around,
    ellipsoid,
    tube,
    union,
    without,
)
from anatwin.phantoms.skull import SKULL_END_MM, SPINAL_PATH, canal


class Level(NamedTuple):
    """One vertebra: where its body's middle is [mm], how much its front points up [rad].

    ``spine_mm`` is how far its spinous process reaches backwards from there.
    """

    number: int
    y: float
    z: float
    pitch_rad: float
    spine_mm: float

    @property
    def centre(self) -> tuple[float, float, float]:
        """Middle of its body."""
        return (0.0, self.y, self.z)


LEVELS = (
    Level(2, 8.5, -94.5, 0.05, 38),
    Level(3, 9.5, -113.5, 0.05, 32),
    Level(4, 10.0, -130.0, 0.0, 33),
    Level(5, 9.5, -146.5, -0.1, 36),
    Level(6, 7.0, -163.0, -0.2, 42),
    Level(7, 3.0, -180.0, -0.28, 50),
)
_HALF_HEIGHT_MM = 6.6
_UP = (0.0, 0.0, 1.0)


def paint_spine(canvas: Canvas) -> None:
    """Paint discs, vertebrae and what their canal holds, as far down as the image goes."""
    for upper, lower in pairwise(LEVELS):
        name = f"disc_c{upper.number}_c{lower.number}"
        column = Ribbon((upper.centre, lower.centre), (9.4, 9.4), (8, 8), (1, 0, 0))
        canvas.paint(name, partial(_cut_short, column=column, ends=(upper, lower)), column.box())
    for level in LEVELS:
        layers = ((f"vertebra_c{level.number}", 0.0), (f"vertebra_c{level.number}_marrow", 1.4))
        box = box_around(((-28, level.y - level.spine_mm - 4, level.z),
                          (28, level.y + 10, level.z)), 18)  # fmt: skip
        canvas.paint_layers(layers, partial(_vertebra, level=level), box)
    atlas_box = box_around(((-38, -40, -77), (38, 18, -77)), 14)
    layers = (("vertebra_c1", 0.0), ("vertebra_c1_marrow", 1.6))
    canvas.paint_layers(layers, _atlas, atlas_box, over=_NOT_AXIS)
    canvas.paint("csf", canal, _CANAL)
    canvas.paint("spinal_cord", _cord, _CANAL)


_NOT_AXIS = ("soft_tissue", "fat", "mucosa", "artery", "vein", "gland")
_CANAL: Box = ((-20, -60, -400), (20, 10, -60))


def _cut_short(points: Points, column: Ribbon, ends: tuple[Level, Level]) -> Field:
    """Return a column between two bodies, without its rounded ends."""
    upper, lower = (points.pitched(v.y, v.z, v.pitch_rad).z for v in ends)
    return np.maximum(column(points), np.maximum(upper, -lower))


def _cord(points: Points) -> Field:
    cord = tube(points.stretched(x=0.68), SPINAL_PATH, (5, 4.8, 4.4, 4.3, 4.4, 4.4, 4.2))
    return np.maximum(cord, points.z - np.float32(SKULL_END_MM))


def _vertebra(points: Points, level: Level) -> Field:
    """Return the distance to a vertebra: body, arch, joint pillars, processes."""
    local = points.pitched(level.y, level.z, level.pitch_rad)
    flat = local.stretched(z=0)
    body = np.maximum(
        ellipsoid(flat, (0, 0, 0), (9.6, 7.8, 9)),
        between(local.z, -_HALF_HEIGHT_MM, _HALF_HEIGHT_MM),
    )
    wing = Ribbon(((7, -3, 0), (15, -2, 1), (23, 0, -1)), (5, 4, 3), (3, 3, 2.5), _UP)
    pillar = Ribbon(((15, -8, 7), (15.5, -11, -7)), (5, 5), (4.5, 4.5), (1, 0, 0))
    lamina = Ribbon(((14, -12, 0), (7, -23, -3), (0, -28, -5)), (6, 6, 5.5), (2.4,) * 3, _UP)
    tip = -float(level.spine_mm)
    spinous = Ribbon(((0, -27, -4), (0, tip + 4, -9)), (4.5, 3.2), (2.4, 2.6), _UP)
    side = local.folded()
    arch = union(wing(side), pillar(side), lamina(side), spinous(local), blend_mm=2)
    whole = union(body, arch, blend_mm=1.5)
    if level.number == 2:
        whole = union(whole, _dens(points), blend_mm=2)
    return without(whole, canal(points) - np.float32(0.3))


def _dens(points: Points) -> Field:
    return tube(points, ((0, 7, -90), (0, 8, -76), (0, 7.5, -70)), (6.5, 5.2, 4.2))


def _atlas(points: Points) -> Field:
    """Return the distance to the first vertebra: a ring with two side masses."""
    side = points.folded()
    front = Ribbon(((0, 16.2, -76), (9, 14.5, -76), (16, 8, -76)), (5, 4.5, 5), (2, 2, 3), _UP)
    mass = Ribbon(((17, 3, -70), (17.5, 1, -84)), (7, 7), (6, 6), (0, 1, 0))
    wing = Ribbon(((18, 0, -77), (36, -3, -78)), (4.5, 3.5), (3.5, 3), _UP)
    back: Path = ((19, -6, -77), (15, -20, -79), (7, -29, -81), (0, -32, -82))
    rear = Ribbon(back, (4.5, 3.5, 3.5, 4), (3, 2.4, 2.4, 3), _UP)
    ring = union(front(side), mass(side), wing(side), rear(side), blend_mm=2)
    return without(ring, canal(points) - np.float32(0.3), _dens(points) - np.float32(1.2))
