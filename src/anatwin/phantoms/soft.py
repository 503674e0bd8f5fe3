"""Skin, fat, and the muscles and glands of face and neck that are not told apart.

Positions are in the average head [mm], for the right side where a structure is paired.
"""

from functools import partial, reduce

import numpy as np

from anatwin.phantoms.anatomy import Anatomy, Half
from anatwin.phantoms.canvas import Canvas
from anatwin.phantoms.outline import outline
from anatwin.phantoms.shapes import (
    Box,
    Field,
    Path,
    Points,
    Ribbon,
    between,
    ellipsoid,
    tube,
    union,
    without,
)
from anatwin.phantoms.waves import wave_sum

_SKIN_MM = 3.0
_FRONT = (0.0, 1.0, 0.0)
_UP = (0.0, 0.0, 1.0)


def paint_skin(canvas: Canvas) -> None:
    """Paint the skin and fat inside it."""
    surface = partial(outside, anatomy=canvas.anatomy)
    canvas.start((("skin", 0.0), ("fat", _SKIN_MM)), surface)


def paint_soft(canvas: Canvas) -> None:
    """Paint muscles and glands in the fat, and fat pads between them."""
    anatomy = canvas.anatomy
    canvas.paint("soft_tissue", partial(_scalp, anatomy=anatomy), _HEAD)
    canvas.paint("soft_tissue", partial(_deep, anatomy=anatomy), _INNER)
    for half in anatomy.halves:
        neck = partial(_neck_muscles, half=half)
        layers = (("fat", 0.0), ("soft_tissue", 5.0))
        canvas.paint_layers(layers, neck, _NECK, half, over=("soft_tissue", "fat"))
        canvas.paint("soft_tissue", _face_muscles, _FACE, half)
        canvas.paint("gland", _glands, _GLANDS, half)
        canvas.paint("fat", _pads, _FACE, half)


_HEAD: Box = ((-90, -118, -60), (90, 115, 100))
_INNER: Box = ((-80, -90, -400), (80, 108, -34))
_NECK: Box = ((0, -85, -400), (75, 70, -44))
_FACE: Box = ((0, 40, -150), (62, 118, 12))
_GLANDS: Box = ((4, -10, -230), (74, 90, -48))


def outside(points: Points, anatomy: Anatomy) -> Field:
    """Return the distance to the skin, ears and lips included."""
    side = points.folded()
    near = np.exp(-(((points.z + 128) / 18) ** 2) - ((points.x / 30) ** 2))
    chin = np.float32(anatomy.chin_mm) * near * (points.y > 40)
    moved = Points(points.x, points.y - chin, points.z)
    head = outline("skin")(moved)
    head = np.where(points.z < -150, np.float32(20), head)
    fade = np.clip((np.float32(42) - points.z) / 5, 0, 14)
    head = union(head, outline("vault")(points) - np.float32(6.5) + fade, blend_mm=3)
    return union(union(head, _neck(points), blend_mm=14), _features(side, anatomy), blend_mm=5)


def _neck(points: Points) -> Field:
    """Return the distance to neck and shoulders."""
    wide = np.float32(53) + np.float32(0.012) * np.clip(-205 - points.z, 0, 60) ** 2
    middle = np.float32(-5) + np.float32(0.1) * np.minimum(points.z + 150, 0)
    x, y = points.x / wide, (points.y - middle) / np.float32(53.5)
    level = np.sqrt(x * x + y * y) + np.float32(1e-6)
    column = (level - 1) * np.float32(53)
    return np.maximum(column, points.z + np.float32(95))


def _features(side: Points, anatomy: Anatomy) -> Field:
    """Return the distance to what the average of many heads blurs: nose, lips, lids, ears."""
    nose = np.float32(anatomy.nose_mm)
    tip = Points(side.x, side.y - nose, side.z)
    jaw = anatomy.jaw(((0, 108, -99), (16, 99, -97), (0, 105, -98)))
    bridge = tube(
        tip, ((0, 103, -14), (0, 109, -26), (0, 119, -48), (0, 125, -57)), (4, 4.5, 5.5, 6.5)
    )
    wing = ellipsoid(tip, (9.5, 113, -59), (6.5, 10, 6.5), yaw=0.25)
    upper = tube(side, ((0, 111, -84.5), (10, 108, -85.5), (23, 97, -90)), (4.0, 4.2, 2.2))
    lower = tube(side, (jaw[0], jaw[1], (23, 97, -91)), (4.8, 4.0, 2.0))
    crease = union(upper, lower)
    lids = ellipsoid(side, (32, 82, -26), (15, 15, 13))
    return union(union(bridge, wing, blend_mm=4), crease, lids, _ear(side), blend_mm=2)


