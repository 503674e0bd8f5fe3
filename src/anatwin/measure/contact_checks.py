"""Whether a head's structures touch and hold each other as anatomy wants."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Check, Labels
from anatwin.measure.points import FRONT, UP, Points, furthest, points_mm
from anatwin.ops.morphology import largest_part

_WHITE = ("white_matter_left", "white_matter_right")
_NO_COVER = ("csf", "bone", "skull", "air", "skin", "soft_tissue", "eye_left", "eye_right")
_SPINE = tuple(f"vertebra_c{n}" for n in range(1, 8))
_DISCS = tuple(f"disc_c{n}_c{n + 1}" for n in range(2, 7))

_LEVEL_MM = 3.0
_NOSE_MM = 30.0
"""The nostrils lie no farther behind the tip of the nose."""


def check_contacts(labels: Labels) -> tuple[Check, ...]:
    """Check that grey covers white matter, vertebrae hold the cord, and the airway is open.

    A check is left out where the labels do not show what it is about. The head is upright.
    """
    checks = (_check_cover(labels), _check_canal(labels), _check_airway(labels))
    return tuple(check for check in checks if check is not None)


def exposed_share(kind: NDArray[np.int8]) -> float:
    """Return the share of a structure's voxel faces that touch what they should not.

    Parameters
    ----------
    kind
        1 in the structure, 2 where it should not be touched, 0 elsewhere, ``i j k``. Without the
        structure the share is 0.
    """
    surface = exposed = 0
    for here, there in _neighbours(kind):
        surface += int(np.count_nonzero((here == 1) != (there == 1)))
        exposed += int(np.count_nonzero((here == 1) & (there == 2)))
        exposed += int(np.count_nonzero((here == 2) & (there == 1)))
    return exposed / surface if surface else 0.0


def _neighbours(kind: NDArray[np.int8]) -> Iterator[tuple[NDArray[np.int8], NDArray[np.int8]]]:
    """Yield all pairs of voxels that share a face, plane by plane."""
    for index, plane in enumerate(kind):
        yield plane[:-1], plane[1:]
        yield plane[:, :-1], plane[:, 1:]
        if index:
            yield kind[index - 1], plane


def _check_cover(labels: Labels) -> Check | None:
    """Check what the white matter touches."""
    kinds = np.zeros(max(labels.table.indices, default=0) + 1, np.int8)
    kinds[[0, *(x.index for x in labels.table.labels if x.name in _NO_COVER)]] = 2
    kinds[[x.index for x in labels.table.labels if x.name in _WHITE]] = 1
    if not (kinds == 1)[labels.data].any():
        return None
    share = exposed_share(kinds[labels.data])
    return Check(
        "grey around white",
        "pass" if share <= 0.03 else "warn",
        f"{share:.1%} bare",
        "at most 3 %",
        "Share of the white matter's surface that touches fluid, bone or air; in sixteen label "
        "maps of real heads it is 0.6 to 1.2 %.",
        "Look at the cortex: it may have been missed where it is thin, or the scan is too coarse.",
    )


def _check_canal(labels: Labels) -> Check | None:
    """Check that the cord's middle lies within the vertebrae, level by level."""
    spine, cord = points_mm(labels, *_SPINE, *_DISCS), points_mm(labels, "spinal_cord")
    levels = _levels(spine) & _levels(cord)
    held = [_is_held(_at(cord, level), _at(spine, level)) for level in sorted(levels)]
    if not held:
        return None
    return Check(
        "cord inside its canal",
        "pass" if np.mean(held) >= 0.8 else "warn",
        f"{sum(held)} of {len(held)} levels",
        "at least 80 % of the levels",
        "Levels of 3 mm at which the middle of the spinal cord has vertebrae in front, behind "
        "and on both sides; between two arches it may have none.",
        "Look at the vertebrae; their arches are thin and dark and easily missed.",
    )


def _levels(points: Points) -> set[int]:
    return set(np.floor(points[:, 2] / _LEVEL_MM).astype(int).tolist())


def _at(points: Points, level: int) -> Points:
    found: Points = points[np.floor(points[:, 2] / _LEVEL_MM) == level]
    return found


def _is_held(cord: Points, spine: Points) -> bool:
    """Tell whether the middle of some points lies within the box around others."""
    middle = cord.mean(axis=0)[:2]
    return bool((spine.min(axis=0)[:2] < middle).all() and (middle < spine.max(axis=0)[:2]).all())


def _check_airway(labels: Labels) -> Check | None:
    """Check that the airway leads from the nostrils past the third vertebra, in one piece."""
    airway, skin = points_mm(labels, "upper_airway"), points_mm(labels, "skin")
    if not len(airway):
        return None
    third = points_mm(labels, "vertebra_c3")
    faults = []
    if len(skin) and (furthest(skin, FRONT) - furthest(airway, FRONT)) @ FRONT > _NOSE_MM:
        faults.append("it does not reach the nostrils")
    if len(third) and (furthest(airway, -UP) - third.mean(axis=0)) @ UP > 0:
        faults.append("it ends above the third vertebra")
    share, n_pieces = largest_part(labels.data == labels.table["upper_airway"].index)
    if share < 0.8:
        faults.append(f"it is in {n_pieces} pieces")
    return Check(
        "open airway",
        "warn" if faults else "pass",
        f"{share:.0%} in one piece",
        "80 % in one piece, from the nostrils past the third vertebra",
        f"Of the airway: {', '.join(faults)}." if faults else "It is open all the way.",
        "A closed mouth, a swallow or a defaced scan interrupts it; look before measuring it.",
    )
