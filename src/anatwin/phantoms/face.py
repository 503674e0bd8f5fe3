"""The soft parts of the head around the brain case: skin, fat, muscle and eyes.

Positions are in the average head [mm], for the right side where a structure is paired.
"""

from functools import partial

import numpy as np

from anatwin.phantoms.anatomy import Anatomy, wave_sum
from anatwin.phantoms.canvas import Box, Canvas
from anatwin.phantoms.shapes import Field, Points, ellipsoid, interpolated, tube, union
from anatwin.phantoms.skull import egg

_SKIN_MM = 3.2


def surface(points: Points, anatomy: Anatomy) -> Field:
    """Return the distance to the skin, the ears left out."""
    side = points.folded().stretched(x=1 / anatomy.face_width)
    chin, nose = anatomy.chin_mm, anatomy.nose_mm
    neck = points.stretched(y=0.98)
    trunk = union(
        egg(points, 13, 62),
        ellipsoid(side, (0, -8, -50), (75, 66, 52)),
        ellipsoid(side, (0, 44, -66), (61, 58, 82)),
        ellipsoid(side, (0, 28, -98), (66, 60, 54)),
        ellipsoid(side, (0, -50, -66), (54, 40, 52)),
        tube(neck, ((0, -20, -60), (0, -14, -130), (0, -14, -400)), (50, 56, 60)),
        blend_mm=18,
    )
    face = union(
        trunk,
        ellipsoid(side, (0, 74 + chin, -136), (36, 29, 24)),
        ellipsoid(side, (0, 84, -100), (36, 27, 24)),
        ellipsoid(side, (31, 80, -37), (22, 16, 17)),
        tube(side, ((0, 96, -16), (32, 88, -20), (50, 72, -24)), (9, 9, 8)),
        tube(side, ((38, 78, -62), (58, 50, -58)), (15, 12)),
        blend_mm=10,
    )
    snout = union(
        tube(side, ((0, 98, -36), (0, 113 + nose, -70)), (6, 8)),
        ellipsoid(side, (9, 106, -78), (8, 9, 7)),
        tube(side, ((0, 108, -104), (17, 98, -106)), (6.5, 4)),
        tube(side, ((0, 106, -116), (17, 96, -114)), (6.5, 4)),
        blend_mm=4,
    )
    return union(face, snout, blend_mm=6)


def ears(points: Points, anatomy: Anatomy) -> Field:
    """Return the distance to both outer ears: a plate with a hollow."""
    side = points.folded().stretched(x=1 / anatomy.face_width)
    plate = ellipsoid(side, (77, -16, -48), (5.5, 18, 31), yaw=-0.4)
    hollow = ellipsoid(side, (84, -9, -52), (6, 9, 15), yaw=-0.4)
    return np.maximum(plate, -hollow)


def paint_head(canvas: Canvas) -> None:
    """Paint skin, fat and muscle."""
    anatomy, points = canvas.anatomy, canvas.points
    skin = interpolated(partial(_outside, anatomy=anatomy), points, canvas.steps(4.5))
    canvas.start("skin", skin)
    canvas.start("fat", skin + np.float32(_SKIN_MM))
    wave, slope = wave_sum(points, anatomy.texture)
    thick = np.float32(anatomy.fat_mm) * (1 + np.float32(0.3) * wave)
    muscle = skin + np.float32(_SKIN_MM) + thick
    seam = np.float32(0.6) * slope - np.abs(wave)
    canvas.start("soft_tissue", np.maximum(muscle, seam))


def _outside(points: Points, anatomy: Anatomy) -> Field:
    return union(surface(points, anatomy), ears(points, anatomy), blend_mm=3)


def paint_eyes(canvas: Canvas) -> None:
    """Paint the orbits' bone, fat and muscles, the eyes, their lenses and the optic nerves."""
    box: Box = ((2, 30, -60), (52, 95, -16))
    cone = ((31, 80, -38), (22, 54, -37), (11, 38, -36))
    nerve = ((31, 70, -38), (24, 56, -37), (11, 38, -36), (4, 22, -30))
    behind: Box = (box[0], (52, 78, -16))
    canvas.paint_both("bone", partial(tube, path=cone, radii_mm=(19, 14, 6)), behind)
    canvas.paint_both("fat", partial(tube, path=cone, radii_mm=(17, 12.5, 4)), box)
    canvas.paint_both("soft_tissue", _eye_muscles, box)
    canvas.paint_both("optic_nerve", partial(tube, path=nerve, radii_mm=(2, 2, 2, 2)), box)
    canvas.paint_both("eye_{side}", lambda p: ellipsoid(p, (31.5, 80, -38), (12, 12, 12)), box)
    canvas.paint_both("lens_{side}", lambda p: ellipsoid(p, (31.5, 88, -38), (4.5, 2, 4.5)), box)


def _eye_muscles(points: Points) -> Field:
    around = ((9, 0), (-9, 0), (0, 9), (0, -9))
    paths = [
        ((31 + 1.25 * x, 76, -38 + 1.25 * z), (24 + x, 58, -37 + z), (11, 40, -36))
        for x, z in around
    ]
    return union(*(tube(points, path, (1.4, 2.2, 1)) for path in paths))
