"""What the skull holds: fluid, brain stem and cord, cerebellum, cerebrum with folds, ventricles.

Positions are in the average head [mm], for the right side where a structure is paired.
"""

import numpy as np

from anatwin.phantoms.anatomy import Anatomy, wave_sum
from anatwin.phantoms.canvas import Box, Canvas
from anatwin.phantoms.shapes import Field, Points, ellipsoid, tube, union
from anatwin.phantoms.skull import canal, egg

_HALF: Box = ((0, -95, -60), (75, 95, 60))
_CORD: Box = ((-18, -40, -400), (18, 20, -10))


def paint_brain(canvas: Canvas) -> None:
    """Paint everything inside the skull and the spinal canal."""
    canvas.paint("csf", canal, ((-18, -40, -400), (18, 10, -60)))
    canvas.paint("blood", _sagittal_sinus, ((-8, -100, -40), (8, 62, 62)))
    cord = ((0, -12, -70), (0, -17, -92), (0, -18, -400))
    canvas.paint("spinal_cord", lambda p: tube(p.stretched(x=0.8), cord, (6, 5, 5)), _CORD)
    _paint_cerebellum(canvas)
    stem = ((0, 6, -14), (0, 5, -24), (0, 6, -40), (0, -4, -58), (0, -12, -76))
    radii = (12, 12, 14, 10, 6.5)
    canvas.paint("brain_stem", lambda p: tube(p, stem, radii), ((-16, -22, -80), (16, 22, -8)))
    _paint_cerebrum(canvas)
    _paint_deep_grey(canvas)
    _paint_ventricles(canvas)


def _sagittal_sinus(points: Points) -> Field:
    rim = egg(points, 0, 38)
    side = np.abs(points.x) - 4 - np.float32(0.8) * rim
    return np.maximum(side, np.maximum(-6 - rim, rim - np.float32(0.5)))


def _paint_cerebellum(canvas: Canvas) -> None:
    """Paint both halves, with shallow folia and a white core."""
    texture = canvas.anatomy.texture

    def half(points: Points) -> Field:
        body = union(
            ellipsoid(points, (25, -36, -49), (29, 33, 24), yaw=0.15),
            ellipsoid(points, (3, -40, -43), (14, 29, 27)),
            blend_mm=6,
        )
        wave, _ = wave_sum(points, texture)
        layer = (points.z + np.float32(0.25) * points.y + 2 * wave) * np.float32(1.5)
        folia = np.float32(2.5) * (np.sin(layer) > 0.75)
        return np.maximum(body + folia, points.z - tent(points) + 2)

    def core(points: Points) -> Field:
        wave, _ = wave_sum(points, texture)
        branch = np.sin((points.z + np.float32(0.3) * points.y + 3 * wave) * np.float32(0.9))
        depth = np.where(branch > 0.2, np.float32(7), np.float32(12))
        return np.maximum(half(points) + depth, 4 - points.x)

    box: Box = ((0, -76, -80), (58, 2, -15))
    canvas.paint_both("cerebellum_{side}", half, box)
    canvas.paint_both("cerebellar_white_{side}", core, box)


def tent(points: Points) -> Field:
    """Return the height of the roof over the cerebellum [mm]."""
    x = np.abs(points.x)
    return np.float32(-13) - np.float32(0.28) * x - np.float32(0.0035) * (points.y + 25) ** 2


def hull(points: Points, gap_mm: float) -> Field:
    """Return the distance to one half of the cerebrum, sulci filled."""
    outer = union(
        egg(points, -gap_mm, 34),
        ellipsoid(points, (40, 12, -30), (24.5 - gap_mm, 37 - gap_mm, 24.5 - gap_mm)),
        blend_mm=5,
    )
    ridge = points.y - np.float32(8) + np.float32(0.6) * np.abs(points.x)
    stem = tube(points, ((0, 5, -30), (0, 6, -50)), (17, 18))
    return np.maximum(outer, -np.minimum(np.maximum(points.z - tent(points), ridge), stem))


