"""The upper airway: its area from level to level, and where it is narrowest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Labels, Measure
from anatwin.measure.points import Points, points_mm

_STEP_MM = 2.0
"""Distance between levels."""

_VERTEBRAE = tuple(f"vertebra_c{n}" for n in range(1, 8))


@dataclass(frozen=True, eq=False, slots=True)
class AirwayProfile:
    """The airway from the first vertebra down, in levels 2 mm apart.

    Parameters
    ----------
    centre_mm
        Middle of the airway at every level, RAS+, ``level 3``, highest first.
    area_mm2
        Cross-section perpendicular to the line of middles, ``level``.
    """

    centre_mm: Points
    area_mm2: NDArray[np.float64]


def airway_profile(labels: Labels) -> AirwayProfile | None:
    """Return the profile of the pharynx, or None where fewer than five levels show it.

    It begins at the middle of the first vertebra, about the level of the hard palate, where the
    nose's passages have become one; without that vertebra, at the top of the airway.

    Parameters
    ----------
    labels
        Label map with ``upper_airway``; the head is upright.
    """
    points = points_mm(labels, "upper_airway")
    atlas = points_mm(labels, "vertebra_c1")
    if len(atlas):
        points = points[points[:, 2] <= atlas[:, 2].mean()]
    if not len(points):
        return None
    height_mm = float(np.abs(labels.grid.matrix[2, :3]).sum())
    share = _shares(points[:, 2], height_mm)
    if len(share) < 5:
        return None
    centre = share @ points / share.sum(axis=1, keepdims=True)
    along = np.gradient(centre, axis=0)
    upright = np.abs(along[:, 2]) / np.linalg.norm(along, axis=1)
    area = share.sum(axis=1) * labels.grid.voxel_mm3 / _STEP_MM * upright
    return AirwayProfile(centre, area)


def _shares(z_mm: NDArray[np.float64], height_mm: float) -> NDArray[np.float64]:
    """Return how much of every voxel lies in every full level, ``level voxel``, highest first.

    Voxels of whatever height are shared out exactly, so that the area does not flicker where
    levels and planes of voxels do not meet.
    """
    top, bottom = z_mm.max() + height_mm / 2, z_mm.min() - height_mm / 2
    edges = np.arange(top, bottom, -_STEP_MM)
    above = np.clip((z_mm + height_mm / 2 - edges[:, None]) / height_mm, 0.0, 1.0)
    share: NDArray[np.float64] = np.diff(above, axis=0)
    return share[share.sum(axis=1) > 0]


def airway_measures(labels: Labels) -> tuple[Measure, ...]:
    """Measure the pharynx: length, mean and smallest cross-section, and the level of that."""
    profile = airway_profile(labels)
    if profile is None:
        return ()
    steps = np.linalg.norm(np.diff(profile.centre_mm, axis=0), axis=1)
    narrow = int(np.argmin(profile.area_mm2))
    level = float(profile.centre_mm[narrow, 2])
    basis = f"perpendicular to the line of middles, levels {_STEP_MM:g} mm apart"
    near = _nearest_vertebra(labels, level)
    name = "upper_airway"
    return (
        Measure("pharynx length", name, float(steps.sum()), "mm", basis=basis),
        Measure("cross-section[mean]", name, float(profile.area_mm2.mean()), "mm2", basis=basis),
        Measure(
            "cross-section[smallest]",
            name,
            float(profile.area_mm2[narrow]),
            "mm2",
            basis=f"{basis}{near}",
        ),
        Measure("level of the smallest z[RAS+]", name, level, "mm", basis=f"{basis}{near}"),
    )


def _nearest_vertebra(labels: Labels, level_mm: float) -> str:
    """Return at which vertebra a level lies, as the end of a sentence."""
    middles = {
        name: float(points[:, 2].mean())
        for name in _VERTEBRAE
        if len(points := points_mm(labels, name))
    }
    if not middles:
        return ""
    name = min(middles, key=lambda n: abs(middles[n] - level_mm))
    return f"; at the level of {name.removeprefix('vertebra_').upper()}"
