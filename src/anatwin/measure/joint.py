"""The jaw's joint: the gap between condyle and fossa, and where the disc lies in it."""

import numpy as np

from anatwin.core import Labels, Measure
from anatwin.measure.mandible import jaw_landmarks
from anatwin.measure.points import FRONT, UP, Points, furthest, points_mm

_CONDYLE_MM = 12.0
"""Bone this close to the top of the condyle belongs to it."""


def joint_measures(labels: Labels) -> tuple[Measure, ...]:
    """Measure both jaw joints: condyle to fossa, thickness of the disc, and its position.

    The position is the angle, about the condyle's centre in the sagittal plane, from 12 o'clock
    to the rear end of the disc, positive in front: near 0 in a healthy closed jaw, larger than
    10 degrees in an anteriorly displaced disc (Drace and Enzmann 1990,
    Radiology 177:67).
    """
    jaw = jaw_landmarks(labels)
    if jaw is None:
        return ()
    bone, skull = points_mm(labels, "mandible"), points_mm(labels, "skull")
    rows: list[Measure] = []
    for side, top in zip(("left", "right"), jaw.condylion, strict=True):
        condyle = bone[np.linalg.norm(bone - top, axis=1) < _CONDYLE_MM]
        rows += _gap(f"tmj_{side}", condyle, skull, min(labels.grid.spacing_mm))
        disc = points_mm(labels, f"tmj_disc_{side}")
        if len(disc) >= 10:
            rows += _disc(f"tmj_disc_{side}", disc, condyle)
    return tuple(rows)


def _gap(name: str, condyle: Points, skull: Points, voxel_mm: float) -> list[Measure]:
    """Return the distance of the condyle's upper surface to the skull."""
    from scipy.spatial import KDTree

    if not len(skull):
        return []
    upper = condyle[condyle[:, 2] > np.percentile(condyle[:, 2], 70)]
    # Centres of touching voxels are one voxel apart, their surfaces are not.
    distance, _ = KDTree(skull).query(upper)
    gap = np.maximum(distance - voxel_mm, 0.0)
    basis = "between voxel surfaces, upper third of the condyle"
    return [
        Measure("condyle to fossa[smallest]", name, float(gap.min()), "mm", basis=basis),
        Measure("condyle to fossa[median]", name, float(np.median(gap)), "mm", basis=basis),
    ]


def _disc(name: str, disc: Points, condyle: Points) -> list[Measure]:
    """Return thickness and position of a disc."""
    centre = condyle.mean(axis=0)
    rear = furthest(disc, -FRONT, share=0.1) - centre
    angle = float(np.degrees(np.arctan2(rear @ FRONT, rear @ UP)))
    # A thin sheet's smallest principal spread is that of a slab, whose thickness is sqrt(12) of it.
    spread = np.linalg.svd(disc - disc.mean(axis=0), compute_uv=False)[-1] / np.sqrt(len(disc))
    sheet = "sqrt(12) times the smallest principal spread"
    clock = "rear end, about the condyle's centre, front positive"
    return [
        Measure("thickness", name, float(np.sqrt(12) * spread), "mm", basis=sheet),
        Measure("position[12 o'clock]", name, angle, "deg", basis=clock),
    ]
