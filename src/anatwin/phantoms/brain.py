"""What the skull holds: fluid, brain stem and cord, cerebellum, cerebrum with folds, ventricles.

Positions are in the average head [mm], for the right side where a structure is paired.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from anatwin.phantoms.anatomy import Anatomy, Half
from anatwin.phantoms.canvas import Canvas
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
)
from anatwin.phantoms.skull import SKULL_END_MM, cavity
from anatwin.phantoms.vessels import paint_head_vessels
from anatwin.phantoms.waves import wave_sum

_CASE: Box = ((-75, -100, -72), (75, 90, 80))
_HALF: Box = ((0, -95, -50), (72, 90, 76))


def paint_brain(canvas: Canvas) -> None:
    """Paint everything inside the skull."""
    canvas.paint("csf", cavity, _CASE)
    paint_head_vessels(canvas)
    _paint_cerebellum(canvas)
    canvas.paint("brain_stem", _stem, ((-16, -24, -74), (16, 18, 4)))
    for half in canvas.anatomy.halves:
        _paint_cerebrum(canvas, half)
        canvas.paint("white_matter_{side}", _callosum, ((0, -40, -8), (18, 52, 34)), half)
        for name, shape, box in _DEEP:
            canvas.paint(f"{name}_{{side}}", shape, box, half)
    _paint_ventricles(canvas)


def _stem(points: Points) -> Field:
    """Return the distance to the brain stem, which becomes the cord where the skull ends."""
    path: Path = ((0, 1, -8), (0, 2, -16), (0, 2, -32), (0, -7, -52), (0, -13, -68), (0, -12, -78))
    stem = tube(points, path, (11, 11, 13.5, 9.5, 6.5, 5.5))
    return np.maximum(stem, np.float32(SKULL_END_MM) - points.z)


def _callosum(points: Points) -> Field:
    """Return the distance to half of the white matter that joins both hemispheres."""
    path: Path = (
        (0, 40, 0),
        (0, 45, 9),
        (0, 37, 19),
        (0, 18, 26),
        (0, -8, 26),
        (0, -26, 19),
        (0, -31, 12),
    )
    return Ribbon(path, (10, 14, 16, 16, 16, 16, 12), (2.5, 4, 3.2, 2.6, 2.6, 3.6, 4.2), (1, 0, 0))(
        points
    )


def _paint_cerebellum(canvas: Canvas) -> None:
    """Paint both halves, with shallow folia and a white core."""
    for half in canvas.anatomy.halves:
        canvas.paint("cerebellum_{side}", partial(_folia, half=half), _CEREBELLUM, half)
        core = partial(_cerebellar_core, half=half)
        canvas.paint("cerebellar_white_{side}", core, _CEREBELLUM, half)


_CEREBELLUM: Box = ((0, -78, -72), (58, 2, -12))


def _folia(points: Points, half: Half) -> Field:
    body = union(
        ellipsoid(points, (25, -33, -47), (28, 31, 22), yaw=0.15),
        ellipsoid(points, (3, -37, -40), (14, 27, 26)),
        blend_mm=6,
    )
    wave, _ = wave_sum(points, half.texture)
    layer = (points.z + np.float32(0.25) * points.y + 2 * wave) * np.float32(1.5)
    folia = np.float32(2.2) * np.clip((np.sin(layer) - np.float32(0.72)) * 4, 0, 1)
    whole = np.maximum(body + folia, points.z - tent(points) + np.float32(1.5))
    return np.maximum(whole, cavity(points) + np.float32(1.5))


def _cerebellar_core(points: Points, half: Half) -> Field:
    wave, _ = wave_sum(points, half.texture)
    branch = np.sin((points.z + np.float32(0.3) * points.y + 3 * wave) * np.float32(0.9))
    depth = np.where(branch > 0.2, np.float32(5.5), np.float32(11))
    return np.maximum(_folia(points, half) + depth, np.float32(1.5) - points.x)


def tent(points: Points) -> Field:
    """Return the height of the roof over the cerebellum [mm]."""
    x, back = np.abs(points.x), points.y + np.float32(22)
    ridge = np.float32(22) * np.exp(-x / 10 - (back / 22) ** 2)
    slope = np.minimum(np.float32(0.0045) * np.minimum(back, 0) ** 2, 8)
    return ridge - np.float32(29) - np.float32(0.08) * x - slope


def hull(points: Points, gap_mm: float) -> Field:
    """Return the distance to one half of the cerebrum, sulci filled."""
    outer = cavity(points) + np.float32(gap_mm)
    ridge = points.y - np.float32(4) + np.float32(0.55) * np.abs(points.x)
    stem = tube(points, ((0, 1, -24), (0, 2, -46)), (17, 18))
    front = ellipsoid(points, (0, 26, -32), (17, 22, 13))
    return np.maximum(outer, -union(np.maximum(points.z - tent(points), ridge), stem, front))


def fissures(points: Points, half: Half, depth: Field) -> Field:
    """Return the distance to the middle of the nearest sulcus or fissure [mm]."""
    spread = np.sqrt((points.x / 66) ** 2 + (points.y / 86) ** 2 + ((points.z - 8) / 56) ** 2)
    pull = np.maximum(spread, np.float32(0.25)) ** np.float32(-0.55)
    wave, slope = wave_sum(Points(*(p * pull for p in points)), half.folds)
    reach = np.float32(20) - np.float32(6) * np.minimum(slope * 3, np.float32(1))
    sulcus = np.hypot(np.abs(wave) / (slope + np.float32(0.05)), np.maximum(depth - reach, 0))
    bank = np.abs(points.z + 10 - np.float32(0.3) * points.y - np.float32(0.25) * (points.x - 40))
    ends = np.maximum(np.abs(points.y - 10) - 27, 0) + np.maximum(36 - points.x, 0)
    return np.minimum(sulcus, np.hypot(bank, ends))


def _paint_cerebrum(canvas: Canvas, half: Half) -> None:
    """Paint the cortex along hull, fissures and sulci, then the white matter below it."""
    anatomy = canvas.anatomy
    layers = (("cortex_{side}", 0.0), ("white_matter_{side}", anatomy.ribbon_mm))
    shape = partial(_cerebrum, anatomy=anatomy, half=half)
    canvas.paint_layers(layers, shape, _HALF, half, over=_OPEN, fine=True)


_OPEN = ("csf", "artery", "cortex_{side}")


def _cerebrum(points: Points, anatomy: Anatomy, half: Half) -> Field:
    outer = -hull(points, anatomy.csf_mm)
    core = ellipsoid(Points(points.x * 0, points.y, points.z), (0, 5, -4), (9, 42, 30))
    middle = np.hypot(points.x, np.maximum(-core, 0))
    width = np.float32(anatomy.sulcus_mm)
    fold = fissures(points, half, np.minimum(outer, middle)) - width
    fold = np.where((core < 0) & (points.x < 18), np.float32(9), fold)
    return -np.minimum(np.minimum(outer, middle - width), fold)


def _caudate(points: Points) -> Field:
    tail: Path = ((14, 24, 10), (19, 4, 18), (24, -16, 15), (30, -22, 2))
    return union(
        ellipsoid(points, (13.5, 27, 4), (5.4, 10.5, 8.8)), tube(points, tail, (4, 3, 2, 1.4))
    )


def _putamen(points: Points) -> Field:
    return ellipsoid(points, (26.5, 18, -1), (6.0, 17.5, 11.5), yaw=-0.2)


def _pallidum(points: Points) -> Field:
    return ellipsoid(points, (20, 14.5, -3.5), (4.6, 10.5, 7.2), yaw=-0.35)


def _thalamus(points: Points) -> Field:
    return ellipsoid(points, (12, -0.5, 1), (9.2, 17, 10.6), yaw=-0.35)


def _hippocampus(points: Points) -> Field:
    path: Path = ((24, -21, -5), (27, -10, -14), (28, 4, -22), (25, 11, -23))
    return tube(points, path, (3.6, 4.9, 6, 5.4))


def _amygdala(points: Points) -> Field:
    return ellipsoid(points, (23, 18.5, -19.5), (6.9, 7.7, 7.2))


Deep = tuple[str, Callable[[Points], Field], Box]


def _deep(name: str, shape: Callable[[Points], Field], centre: Position, reach: Position) -> Deep:
    low, high = (tuple(c + s * r for c, r in zip(centre, reach, strict=True)) for s in (-1, 1))
    return name, shape, (low, high)  # type: ignore[return-value]


_DEEP: tuple[Deep, ...] = (
    _deep("hippocampus", _hippocampus, (26, -4, -15), (9, 26, 18)),
    _deep("amygdala", _amygdala, (23, 18.5, -19.5), (8, 9, 9)),
    _deep("putamen", _putamen, (26.5, 18, -1), (11, 18, 12)),
    _deep("pallidum", _pallidum, (20.5, 14.5, -3.5), (9, 11, 8)),
    _deep("thalamus", _thalamus, (11.5, -0.5, 1), (13, 17, 12)),
    _deep("caudate", _caudate, (20, 6, 8), (13, 34, 16)),
)


def _paint_ventricles(canvas: Canvas) -> None:
    """Paint the lateral ventricles with their three horns, the third, the fourth, the duct."""
    wide = canvas.anatomy.ventricles
    for half in canvas.anatomy.halves:
        shape = partial(_lateral_ventricle, wide=wide)
        canvas.paint("ventricle_{side}", shape, ((0, -62, -30), (44, 50, 32)), half)
    canvas.paint("ventricle_midline", partial(_middle, wide=wide), ((-12, -24, -56), (12, 26, 10)))


_BODY: Path = ((9, 40, 6), (7, 29, 13), (8, 8, 20), (12, -14, 19), (23, -31, 9), (22, -54, 3))
_HORN: Path = ((23, -31, 9), (33, -18, -9), (36, 0, -17), (31, 12, -19))


def _lateral_ventricle(points: Points, wide: float) -> Field:
    inside = union(
        tube(points, _BODY, tuple(wide * r for r in (3.0, 5.0, 4.8, 5.2, 6.6, 2.6))),
        tube(points, _HORN, tuple(wide * r for r in (5.4, 2.8, 2.4, 2.0))),
    )
    return np.maximum(inside, np.float32(0.9) - points.x)


def _middle(points: Points, wide: float) -> Field:
    return union(
        ellipsoid(points, (0, 8, -5), (2.2 * wide, 13, 10)),
        tube(points, ((0, -6, -10), (0, -11, -24), (0, -15, -33)), (1.3, 1.2, 1.6)),
        ellipsoid(points, (0, -17, -41), (7 * wide, 4.5, 11)),
    )
