"""Air inside the head: sinuses, nose, throat, larynx, mouth, ears, and what lines them.

Positions are in the average head [mm], for the right side where a structure is paired.
"""

from functools import partial

import numpy as np

from anatwin.phantoms.anatomy import Anatomy, Half
from anatwin.phantoms.canvas import Canvas, Shape
from anatwin.phantoms.shapes import (
    Box,
    Field,
    Path,
    Points,
    Position,
    Ribbon,
    box_around,
    ellipsoid,
    tube,
    union,
    without,
)
from anatwin.phantoms.skull import maxillary


def paint_air(canvas: Canvas) -> None:
    """Paint all air spaces with their walls, the throat's walls first."""
    anatomy = canvas.anatomy
    _paint_throat_walls(canvas)
    for half in anatomy.halves:
        _paint_sinuses(canvas, half)
        ear = ((78, 4, -54), (66, 4, -53), (54, 3, -49), (49, 3, -46))
        canvas.paint("air", partial(tube, path=ear, radii_mm=(2.6, 2.4, 2.2, 3)), _EAR, half)
    canvas.paint_layers((("mucosa", 0.0), ("air", 1.2)), partial(_mouth, anatomy=anatomy), _MOUTH)
    for half in anatomy.halves:
        canvas.paint_layers((("mucosa", -1.4),), _cavity, _NOSE, half)
    throat = partial(_throat, anatomy=anatomy)
    canvas.paint_layers((("mucosa", -1.6), ("upper_airway", 0.0)), throat, _THROAT)
    for half in anatomy.halves:
        nose = partial(_nose, width=anatomy.airway)
        canvas.paint_layers((("upper_airway", 0.0),), nose, _NOSE, half, fine=True)


_EAR: Box = ((44, -4, -62), (92, 12, -38))
_NOSE: Box = ((0, 30, -76), (24, 124, -24))
_MOUTH: Box = ((-26, 30, -130), (26, 108, -74))
_THROAT: Box = ((-24, 5, -400), (24, 56, -46))


def _paint_sinuses(canvas: Canvas, half: Half) -> None:
    for centre, semi in _SINUSES:
        x, y, z = (half.sinus * s for s in semi)
        shape = partial(ellipsoid, centre=centre, semi_mm=(x, y, z))
        _paint_sinus(canvas, shape, box_around((centre,), 1.1 * max(semi) + 3), half)
    box = box_around(((24.5, 69, -57),), 24)
    _paint_sinus(canvas, partial(maxillary, size=half.sinus), box, half)


def _paint_sinus(canvas: Canvas, shape: Shape, box: Box, half: Half) -> None:
    layers = (("skull", -1.5), ("mucosa", 0.0), ("air", 1.0))
    canvas.paint_layers(layers, shape, box, half, over=("skull", "skull_marrow", "fat", "mucosa",
                                                        "soft_tissue", "air"))  # fmt: skip


_SINUSES: tuple[tuple[Position, Position], ...] = (
    ((10, 88, 1), (9, 4.5, 8)),
    ((8, 35, -33), (7, 11, 8)),
    ((6.5, 74, -22), (4, 10, 7)),
    ((7, 55, -24), (4.5, 10, 8)),
    ((54, -9, -56), (6, 6, 9)),
    ((50, 0, -42), (5, 4, 4)),
)


def _cavity(points: Points) -> Field:
    """Return the distance to one side of the nose, from nostril to throat, shells filled."""
    passage = Ribbon(
        ((5.5, 99, -50), (7, 84, -50), (7.5, 64, -50), (6.5, 46, -53)),
        (14, 17.5, 18, 12), (3.6, 5.4, 6.0, 6), (0, 0, 1),
    )  # fmt: skip
    nostril = tube(points, ((6.5, 114, -66), (6.5, 106, -60), (6, 97, -57)), (4.2, 4.4, 4.6))
    septum = np.where(points.y > 47, np.float32(1.0) - points.x, np.float32(-5))
    return np.maximum(union(passage(points), nostril, blend_mm=3), septum)


