"""The chewing muscles, each from where it arises to where it is attached, and the tongue.

Positions are in the average head [mm], for the right side; an end on the jaw follows the jaw.
"""

from functools import partial

import numpy as np

from anatwin.phantoms.anatomy import Anatomy, Half
from anatwin.phantoms.canvas import Canvas
from anatwin.phantoms.outline import outline
from anatwin.phantoms.shapes import Box, Field, Path, Points, Ribbon, ellipsoid, union

_FRONT = (0.0, 1.0, 0.0)
_UP = (0.0, 0.0, 1.0)


def paint_muscles(canvas: Canvas) -> None:
    """Paint the chewing muscles of both sides and the tongue."""
    anatomy = canvas.anatomy
    for half in anatomy.halves:
        for belly in bellies(anatomy, half).values():
            canvas.paint("fat", partial(_sheath, belly=belly), belly.box(4), half)
    for half in anatomy.halves:
        for name, belly in bellies(anatomy, half).items():
            if name != "temporalis":
                canvas.paint(f"{name}_{{side}}", belly, belly.box(), half)
        fan = partial(_temporalis, anatomy=anatomy, half=half)
        canvas.paint("temporalis_{side}", fan, _TEMPLE, half)
    canvas.paint("tongue", partial(_tongue, anatomy=anatomy), _TONGUE)


_TEMPLE: Box = ((30, -50, -95), (85, 92, 62))
_TONGUE: Box = ((-30, 20, -150), (30, 98, -72))


def bellies(anatomy: Anatomy, half: Half) -> dict[str, Ribbon]:
    """Return the swept bellies of one side's chewing muscles; of temporalis the lower part."""
    thick = half.muscle

    def belly(
        fixed: Path, moving: Path, widths: tuple[float, ...], depths: tuple[float, ...]
    ) -> Ribbon:
        path = fixed + anatomy.jaw(moving)
        across = _UP if abs(fixed[0][2] - moving[-1][2]) < 15 else _FRONT
        return Ribbon(path, widths, tuple(thick * d for d in depths), across)

    return {
        "masseter": belly(
            ((60, 52, -52), (58.5, 47, -68)), ((54.5, 38, -92), (48.5, 31, -116)),
            (16, 17, 17, 13), (3.5, 6, 6.5, 4.5),
        ),
        "medial_pterygoid": belly(
            ((21, 47, -62),), ((29, 42, -84), (38.5, 30, -112)), (8, 12, 14), (4.5, 6.5, 4.5)
        ),
        "lateral_pterygoid": belly(
            ((30, 49, -55), (34, 42, -55)), ((41, 27, -55.5), (46, 20, -56)),
            (11, 12, 9, 4.5), (4.5, 7, 6, 3.5),
        ),
        "temporalis": belly(
            ((55, 42, -28), (53, 44, -42)), ((48.5, 47, -58), (46.5, 46, -74)),
            (24, 16, 9.5, 7), (7, 6, 4, 2.5),
        ),
    }  # fmt: skip


def _sheath(points: Points, belly: Ribbon) -> Field:
    """Return the distance to the thin fat around a muscle."""
    return belly(points) - np.float32(0.5)


def _temporalis(points: Points, anatomy: Anatomy, half: Half) -> Field:
    """Return the distance to the fan on the temple and to what passes inside the cheek bone."""
    vault = outline("vault")
    off = vault(points) - np.float32(anatomy.skull_mm)
    y, z = points.y - np.float32(20), points.z + np.float32(18)
    reach = (y / np.where(y > 0, 46, 56)) ** 2 + (z / np.float32(62)) ** 2
    thick = np.float32(12.5 * half.muscle) * (1 - reach) * np.clip(1 - z / 90, 0.5, 1.3) - 1
    fan = np.maximum(np.maximum(off - thick, -off - 3), np.float32(-30) - points.z)
    whole = union(fan, bellies(anatomy, half)["temporalis"](points), blend_mm=3)
    return np.maximum(whole, outline("skin")(points) + np.float32(5.5))


def _tongue(points: Points, anatomy: Anatomy) -> Field:
    drop = 0.5 * (np.array(anatomy.jaw(((0, 60, -100),))[0]) - (0, 60, -100))
    moved = Points(points.x, points.y - np.float32(drop[1]), points.z - np.float32(drop[2]))
    blade = Ribbon(
        ((0, 88, -90), (0, 74, -86), (0, 54, -86), (0, 42, -100), (0, 40, -122)),
        (13, 19, 20, 17, 12), (4.5, 8.5, 9.5, 9.5, 7), (1, 0, 0),
    )  # fmt: skip
    root = ellipsoid(moved, (0, 60, -104), (17, 26, 17))
    return union(blade(moved), root, blend_mm=8)
