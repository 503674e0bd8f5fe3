"""What loads a hip in daily life, and where the loads act on the bone's outline.

Forces, angles and cycles are the values commonly quoted from Beaupre, Orr and Carter 1990
(doi:10.1002/jor.1100080507), and were not checked against that paper. See docs/bone.md.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, UsageError
from anatwin.phantoms.femur_outline import FemurOutline, axes_mm

Forces = NDArray[np.float64]

_JOINT_ARC_RAD = np.deg2rad(40)
_INSERTION_MM = 9.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadCase:
    """Forces on a hip in one posture, in the frontal plane.

    Parameters
    ----------
    name
        Posture.
    cycles
        How often a day.
    joint_mn, joint_rad
        Force of the pelvis on the head [mN], and the angle [rad] from straight down towards
        lateral at which it pushes.
    abductor_mn, abductor_rad
        Pull of the abductors on the greater trochanter [mN], and its angle [rad] from straight up
        towards medial.

    Raises
    ------
    UsageError
        If a force or the number of cycles is negative.
    """

    name: str
    cycles: float
    joint_mn: float
    joint_rad: float
    abductor_mn: float
    abductor_rad: float

    def __post_init__(self) -> None:
        if min(self.cycles, self.joint_mn, self.abductor_mn) < 0:
            raise UsageError(f"LoadCase needs forces and cycles of 0 or more, got {self}.")

    def changed(self, *, force: float, turn_rad: float) -> "LoadCase":
        """Return the case with both forces scaled and turned alike."""
        return replace(
            self,
            joint_mn=self.joint_mn * force,
            joint_rad=self.joint_rad + turn_rad,
            abductor_mn=self.abductor_mn * force,
            abductor_rad=self.abductor_rad + turn_rad,
        )


def _case(
    name: str, cycles: float, newtons: tuple[float, float], degrees: tuple[float, float]
) -> LoadCase:
    joint, abductor = (float(np.deg2rad(angle)) for angle in degrees)
    return LoadCase(
        name=name,
        cycles=cycles,
        joint_mn=newtons[0] * 1000,
        joint_rad=joint,
        abductor_mn=newtons[1] * 1000,
        abductor_rad=abductor,
    )


DAILY_LOADS = (
    _case("single-leg stance", 6000, (2317, 703), (24, 28)),
    _case("extreme abduction", 2000, (1158, 351), (-15, -8)),
    _case("extreme adduction", 2000, (1548, 468), (56, 35)),
)
"""Daily loads in the frontal plane, in newtons and degrees: the values commonly quoted from
Beaupre, Orr and Carter 1990, doi:10.1002/jor.1100080507, not checked against the paper."""


def nodal_forces(outline: FemurOutline, case: LoadCase, grid: Grid) -> Forces:
    """Return the forces [mN] on the corners of a picture's pixels, ``axis x+1 y+1``.

    The joint presses within 40 degrees of its direction on the head's arc, most in the middle
    (squared cosine); the abductors pull evenly around the trochanter's tip. Every node's force is
    parallel to the resultant, which is exact.
    """
    rim, x, y = _rim(outline, grid)
    forces = np.zeros((2, *rim.shape))
    push = np.array([-np.sin(case.joint_rad), -np.cos(case.joint_rad)])
    pull = np.array([np.sin(case.abductor_rad), np.cos(case.abductor_rad)])
    dx, dy = x[:, None] - outline.head[0], y[None] - outline.head[1]
    distance = np.hypot(dx, dy)
    cosine = -(dx * push[0] + dy * push[1]) / np.maximum(distance, 1e-9)
    angle = np.arccos(np.clip(cosine, -1, 1))
    at_head = rim & (angle < _JOINT_ARC_RAD) & (distance > 0.6 * outline.head_radius_mm)
    weight = np.where(at_head, np.cos(angle * (np.pi / 2) / _JOINT_ARC_RAD) ** 2, 0)
    forces += np.multiply.outer(push * case.joint_mn, weight / weight.sum())
    tip = outline.trochanter
    around = rim & (np.hypot(x[:, None] - tip[0], y[None] - tip[1]) < _INSERTION_MM)
    forces += np.multiply.outer(pull * case.abductor_mn, around / around.sum())
    return forces


def _rim(outline: FemurOutline, grid: Grid) -> tuple[NDArray[np.bool_], Forces, Forces]:
    """Return which pixel corners lie on the bone's surface, and their columns and rows [mm]."""
    inside = np.pad(outline.inside(grid), ((1, 1), (1, 1)))
    inside[:, 0] = inside[:, 1]  # the cut across the shaft is no surface
    four = [inside[:-1, :-1], inside[1:, :-1], inside[:-1, 1:], inside[1:, 1:]]
    rim = np.any(four, axis=0) & ~np.all(four, axis=0)
    half = grid.spacing_mm[0] / 2
    x, y = (np.append(axis - half, axis[-1] + half) for axis in axes_mm(grid))
    return rim, x, y