def _nose(points: Points, width: float) -> Field:
    """Return the distance to the air of one side of the nose."""
    shells = union(*(tube(points, path, radii) for path, radii in _TURBINATES))
    return without(_cavity(points), shells + np.float32(0.8 * (width - 1)))


_TURBINATES: tuple[tuple[Path, tuple[float, ...]], ...] = (
    (((13, 92, -58), (9.4, 82, -61), (9.4, 52, -60)), (1.5, 4.9, 4.2)),
    (((13, 87, -45), (8.8, 78, -46), (8.8, 52, -47)), (1.5, 4.6, 4.0)),
    (((11, 74, -34), (7.5, 54, -36)), (3.0, 2.8)),
)


def _throat(points: Points, anatomy: Anatomy) -> Field:
    """Return the distance to the air from behind the nose to the windpipe."""
    wide = anatomy.airway
    pharynx = Ribbon(
        ((0, 44, -56), (0, 31, -60), (0, 26, -74), (0, 25.5, -92), (0, 26, -112), (0, 27, -130),
         (0, 30, -144)),
        tuple(wide * w for w in (10, 12, 9.5, 10, 11, 12, 10)),
        tuple(wide * t for t in (8, 8, 5.5, 5, 5, 5.5, 6)), (1, 0, 0),
    )  # fmt: skip
    larynx = Ribbon(
        ((0, 33, -140), (0, 34, -152), (0, 35, -159), (0, 33, -167), (0, 30, -178), (0, 14, -260)),
        (7, 7, 8.5, 8, 8, 8.5), (6, 5.5, 2.6, 5, 7.5 * wide, 8 * wide), (0, 1, 0),
    )  # fmt: skip
    epiglottis = Ribbon(
        ((0, 38, -148), (0, 36, -138), (0, 34, -127)), (5, 8, 7), (1.3,) * 3, (1, 0, 0)
    )
    return without(union(pharynx(points), larynx(points), blend_mm=2), epiglottis(points))


def _paint_throat_walls(canvas: Canvas) -> None:
    """Paint the muscles around the throat and the cartilages of larynx and windpipe."""
    throat = partial(_throat, anatomy=canvas.anatomy)
    layers = (("soft_tissue", -5.0), ("cartilage", -3.2), ("mucosa", -1.6))

    def lower(points: Points) -> Field:
        return np.maximum(throat(points), points.z + np.float32(148))

    canvas.paint("soft_tissue", lambda p: throat(p) - np.float32(4.5), _WIDE_THROAT)
    canvas.paint_layers(layers, lower, _WIDE_THROAT)
    shield = Ribbon(((0, 48, -146), (0, 49, -158)), (2, 2), (2, 2), (1, 0, 0))

    def thyroid(points: Points) -> Field:
        plate = Ribbon(
            ((2, 49, -153), (12, 40, -154), (18, 24, -154)), (10, 12, 12), (1.8,) * 3, (0, 0, 1)
        )
        return union(plate(points.folded()), shield(points), blend_mm=2)

    canvas.paint("cartilage", thyroid, ((-24, 16, -172), (24, 56, -136)))


_WIDE_THROAT: Box = ((-30, 0, -400), (30, 62, -46))


def _mouth(points: Points, anatomy: Anatomy) -> Field:
    """Return the distance to the gap between tongue and palate, wider in an open mouth."""
    open_mm = 60 * float(np.sin(anatomy.jaw_rad))
    middle = 1.6 + 0.5 * open_mm
    return Ribbon(
        ((0, 90, -83 - 0.5 * open_mm), (0, 74, -78 - 0.4 * open_mm), (0, 52, -77 - 0.3 * open_mm)),
        (12, 18, 15), (middle, middle + 0.4, 1.6 + 0.3 * open_mm), (1, 0, 0),
    )(points)  # fmt: skip
