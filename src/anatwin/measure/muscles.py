"""Muscles as the engines of a joint: how strong they may be, and which way they pull."""

import numpy as np

from anatwin.core import Labels, Measure
from anatwin.measure.points import UP, Points, points_mm

CHEWING = ("temporalis", "masseter", "medial_pterygoid", "lateral_pterygoid")

_SLAB_MM = 3.0
"""Cross-sections are means over slabs of this thickness."""


def muscle_measures(labels: Labels) -> tuple[Measure, ...]:
    """Measure the chewing muscles: largest cross-section and line of action.

    The line of action is the muscle's longest principal axis, as a unit vector in RAS+ that
    points up; the cross-section is perpendicular to it, which for a fan such as temporalis is
    not its physiological one.
    """
    rows: list[Measure] = []
    for muscle in CHEWING:
        for side in ("left", "right"):
            points = points_mm(labels, f"{muscle}_{side}")
            if len(points) >= 50:
                rows += _measure(f"{muscle}_{side}", points, labels.grid.voxel_mm3)
    return tuple(rows)


def line_of_action(points: Points) -> Points:
    """Return the unit vector of a muscle's longest principal axis that points up, RAS+, ``3``."""
    _, _, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    axis: Points = axes[0] if axes[0] @ UP >= 0 else -axes[0]
    return axis


def _measure(name: str, points: Points, voxel_mm3: float) -> list[Measure]:
    axis = line_of_action(points)
    slab = np.floor((points @ axis) / _SLAB_MM).astype(np.int64)
    area_mm2 = np.bincount(slab - slab.min()).max() * voxel_mm3 / _SLAB_MM
    basis = f"perpendicular to the longest principal axis, slabs of {_SLAB_MM:g} mm"
    rows = [Measure("largest cross-section", name, area_mm2 / 100, "cm2", basis=basis)]
    for letter, part in zip("xyz", axis, strict=True):
        what = f"line of action {letter}[RAS+]"
        rows.append(Measure(what, name, float(part), "", basis="longest principal axis"))
    return rows
