"""The large vessels of neck and head.

Positions are in the average head [mm], for the right side where a structure is paired.
"""

from functools import partial

import numpy as np

from anatwin.phantoms.canvas import Canvas
from anatwin.phantoms.outline import outline
from anatwin.phantoms.shapes import Box, Field, Path, Points, box_around, tube

_CAROTID: Path = (
    (22, 18, -260), (27, 22, -190), (29, 24, -145), (27, 17, -110), (25, 12, -75), (24, 12, -56),
    (18, 20, -44), (11, 22, -36), (10, 32, -28), (9, 26, -19),
)  # fmt: skip
_CAROTID_RADII = (4, 3.6, 4.2, 2.8, 2.6, 2.6, 2.4, 2.3, 2.2, 1.8)
_VERTEBRAL: Path = (
    (20, 6, -195), (19, 2, -165), (19, 2, -120), (20, 0, -92), (24, -2, -82), (14, -16, -74),
    (3, 1, -58), (0.8, 8, -46), (0, 10, -30),
)  # fmt: skip
_JUGULAR: Path = ((26, 10, -260), (36, 17, -190), (37, 14, -140), (33, 6, -95), (28, 3, -62))
_SIGMOID: Path = (
    (28, 1, -60),
    (40, -16, -58),
    (50, -26, -40),
    (48, -55, -26),
    (22, -80, -20),
    (0, -88, -14),
)


def paint_neck_vessels(canvas: Canvas) -> None:
    """Paint what runs through the neck."""
    for half in canvas.anatomy.halves:
        vein = partial(tube, path=_JUGULAR, radii_mm=(6, 6, 5.2, 4.2, 4))
        canvas.paint("vein", vein, box_around(_JUGULAR, 8), half)
        artery = partial(tube, path=_CAROTID, radii_mm=_CAROTID_RADII)
        canvas.paint("artery", artery, box_around(_CAROTID, 6), half)


def paint_head_vessels(canvas: Canvas) -> None:
    """Paint what runs along the skull: carotid and vertebral arteries, the veins of the dura."""
    for half in canvas.anatomy.halves:
        for path, radii in (
            (_CAROTID[5:], _CAROTID_RADII[5:]),
            (_VERTEBRAL, (2, 2, 2, 2, 2, 2, 1.9, 1.9, 1.7)),
        ):
            artery = partial(tube, path=path, radii_mm=radii)
            canvas.paint("artery", artery, box_around(path, 5), half)
        vein = partial(tube, path=_SIGMOID, radii_mm=(4, 4.2, 4.2, 3.6, 3.4, 3.4))
        canvas.paint("vein", vein, box_around(_SIGMOID, 6), half)
    canvas.paint("vein", _sagittal, ((-9, -105, -24), (9, 84, 84)))


_SAGITTAL: Box = ((-9, -105, -24), (9, 84, 84))


def _sagittal(points: Points) -> Field:
    """Return the distance to the vein along the top of the midline."""
    rim = outline("brain_case")(points)
    side = np.abs(points.x) - np.float32(3.8) - np.float32(0.8) * rim
    front = np.maximum(points.y - 70, -16 - points.z)
    return np.maximum(np.maximum(side, front), np.maximum(-5 - rim, rim - np.float32(0.6)))
