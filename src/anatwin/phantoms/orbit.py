"""The eyes, their lenses, the muscles that move them and the optic nerves.

Positions are in the average head [mm], for the right side.
"""

from functools import partial

from anatwin.phantoms.canvas import Canvas
from anatwin.phantoms.shapes import Box, Field, Path, Points, ellipsoid, tube, union
from anatwin.phantoms.skull import orbit

_BOX: Box = ((2, 14, -48), (54, 98, -4))
_BEHIND: Box = ((2, 30, -48), (54, 84, -4))
_EYE = (32.0, 80.5, -26.0)
_NERVE: Path = ((31.5, 70, -26), (25, 57, -23), (14, 40, -21), (8, 30, -19), (3, 23, -15))


def paint_orbits(canvas: Canvas) -> None:
    """Paint the orbits' fat, muscles, nerves and eyes."""
    for half in canvas.anatomy.halves:
        canvas.paint("fat", orbit, _BEHIND, half)
        canvas.paint("soft_tissue", _muscles, _BOX, half)
        nerve = partial(tube, path=_NERVE, radii_mm=(2.1, 2.1, 2.0, 1.9, 1.9))
        canvas.paint("optic_nerve_{side}", nerve, _BOX, half)
        canvas.paint(
            "eye_{side}", partial(ellipsoid, centre=_EYE, semi_mm=(12.2, 12, 12)), _BOX, half
        )
        lens = (_EYE[0], _EYE[1] + 7.6, _EYE[2])
        canvas.paint(
            "lens_{side}", partial(ellipsoid, centre=lens, semi_mm=(4.6, 2, 4.6)), _BOX, half
        )


def _muscles(points: Points) -> Field:
    x, y, z = _EYE
    paths = [
        ((x + 1.15 * a, y - 1, z + 1.15 * b), (25 + 0.95 * a, 60, -23 + 0.95 * b), (15, 42, -21))
        for a, b in ((10, 0), (-10, 0), (0, 10), (0, -10))
    ]
    return union(*(tube(points, path, (1.2, 2.3, 1.2)) for path in paths))