def _ear(side: Points) -> Field:
    plate = ellipsoid(side, (80, -8, -47), (4.5, 17, 30), yaw=-0.5)
    hollow = ellipsoid(side, (85, -3, -50), (6, 9, 15), yaw=-0.5)
    base = tube(side, ((66, 2, -62), (68, 2, -38)), (8, 7))
    return union(without(plate, hollow), base, blend_mm=4)


def _scalp(points: Points, anatomy: Anatomy) -> Field:
    """Return the distance to the thin muscles and the sinew between scalp fat and skull."""
    off = outline("vault")(points) - np.float32(anatomy.skull_mm)
    return np.maximum(off - np.float32(1.8), np.float32(-30) - points.z)


def _deep(points: Points, anatomy: Anatomy) -> Field:
    """Return the distance to what lies under the fat of face and neck, thicker in the cheeks."""
    x, y, z = np.abs(points.x) - 44, points.y - 74, points.z + 80
    cheek = np.exp(-((x / 20) ** 2 + (y / 22) ** 2 + (z / 24) ** 2))
    chin = np.exp(
        -((points.x / 28) ** 2) - ((points.y - 66) / 26) ** 2 - ((points.z + 146) / 14) ** 2
    )
    thick = np.float32(_SKIN_MM + anatomy.fat_mm) + np.float32(6) * (cheek + chin)
    return np.maximum(outside(points, anatomy) + thick, points.z + np.float32(36))


def _pads(points: Points) -> Field:
    """Return the distance to the fat pads of cheek, temple and throat."""
    cheek = union(
        ellipsoid(points, (42, 66, -74), (8, 13, 14)),
        ellipsoid(points, (50, 62, -56), (6, 10, 10)),
        tube(points, ((38, 54, -56), (38, 50, -80)), (3.5, 4)),
        ellipsoid(points, (36, 38, -68), (11, 17, 17)),
        blend_mm=6,
    )
    throat = Ribbon(((27, 30, -58), (27, 30, -100)), (7, 5), (3, 2), _FRONT)
    return union(cheek, throat(points))


_SHEETS: tuple[Ribbon, ...] = (
    # sternocleidomastoid
    Ribbon(((56, -12, -62), (53, -6, -95), (44, 10, -140), (26, 26, -190), (12, 26, -250)),
           (8, 13, 14, 12, 10), (4, 6, 7, 6.5, 6), _FRONT),
    # trapezius
    Ribbon(((9, -72, -62), (14, -56, -105), (22, -55, -150), (34, -56, -195), (60, -50, -250)),
           (8, 14, 20, 24, 30), (2, 3.5, 4.5, 5.5, 7), (1, 0, 0)),
    # splenius
    Ribbon(((42, -30, -62), (34, -42, -95), (20, -48, -140), (12, -52, -190), (10, -56, -250)),
           (9, 13, 13, 10, 9), (5, 6, 6, 5, 5), (1, 0.6, 0)),
    # semispinalis
    Ribbon(((13, -50, -66), (13, -44, -95), (13, -38, -140), (14, -42, -190), (14, -50, -250)),
           (11, 11, 10, 10, 10), (9, 8, 8, 8, 8), (1, 0, 0)),
    # muscles between skull, atlas and axis
    Ribbon(((14, -36, -70), (13, -28, -92)), (14, 10), (8, 7), (1, 0, 0)),
    # multifidus
    Ribbon(((11, -20, -92), (10, -20, -140), (10, -24, -190), (10, -38, -250)), (7,) * 4, (7,) * 4,
           (1, 0, 0)),
    # levator of the shoulder blade, longissimus
    Ribbon(((36, -8, -78), (36, -18, -120), (38, -28, -170), (50, -40, -250)), (8, 10, 12, 14),
           (6, 7, 8, 9), _FRONT),
    # scalenes
    Ribbon(((26, 4, -100), (28, 4, -140), (34, 4, -190), (48, 0, -250)), (6, 8, 11, 12),
           (5, 7, 8, 9), _FRONT),
    # longus of neck and head
    Ribbon(((8, 16, -66), (9, 20, -100), (11, 20, -140), (13, 14, -190), (12, -2, -250)),
           (6, 7, 7, 7, 7), (4, 3.5, 4.5, 5, 5), (1, 0, 0)),
    # straps before the larynx
    Ribbon(((6, 54, -136), (9, 51, -165), (9, 44, -195), (11, 34, -250)), (6, 8, 9, 11),
           (2.2, 2.5, 3, 3), (1, 0, 0)),
    # digastric, rear and front
    Ribbon(((46, -4, -72), (38, 22, -112), (24, 44, -134)), (5, 5, 3), (4, 4, 3), _UP),
    Ribbon(((24, 44, -134), (10, 80, -141)), (4, 6), (3, 3), (1, 0, 0)),
)  # fmt: skip


