"""The skull: brain case, base, face, upper teeth. All of its bones are one structure.

Positions are in the average head [mm], for the right side where a structure is paired.
"""

import numpy as np

from anatwin.phantoms.anatomy import JOINT_MM, Half
from anatwin.phantoms.canvas import Canvas
from anatwin.phantoms.outline import outline
from anatwin.phantoms.shapes import (
    Box,
    Field,
    Path,
    Points,
    Position,
    Ribbon,
    ellipsoid,
    tube,
    union,
    without,
)
from anatwin.phantoms.teeth import paint_teeth

_SKULL: Box = ((-82, -108, -85), (82, 108, 85))
_FACE: Box = ((0, 0, -95), (75, 110, 12))
_BASE: Box = ((0, -60, -92), (75, 45, -28))

_PETROUS: Path = ((10, 14, -46), (28, 8, -43), (50, -4, -42))
_ORBIT: Path = ((32, 84, -26), (24, 58, -23), (14, 40, -21))
_ORBIT_RADII = (18.5, 14.0, 4.0)


def cavity(points: Points) -> Field:
    """Return the distance to the inside of the brain case."""
    petrous = tube(points.folded(), _PETROUS, (5, 7, 9))
    return without(outline("brain_case")(points), petrous)


def canal(points: Points) -> Field:
    """Return the distance to the spinal canal."""
    return tube(points.stretched(x=0.8), SPINAL_PATH, (12.5, 9, 7.6, 7.2, 7.2, 7.2, 7.2))


SKULL_END_MM = -70.0
"""Height at which the brain stem leaves the skull and becomes the cord."""

SPINAL_PATH: Path = (
    (0, -13, -62),
    (0, -12, -76),
    (0, -9, -96),
    (0, -7, -122),
    (0, -7, -144),
    (0, -11, -164),
    (0, -24, -250),
)


def orbit(points: Points) -> Field:
    """Return the distance to the space that the eye and what moves it lie in."""
    return tube(points, _ORBIT, _ORBIT_RADII)


def paint_skull(canvas: Canvas) -> None:
    """Paint the brain case, its marrow, the base and the face's bones."""
    thick = np.float32(canvas.anatomy.skull_mm)

    def case(points: Points) -> Field:
        return without(outline("vault")(points) - thick, cavity(points))

    def marrow(points: Points) -> Field:
        outer = outline("vault")(points) - thick + np.float32(2.0)
        return np.maximum(outer, np.float32(1.8) - cavity(points))

    canvas.paint("skull", case, _SKULL)
    canvas.paint("skull_marrow", marrow, _SKULL)
    for half in canvas.anatomy.halves:
        _paint_base(canvas, half)
        canvas.paint("skull", _face, _FACE, half)
        canvas.paint("skull_marrow", _zygoma_marrow, _FACE, half)
        paint_teeth(canvas, half, "upper")


def _paint_base(canvas: Canvas, half: Half) -> None:
    """Paint the petrous bone, mastoid, clivus, joint socket and styloid process."""
    canvas.paint_layers((("skull", 0.0), ("skull_marrow", 3.0)), _clivus, _BASE, half)
    canvas.paint("skull", _temporal, _BASE, half)
    canvas.paint("skull", _socket, _SOCKET, half)


_SOCKET: Box = ((30, 0, -60), (66, 42, -34))


def _clivus(points: Points) -> Field:
    slope = Ribbon(((0, 26, -36), (0, 12, -50), (0, 2, -66)), (13, 12, 9), (7, 5, 3), (1, 0, 0))
    wings = Ribbon(
        ((0, 36, -32), (22, 44, -31), (44, 52, -24)), (8, 7, 9), (7, 3.5, 2), (0, 0.3, 1)
    )
    body = ellipsoid(points, (0, 33, -33), (15, 15, 12))
    return union(slope(points), wings(points), body, blend_mm=3)


def _temporal(points: Points) -> Field:
    inner = tube(points, _PETROUS, (5, 7, 9))
    mastoid = tube(points, ((54, -10, -44), (55, -9, -58), (51, -6, -71)), (11, 10, 5))
    styloid = tube(points, ((48, 0, -52), (46, 2, -62), (41, 10, -84)), (3.0, 2.2, 1.0))
    drum = tube(points, ((66, 4, -52), (46, 3, -48)), (6, 6))
    root = Ribbon(((52, -4, -46), (60, 12, -45)), (7, 4), (7, 4), (0, 0, 1))(points)
    return union(inner, mastoid, drum, styloid, root, blend_mm=2)