def fissures(points: Points, anatomy: Anatomy, depth: Field) -> Field:
    """Return the distance to the middle of the nearest sulcus or fissure [mm]."""
    spread = np.sqrt((points.x / 66) ** 2 + (points.y / 86) ** 2 + (points.z / 50) ** 2)
    pull = np.maximum(spread, np.float32(0.25)) ** np.float32(-0.55)
    wave, slope = wave_sum(Points(*(p * pull for p in points)), anatomy.folds)
    reach = np.float32(18) - np.float32(6) * np.minimum(slope * 3, np.float32(1))
    sulcus = np.hypot(np.abs(wave) / (slope + np.float32(0.05)), np.maximum(depth - reach, 0))
    bank = np.abs(points.z + 19 - np.float32(0.3) * points.y - np.float32(0.25) * (points.x - 40))
    ends = np.maximum(np.abs(points.y - 8) - 26, 0) + np.maximum(36 - points.x, 0)
    return np.minimum(sulcus, np.hypot(bank, ends))


def _paint_cerebrum(canvas: Canvas) -> None:
    """Paint fluid in the sulci, then the cortex, then the white matter below it."""
    anatomy = canvas.anatomy

    def depth_below_pia(points: Points) -> Field:
        outer = -hull(points, anatomy.csf_mm)
        core = ellipsoid(Points(points.x * 0, points.y, points.z), (0, 6, -12), (9, 43, 31))
        middle = np.hypot(points.x, np.maximum(-core, 0))
        pial = np.minimum(outer, middle)
        fold = fissures(points, anatomy, pial)
        half = np.float32(anatomy.sulcus_mm)
        return np.minimum(np.minimum(outer, middle - half), fold - half)

    layers = (("cortex_{side}", 0.0), ("white_matter_{side}", anatomy.ribbon_mm))
    canvas.paint_both_layers(layers, lambda p: -depth_below_pia(p), _HALF)


def _paint_deep_grey(canvas: Canvas) -> None:
    """Paint thalamus, caudate, lentiform nucleus, hippocampus and amygdala."""

    def grey(points: Points) -> Field:
        return union(
            ellipsoid(points, (11, 0, -7), (8, 16, 9), yaw=-0.35),
            ellipsoid(points, (13, 26, -3), (5.5, 10, 8)),
            tube(points, ((14, 22, 5), (18, 2, 11), (22, -16, 8)), (4, 3, 2)),
            ellipsoid(points, (25, 15, -10), (6.5, 18, 10.5), yaw=-0.2),
            tube(points, ((27, -24, -14), (29, -4, -26), (25, 9, -27)), (4, 5, 6.5)),
        )

    canvas.paint_both("deep_grey_{side}", grey, ((0, -32, -36), (40, 42, 20)))


def _paint_ventricles(canvas: Canvas) -> None:
    """Paint the lateral ventricles with their three horns, the third, the fourth, the duct."""
    wide = canvas.anatomy.ventricles
    body = ((10, 40, 0), (8, 26, 7), (8, 6, 12), (12, -16, 11), (23, -33, 1), (22, -56, -4))
    horn = ((23, -33, 1), (33, -20, -17), (36, 0, -24), (31, 12, -26))

    def lateral(points: Points) -> Field:
        inside = union(
            tube(points, body, tuple(wide * r for r in (2.5, 4.4, 4.2, 4.6, 6.2, 2.2))),
            tube(points, horn, tuple(wide * r for r in (5.0, 2.6, 2.2, 1.8))),
        )
        return np.maximum(inside, np.float32(0.9) - points.x)

    def midline(points: Points) -> Field:
        return union(
            ellipsoid(points, (0, 9, -13), (2.2 * wide, 13, 10)),
            tube(points, ((0, -3, -18), (0, -8, -32), (0, -12, -40)), (1.3, 1.2, 1.6)),
            ellipsoid(points, (0, -13, -47), (7 * wide, 5, 11)),
        )

    canvas.paint_both("ventricle_{side}", lateral, ((0, -62, -32), (42, 46, 20)))
    canvas.paint("ventricle_midline", midline, ((-10, -20, -60), (10, 24, -1)))