def _neck_muscles(points: Points, half: Half) -> Field:
    """Return a field below 0 in and between the muscles of half the neck, below -5 in them.

    They fill the neck but for fat between them, which comes and goes.
    """
    near, second = _nearest_two(points)
    wave, _ = wave_sum(points, half.texture)
    gap = np.float32(0.5) + np.float32(0.35) * wave - (second - near) / 2
    muscle = np.maximum(near - np.float32(4.5) - np.float32(0.8) * wave, gap)
    between_them = np.maximum(4 * (near - np.float32(7)), np.float32(-5))
    return np.maximum(between_them + np.minimum(muscle, 0), points.z + np.float32(50))


def _nearest_two(points: Points) -> tuple[Field, Field]:
    """Return the distances to the nearest and to the second nearest muscle of half the neck."""
    near = np.full_like(points.x, 99)
    second = near
    for sheet in _SHEETS:
        field = sheet(points)
        second = np.minimum(second, np.maximum(near, field))
        near = np.minimum(near, field)
    return near, second


def _face_muscles(points: Points) -> Field:
    """Return the distance to cheek, lip and lid muscles, and to the floor of the mouth."""
    lip = _ring(points)
    cheek = Ribbon(((22, 95, -90), (32, 78, -88), (33, 60, -88), (30, 50, -86)), (6, 13, 13, 12),
                   (2.2, 1.8, 1.8, 1.5), _UP)(points)  # fmt: skip
    smile = Ribbon(
        ((46, 84, -52), (36, 92, -70), (26, 97, -87)), (4, 4, 4), (1.5, 1.8, 2), (1, 0, 0)
    )
    chin = tube(points, ((6, 99, -118), (8, 98, -128)), (5, 5))
    brow = tube(points, ((6, 99, -6), (24, 95, -4), (40, 84, -8)), (2.5, 2.4, 2))
    floor = Ribbon(
        ((0, 80, -128), (0, 56, -132), (0, 42, -136)), (12, 22, 16), (3.5,) * 3, (1, 0, 0)
    )
    lid = between(ellipsoid(points, (32, 82, -26), (15, 15, 13)), -4.5, -2.8)
    lid = np.maximum(lid, np.float32(84) - points.y)
    return union(lip, cheek, smile(points), chin, brow, floor(points), lid)


def _ring(points: Points) -> Field:
    upper: Path = ((0, 103, -83), (12, 101, -84), (23, 95, -90))
    lower: Path = ((0, 101, -98), (12, 98, -97), (23, 95, -91))
    across = _UP
    rims = (Ribbon(path, (7, 6.5, 4), (2.6, 2.4, 2.4), across)(points) for path in (upper, lower))
    return reduce(np.minimum, rims)


def _glands(points: Points) -> Field:
    """Return the distance to the glands: before the ear, under the jaw, at the windpipe, lids."""
    parotid = union(
        ellipsoid(points, (55, 10, -78), (9, 11, 24)),
        ellipsoid(points, (60, 27, -72), (3.2, 15, 15), yaw=-0.15),
        blend_mm=4,
    )
    jaw = ellipsoid(points, (29, 44, -124), (7, 13, 11), yaw=-0.3)
    thyroid = ellipsoid(points, (17, 30, -186), (8, 9, 22))
    return union(parotid, jaw, thyroid)