def _socket(points: Points) -> Field:
    """Return the distance to the joint's fossa and to the eminence in front of it."""
    x, y, z = JOINT_MM
    roof = np.abs(ellipsoid(points, (x, y, z), (11.5, 7.5, 7.5)) - np.float32(1.6)) - np.float32(
        1.6
    )
    roof = np.maximum(roof, np.float32(z + 3) - points.z)
    roof = np.maximum(roof, np.abs(points.x - np.float32(x)) - np.float32(13))
    eminence = Ribbon(((36, y + 13, z + 7), (60, y + 13, z + 5)), (5.5, 5), (5, 4), (0, 1, 0))
    return union(roof, eminence(points), blend_mm=1.5)


def _face(points: Points) -> Field:
    """Return the distance to the bones around orbit, nose and upper jaw, and to the cheek bone."""
    solid = union(*(ribbon(points) for ribbon in _RIBBONS), blend_mm=1.5)
    rods = union(*(tube(points, path, radii) for path, radii in _RODS))
    lumps = union(*(ellipsoid(points, centre, semi) for centre, semi in _LUMPS), blend_mm=3)
    walls = np.where(points.y > 84, np.float32(9), _shell(orbit(points), 2.5))
    walls = np.minimum(walls, _shell(maxillary(points, 1.0), 1.8))
    return without(union(solid, rods, lumps, walls), orbit(points))


def _shell(field: Field, thick_mm: float) -> Field:
    return np.maximum(field - np.float32(thick_mm), -field)


def maxillary(points: Points, size: float) -> Field:
    """Return the distance to the sinus beside the nose: a pyramid, rounded."""
    ball = ellipsoid(points, (24.5, 69, -57), (12.5 * size, 16 * size, 18 * size))
    wall = points.x + np.float32(0.55) * points.y - np.float32(24.5 + 0.55 * 69 + 11.5 * size)
    return np.maximum(ball, wall)


def _zygoma_marrow(points: Points) -> Field:
    return Ribbon(((40, 84, -50), (50, 76, -49)), (4.5, 4), (1.8, 1.8), (0, 0, 1))(points)


_UP: tuple[float, float, float] = (0, 0, 1)
_RIBBONS: tuple[Ribbon, ...] = (
    Ribbon(
        ((36, 86, -50), (48, 78, -48), (57, 64, -49), (62, 46, -48), (63, 28, -46), (60, 12, -46)),
        (8, 8, 5, 3.6, 3.4, 3.6), (3.5, 4, 3, 2.4, 2.4, 3.2), _UP,
    ),
    Ribbon(((20, 90, -48), (36, 86, -48)), (6, 6), (3, 3), _UP),
    Ribbon(((13, 89, -46), (10.5, 91, -30), (8, 91, -12)), (7, 7, 6), (2, 1.8, 2.4), (0, 1, 0)),
    Ribbon(
        ((0, 95, -76), (13, 91.5, -76), (21.5, 78, -76), (26.5, 64, -76), (28, 51, -76)),
        (9, 9, 8.5, 8.5, 8), (4.6, 4.8, 5.6, 6.4, 6.2), _UP,
    ),
    Ribbon(((0, 90, -72), (0, 70, -71), (0, 48, -70)), (14, 20, 18), (2, 1.8, 1.8), (1, 0, 0)),
    Ribbon(((25, 49, -46), (26, 45, -62), (27, 43, -79)), (6, 8, 6), (1.3,) * 3, (0.3, 1, 0)),
    Ribbon(((17, 50, -46), (16, 47, -62), (16, 45, -78)), (5, 5, 4), (1.2,) * 3, (0, 1, 0)),
    Ribbon(((20, 52, -44), (20, 50, -70)), (5, 4), (2, 2), (1, 0, 0)),
)  # fmt: skip
_LUMPS: tuple[tuple[Position, Position], ...] = (
    ((0, 87, -1), (27, 9, 11)),
    ((46, 79, -47), (8, 7, 9)),
    ((21, 82, -63), (13, 11, 15)),
    ((8, 94, -66), (12, 6, 10)),
)
_RODS: tuple[tuple[Path, tuple[float, ...]], ...] = (
    (((48, 78, -46), (51, 74, -34), (50, 74, -22), (45, 78, -11), (34, 85, -5), (20, 90, -5),
      (9, 95, -11)), (4.5, 3.5, 3.5, 3.6, 3.4, 3.4, 4)),
    (((14, 92, -46), (12, 95, -34), (9, 97, -20), (7, 96, -10)), (3.2, 2.8, 3, 4)),
    (((3, 99, -16), (4, 104, -29), (4.5, 106.5, -36)), (3, 2, 1.6)),
    (((4, 98, -68), (12, 94, -60), (14, 92, -48)), (2.6, 2.4, 2.6)),
)  # fmt: skip
