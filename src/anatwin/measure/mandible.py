"""The lower jaw in the lengths and angles of cephalometry."""

from dataclasses import dataclass

import numpy as np

from anatwin.core import Labels, Measure
from anatwin.measure.points import FRONT, UP, Points, angle_deg, furthest, length_mm, points_mm

_SYMPHYSIS_MM = 12.0
"""The chin's landmarks lie this close to the middle."""

_BASIS = "landmarks are extreme points of the label, head upright"


@dataclass(frozen=True, eq=False, slots=True)
class Jaw:
    """Landmarks of the mandible, RAS+ mm, ``3`` each; of pairs left first.

    Parameters
    ----------
    condylion
        Highest and rearmost points of the condyles (Co).
    gonion
        Lowest and rearmost points of the angles (Go).
    coronion
        Tips of the coronoid processes (Cor).
    menton, gnathion, pogonion
        Lowest, lowest and foremost, and foremost point of the chin (Me, Gn, Pog).
    """

    condylion: tuple[Points, Points]
    gonion: tuple[Points, Points]
    coronion: tuple[Points, Points]
    menton: Points
    gnathion: Points
    pogonion: Points


def jaw_landmarks(labels: Labels) -> Jaw | None:
    """Return the landmarks of a mandible, or None where the labels have none, or a part of one.

    Parameters
    ----------
    labels
        Label map with a structure ``mandible``; the head is upright.
    """
    jaw = points_mm(labels, "mandible")
    if len(jaw) < 100 or _is_cut(labels):
        return None
    middle = float(np.median(jaw[:, 0]))
    chin = jaw[np.abs(jaw[:, 0] - middle) < _SYMPHYSIS_MM]
    halves = [jaw[jaw[:, 0] < middle - _SYMPHYSIS_MM], jaw[jaw[:, 0] > middle + _SYMPHYSIS_MM]]
    if not len(chin) or not all(len(half) for half in halves):
        return None
    condylion = [furthest(half, UP - 0.5 * FRONT) for half in halves]
    coronion = [
        furthest(_in_front(half, top), UP + 0.3 * FRONT)
        for half, top in zip(halves, condylion, strict=True)
    ]
    gonion = [furthest(half, -UP - FRONT) for half in halves]
    return Jaw(
        (condylion[0], condylion[1]),
        (gonion[0], gonion[1]),
        (coronion[0], coronion[1]),
        furthest(chin, -UP),
        furthest(chin, FRONT - UP),
        furthest(chin, FRONT),
    )


def mandible_measures(labels: Labels) -> tuple[Measure, ...]:
    """Measure the mandible with the cephalometric names; nothing where it is not there.

    Effective length Co-Gn, ramus height Co-Go, body length Go-Me and gonial angle Co-Go-Me of
    both sides; intercondylar width Co-Co and bigonial width Go-Go.
    """
    jaw = jaw_landmarks(labels)
    if jaw is None:
        return ()
    rows = [
        _mm("intercondylar width[Co-Co]", "mandible", length_mm(*jaw.condylion)),
        _mm("bigonial width[Go-Go]", "mandible", length_mm(*jaw.gonion)),
    ]
    for side, top, angle in zip(("left", "right"), jaw.condylion, jaw.gonion, strict=True):
        name = f"mandible_{side}"
        rows += [
            _mm("effective length[Co-Gn]", name, length_mm(top, jaw.gnathion)),
            _mm("ramus height[Co-Go]", name, length_mm(top, angle)),
            _mm("body length[Go-Me]", name, length_mm(angle, jaw.menton)),
            Measure(
                "gonial angle[Co-Go-Me]",
                name,
                angle_deg(top, angle, jaw.menton),
                "deg",
                basis=_BASIS,
            ),
        ]
    return tuple(rows)


def _mm(name: str, structure: str, value: float) -> Measure:
    return Measure(name, structure, value, "mm", basis=_BASIS)


def _in_front(half: Points, condylion: Points) -> Points:
    """Return the part of a side that lies in front of its condyle's neck."""
    front = half[half[:, 1] > condylion[1] + 15.0]
    return front if len(front) else half


def _is_cut(labels: Labels) -> bool:
    """Tell whether the mandible reaches the edge of the grid."""
    mask = labels.data == labels.table["mandible"].index
    faces = [mask.take(index, axis) for axis in range(3) for index in (0, -1)]
    return any(bool(face.any()) for face in faces)
