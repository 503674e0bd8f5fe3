"""Air inside the head: sinuses, nose, mouth, throat, ear canals, and what lines them.

Positions are in the average head [mm], for the right side where a structure is paired.
"""

from functools import partial

import numpy as np

from anatwin.phantoms.canvas import Box, Canvas
from anatwin.phantoms.shapes import Field, Path, Points, box_around, ellipsoid, tube

_SEPTUM: Box = ((-2, 44, -84), (2, 98, -44))


def paint_air(canvas: Canvas) -> None:
    """Paint all air spaces with their walls, then what stands in the nose."""
    for centre, semi in _SINUSES:
        layers = (("bone", -2.0), ("mucosa", 0.0), ("air", 1.2))
        box = box_around((centre,), max(semi) + 3)
        canvas.paint_both_layers(layers, partial(ellipsoid, centre=centre, semi_mm=semi), box)
    for name, depth in (("mucosa", -1.5), ("air", 0.0)):
        for path, radii, squeeze in _AIRWAYS:
            way = partial(_squeezed, path=path, radii=radii, squeeze=squeeze)
            canvas.paint_both_layers(((name, depth),), way, box_around(path, 24))
    for path, radius in _TURBINATES:
        conch = partial(tube, path=path, radii_mm=(radius,) * len(path))
        canvas.paint_both("mucosa", conch, box_around(path, 6))
    canvas.paint("mucosa", _septum, _SEPTUM)


def _squeezed(points: Points, path: Path, radii: tuple[float, ...], squeeze: float) -> Field:
    """Return a tube that is wider to the sides than its radii, by ``1 / squeeze``."""
    flat = tuple((x * squeeze, y, z) for x, y, z in path)
    return tube(points.stretched(x=squeeze), flat, radii)


def _septum(points: Points) -> Field:
    (_, back, low), (_, front, high) = _SEPTUM
    wall = np.abs(points.x) - np.float32(1.2)
    wall = np.maximum(wall, np.maximum(np.float32(back) - points.y, points.y - np.float32(front)))
    return np.maximum(wall, np.maximum(np.float32(low) - points.z, points.z - np.float32(high)))


_SINUSES = (
    ((27, 66, -66), (13, 17, 17)),
    ((10, 95, -12), (9, 5, 9)),
    ((8, 36, -48), (8, 10, 8)),
    ((7, 62, -40), (5.5, 20, 8)),
    ((57, -22, -66), (6, 7, 9)),
)
_AIRWAYS: tuple[tuple[Path, tuple[float, ...], float], ...] = (
    (((6, 88, -78), (7, 70, -76), (7, 48, -74)), (4.5, 5.5, 5.5), 1.0),
    (((5, 88, -62), (6, 70, -62), (7, 48, -64)), (4.5, 5.5, 5.5), 1.0),
    (((4, 80, -52), (4, 60, -50)), (3, 3), 1.0),
    (((7, 106, -88), (6.5, 98, -80), (6, 88, -78)), (4, 4, 4.5), 1.0),
    (((0, 44, -72), (0, 30, -78), (0, 25, -95), (0, 24, -120), (0, 26, -145), (0, 22, -400)),
     (7, 8, 5, 5.5, 6.5, 8), 0.6),
    (((0, 84, -107), (0, 62, -98), (0, 40, -98), (0, 27, -106)), (1.2, 1.6, 1.6, 2), 0.12),
    (((58, -4, -56), (72, -5, -56), (88, -7, -55)), (2.5, 3, 3.5), 1.0),
)  # fmt: skip
_TURBINATES: tuple[tuple[Path, float], ...] = (
    (((9, 86, -77), (10, 50, -76)), 3.2),
    (((9, 84, -62), (9, 50, -63)), 3.0),
)
