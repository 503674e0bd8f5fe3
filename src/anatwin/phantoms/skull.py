"""Bones of the head and neck: brain case, face, jaw, teeth, spine.

Positions are in the average head [mm], for the right side where a structure is paired.
"""

from functools import partial

import numpy as np

from anatwin.phantoms.canvas import Box, Canvas
from anatwin.phantoms.shapes import (
    Field,
    Path,
    Points,
    box_around,
    ellipsoid,
    interpolated,
    tube,
    union,
)

_SKULL: Box = ((-85, -105, -95), (85, 112, 75))
_NECK: Box = ((-32, -60, -400), (32, 20, -74))


def egg(points: Points, grow_mm: float, down_mm: float) -> Field:
    """Return the distance to the brain case: narrower in front, flatter below."""
    narrow = 1 - np.float32(0.0009) * points.y - np.float32(9e-6) * points.y**2
    below = points.z < 0
    z = np.where(below, points.z * np.float32((54 + grow_mm) / down_mm), points.z)
    shape = Points(points.x / narrow, points.y, z)
    return ellipsoid(shape, (0, 1, 0), (68 + grow_mm, 89 + grow_mm, 54 + grow_mm))


def cavity(points: Points) -> Field:
    """Return the distance to the inside of the skull."""
    side = points.folded()
    return union(
        egg(points, 0, 38),
        ellipsoid(side, (39, 12, -30), (25, 38, 25)),
        ellipsoid(points, (0, -35, -45), (57, 39, 31)),
        ellipsoid(points, (0, 0, -42), (20, 19, 34)),
        blend_mm=8,
    )


def canal(points: Points) -> Field:
    """Return the distance to the spinal canal."""
    return tube(points, ((0, -14, -70), (0, -16, -90), (0, -18, -400)), (14, 9, 9))


def paint_skull(canvas: Canvas) -> None:
    """Paint the brain case, its marrow and fluid, the base and the face's bones."""
    thick = np.float32(canvas.anatomy.skull_mm)

    def case(points: Points) -> Field:
        """Return -1 at the inner surface and 0 at the outer surface of the brain case."""
        local = thick * (1 + np.float32(0.004) * np.maximum(-points.y, 0))
        inside = union(cavity(points), canal(points) + 2, blend_mm=6)
        return np.maximum(inside / local - 1, (-84 - points.z) / local)

    wall = partial(interpolated, case, steps=canvas.steps(3))
    layers = (("bone", 0.0), ("marrow", 0.33), ("bone", 0.68), ("csf", 1.0))
    canvas.paint_layers(layers, wall, _SKULL)
    for path, radii in _FACE_BONES:
        canvas.paint_both("bone", partial(tube, path=path, radii_mm=radii), box_around(path, 14))
    for path, radii in _FACE_MARROW:
        canvas.paint_both("marrow", partial(tube, path=path, radii_mm=radii), box_around(path, 12))
    _paint_teeth(canvas)


_RIM: Path = (
    (13, 93, -30), (22, 95, -22), (36, 91, -21), (46, 80, -30), (46, 77, -44), (36, 85, -54),
    (20, 91, -52), (12, 93, -42), (13, 93, -30),
)  # fmt: skip
_JAW: Path = (
    (51, 8, -66),
    (51, 6, -92),
    (48, 14, -120),
    (36, 48, -132),
    (22, 76, -138),
    (0, 90, -140),
)
_FACE_BONES: tuple[tuple[Path, tuple[float, ...]], ...] = (
    (_RIM, (3.0,) * 9),
    (((46, 76, -56), (60, 52, -58), (67, 25, -58), (64, 2, -56)), (7, 5, 3.5, 4)),
    (_JAW, (5.5, 6, 6, 6, 6, 6)),
    (((48, 12, -112), (38, 46, -124), (24, 74, -130), (0, 88, -132)), (6, 6, 6, 6)),
    (((51, 8, -66), (47, 28, -96), (42, 40, -118)), (4, 4, 4)),
    (((48, 36, -70), (46, 30, -96)), (3.5, 5)),
    (((4, 98, -36), (3, 107, -56)), (2.5, 1.8)),
    (((26, 44, -60), (22, 40, -90)), (5, 4)),
    (((58, -22, -56), (56, -24, -80)), (11, 6)),
    (((16, 12, -50), (56, -14, -54)), (10, 12)),
    (((0, 36, -52), (20, 34, -50)), (15, 12)),
    (((0, 88, -88), (16, 82, -88), (25, 66, -88), (28, 48, -88)), (6, 6, 6, 6)),
    (((0, 84, -82), (0, 50, -84)), (3, 2.5)),
    (((12, 78, -83), (12, 52, -84)), (7, 7)),
)
_FACE_MARROW: tuple[tuple[Path, tuple[float, ...]], ...] = (
    (_JAW, (3, 3.5, 3.5, 3.5, 3.5, 3.5)),
    (((20, 10, -52), (50, -12, -54)), (5, 6)),
    (((0, 22, -56), (0, 28, -66)), (7, 6)),
)


_ARCH: Path = ((0, 95, 0), (10, 92, 0), (19, 82, 0), (24, 68, 0), (27, 52, 0))


def _paint_teeth(canvas: Canvas) -> None:
    """Paint both rows of teeth on their arch."""

    def teeth(points: Points, low: float, high: float) -> Field:
        row = tube(points.stretched(z=0), _ARCH, (3.2, 3.4, 4, 4.8, 4.8))
        around = np.arctan2(points.x, points.y - np.float32(42)) * np.float32(13)
        gap = np.float32(0.15) - np.abs(np.sin(around))
        return _within(points.z, low, high, np.maximum(row, gap))

    for low, high in ((-107, -93), (-121, -109)):
        box = ((0, 45, low), (33, 100, high))
        canvas.paint_both("tooth", partial(teeth, low=low, high=high), box)


def _within(z: Field, low: float, high: float, field: Field) -> Field:
    """Return a shape cut off below and above."""
    return np.maximum(field, np.maximum(np.float32(low) - z, z - np.float32(high)))


def paint_spine(canvas: Canvas) -> None:
    """Paint the neck's vertebrae, discs and spinous processes, as far down as the image goes."""
    canvas.paint("disc", lambda p: np.maximum(_column(p), p.z + np.float32(92)), _NECK)
    canvas.paint_both("bone", _vertebral_arch, ((0, -60, -400), _NECK[1]))
    canvas.paint_layers((("bone", 0), ("marrow", 1.5)), _vertebral_body, _NECK)


def _column(points: Points) -> Field:
    return ellipsoid(points.stretched(z=0), (0, 2, 0), (10, 8, 8))


def _above_disc(points: Points) -> Field:
    """Return the height over the middle of the nearest vertebra, one every 16 mm."""
    return np.mod(points.z + np.float32(82), np.float32(16)) - np.float32(8)


def _vertebral_body(points: Points) -> Field:
    body = np.maximum(_column(points), np.abs(_above_disc(points)) - np.float32(6.6))
    return np.maximum(body, points.z + np.float32(76))


def _vertebral_arch(points: Points) -> Field:
    height = _above_disc(points) - np.float32(0.25) * (points.y + np.float32(18))
    ring, flat = canal(points), points.stretched(z=0)
    wide = union(
        ring,
        tube(flat, ((11, -12, 0), (22, -8, 0)), (4, 2)),
        tube(flat, ((0, -30, 0), (0, -46, 0)), (4, 3)),
        blend_mm=3,
    )
    arch = np.maximum(np.maximum(wide - np.float32(4), -ring), np.abs(height) - np.float32(4.5))
    return np.maximum(arch, points.z + np.float32(76))
