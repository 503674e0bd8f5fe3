"""The jaw, its teeth, and the discs of its joints.

Positions are in the average head [mm] with the jaw closed, for the right side.
"""

from functools import partial

import numpy as np

from anatwin.phantoms.anatomy import JOINT_MM, Anatomy, Half
from anatwin.phantoms.canvas import Canvas
from anatwin.phantoms.shapes import Box, Field, Points, Ribbon, between, ellipsoid, tube, union
from anatwin.phantoms.teeth import paint_teeth

_JAW: Box = ((0, 0, -185), (60, 110, -38))
_JOINT: Box = ((30, -2, -66), (64, 40, -36))

_UP = (0.0, 0.0, 1.0)
_BODY = Ribbon(
    ((0, 86, -125), (13, 83, -124), (23, 71, -122), (31, 57, -119), (38, 42, -114), (42, 32, -108)),
    (17.5, 17.5, 16.5, 15.5, 15, 14), (6, 5.8, 5.4, 5.4, 5, 4), _UP,
)  # fmt: skip
_SOCKETS = Ribbon(
    ((0, 90.5, -109), (13, 85.5, -109), (20, 76, -109), (26.5, 63, -109), (34, 46, -109)),
    (7,) * 5, (4.2, 4.4, 4.6, 5.4, 4.5), _UP,
)  # fmt: skip
_RAMUS = Ribbon(
    ((42.5, 32, -113), (45, 33, -92), (46, 34, -76)), (15.5, 16, 15.5), (4, 3.6, 3.2), (0, 1, 0)
)
_CORONOID = Ribbon(
    ((46, 43, -78), (46, 47, -66), (46, 49, -57)), (6.5, 5, 2), (2.8, 2.3, 1.5), (0, 1, 0)
)


def paint_jaw(canvas: Canvas) -> None:
    """Paint the joints' discs, then the jaw with its marrow and teeth."""
    for half in canvas.anatomy.halves:
        disc = partial(_disc, anatomy=canvas.anatomy, half=half)
        canvas.paint_layers((("tmj_disc_{side}", 0.0),), disc, _JOINT, half, fine=True)
    for half in canvas.anatomy.halves:
        shape = partial(_mandible, anatomy=canvas.anatomy)
        canvas.paint_layers((("mandible", 0.0), ("mandible_marrow", 2.0)), shape, _JAW, half)
        paint_teeth(canvas, half, "lower")


def _mandible(points: Points, anatomy: Anatomy) -> Field:
    place = anatomy.closed(points)
    chin = np.float32(anatomy.chin_mm) * np.clip((place.y - 60) / 25, 0, 1)
    place = Points(place.x, place.y - chin, place.z)
    x, y, z = JOINT_MM
    neck = tube(place, ((46.5, y + 6, z - 24), (x, y + 1.5, z - 8)), (5, 4.2))
    condyle = ellipsoid(place, (x, y, z), (9.5, 4.6, 5))
    boss = ellipsoid(place, (0, 90, -134), (13, 6, 7))
    ramus = union(_RAMUS(place), neck, _CORONOID(place), condyle, blend_mm=3)
    return union(_BODY(place), _SOCKETS(place), ramus, boss, blend_mm=4)


def _disc(points: Points, anatomy: Anatomy, half: Half) -> Field:
    """Return the distance to a joint's disc: a biconcave cap on the condyle or before it."""
    place = anatomy.closed(points)
    x, y, z = JOINT_MM
    over = ellipsoid(place, (x, y, z), (9.5, 4.6, 5.0))
    angle = np.arctan2(place.y - np.float32(y), place.z - np.float32(z))
    away = np.abs(angle - np.float32(0.25 + half.disc_shift_rad))
    thick = np.float32(0.9) + np.float32(0.8) * np.clip((away - 0.25) / 0.7, 0, 1)
    cap = np.abs(over - np.float32(1.5)) - thick
    ends = (away - np.float32(1.0)) * np.float32(6)
    return np.maximum(np.maximum(cap, ends), between(place.x, x - 9, x + 9))
