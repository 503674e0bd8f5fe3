"""Teeth, each for itself, in the upper and in the lower jaw.

Positions are in the average head [mm] with the jaw closed, for the right side.
"""

from functools import reduce
from typing import Literal

import numpy as np

from anatwin.phantoms.anatomy import Half
from anatwin.phantoms.canvas import Canvas
from anatwin.phantoms.shapes import Box, Field, Points, ellipsoid, tube, union

Row = Literal["upper", "lower"]

BITE_MM = -91.0
"""Height at which the closed rows meet."""

# half of the crown across the row, along it, and its height; length of the root [mm]: rounded from
# tables of tooth sizes in anatomy textbooks
_CROWNS = (
    (4.1, 3.3, 10.5, 13), (3.2, 3.0, 9, 13), (3.8, 3.9, 10, 16), (3.5, 4.4, 8.5, 14),
    (3.4, 4.4, 8, 13), (5.0, 5.2, 7.5, 12), (4.7, 5.1, 7, 11), (4.3, 4.8, 6.5, 10),
)  # fmt: skip
_ARCH: dict[Row, tuple[tuple[float, float], ...]] = {
    "upper": (
        (4, 98), (11, 95.5), (17, 90), (20.5, 83), (23, 76), (26, 67.5), (28, 58), (28.5, 49.5),
    ),
    "lower": (
        (2.8, 95), (8.2, 93.5), (14, 88.5), (18.5, 82), (22, 75), (26, 66), (29.5, 56.5),
        (32, 47.5),
    ),
}  # fmt: skip
_BOXES: dict[Row, Box] = {
    "upper": ((0, 40, -98), (40, 106, -62)),
    "lower": ((0, 20, -150), (42, 106, -84)),
}


def paint_teeth(canvas: Canvas, half: Half, row: Row) -> None:
    """Paint the teeth that half a row still has."""
    lost = half.lost_upper if row == "upper" else half.lost_lower
    kept = [n for n in range(1, 9) if n not in lost]
    if kept:
        anatomy = canvas.anatomy

        def teeth(points: Points) -> Field:
            place = points if row == "upper" else anatomy.closed(points)
            return reduce(np.minimum, (_tooth(place, n, row) for n in kept))

        canvas.paint(f"tooth_{row}", teeth, _BOXES[row], half)


def _tooth(points: Points, number: int, row: Row) -> Field:
    """Return the distance to one tooth: a crown as wide as its row allows, and a tapering root."""
    wide, deep, tall, root = _CROWNS[number - 1]
    x, y = _ARCH[row][number - 1]
    if row == "lower" and number < 3:
        wide *= 0.72
    up = 1 if row == "upper" else -1
    neck = BITE_MM + up * tall
    yaw = float(np.arctan2(x * 0.9, y - 58))
    middle = (x, y, BITE_MM + up * (tall / 2 + 0.1))
    crown = ellipsoid(points, middle, (wide * 1.08, deep * 1.08, tall * 0.62), yaw=yaw)
    crown = np.maximum(crown, np.abs(points.z - np.float32(middle[2])) - np.float32(tall / 2))
    lean = 3.0 if row == "upper" else 6.0 if number < 5 else 1.0
    apex = (x - 0.08 * x, y - lean, neck + up * root)
    return union(crown, tube(points, ((x, y, neck), apex), (0.75 * wide, 1.2)))
