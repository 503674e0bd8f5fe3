"""How one virtual person differs from another: sizes, proportions, tilt, asymmetry, folds."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.phantoms.shapes import Path, Points, Position
from anatwin.phantoms.waves import Waves, isotropic_waves


@dataclass(frozen=True, eq=False, slots=True)
class Half:
    """What the left and the right half of a head have each for themselves.

    Parameters
    ----------
    name, sign
        Which half, and the sign of its ``x``.
    folds
        Where it is zero, a sulcus is.
    texture
        Irregular variation that other structures use.
    muscle
        Relative thickness of the chewing muscles.
    sinus
        Relative size of the air cells.
    disc_shift_rad
        How far the joint's disc has slipped forward over the condyle; near zero is normal.
    lost_upper, lost_lower
        Teeth that are missing, 1 (first incisor) to 8.
    """

    name: Literal["left", "right"]
    sign: Literal[-1, 1]
    folds: Waves
    texture: Waves
    muscle: float
    sinus: float
    disc_shift_rad: float
    lost_upper: frozenset[int]
    lost_lower: frozenset[int]


@dataclass(frozen=True, eq=False, slots=True)
class Anatomy:
    """The numbers behind one head; positions are those of an average adult before ``to_head``.

    Parameters
    ----------
    to_head
        RAS+ position of the world [mm] to the average head's coordinates, 4 x 4. Their origin
        is the middle between both thalami.
    bend
        Displacement of the average head [mm], three channels: asymmetry and proportions.
    halves
        The left and the right half.
    ventricles, csf_mm, ribbon_mm, sulcus_mm, skull_mm, fat_mm
        Relative width of the ventricles; the gap between brain and skull, the cortex, half the
        width of a sulcus, what the skull is thicker than average, the fat under the skin [mm].
    nose_mm, chin_mm
        How far nose and chin stand out beyond the average.
    airway
        Relative calibre of throat and nose.
    jaw_rad
        How far the jaw is open.
    """

    to_head: NDArray[np.float64]
    bend: Waves
    halves: tuple[Half, Half]
    ventricles: float
    csf_mm: float
    ribbon_mm: float
    sulcus_mm: float
    skull_mm: float
    fat_mm: float
    nose_mm: float
    chin_mm: float
    airway: float
    jaw_rad: float

    def mirrored(self) -> "Anatomy":
        """Return the head as a mirror between left and right shows it."""
        left, right = self.halves
        flip = np.diag([-1.0, 1, 1, 1])
        return replace(
            self,
            to_head=flip @ self.to_head @ flip,
            bend=self.bend.mirrored(),
            halves=(replace(right, name="left", sign=-1), replace(left, name="right", sign=1)),
        )

    def jaw(self, path: Path) -> Path:
        """Return where the closed jaw's places are while it is open."""
        return tuple(_rotated(place, self.jaw_rad) for place in path)

    def closed(self, points: Points) -> Points:
        """Return where points of the jaw would be if it were closed."""
        (_, y, z), slide = JOINT_MM, _slide(self.jaw_rad)
        c, s = np.float32(np.cos(self.jaw_rad)), np.float32(np.sin(self.jaw_rad))
        dy = points.y - np.float32(y + slide[0])
        dz = points.z - np.float32(z + slide[1])
        return Points(points.x, c * dy - s * dz + np.float32(y), s * dy + c * dz + np.float32(z))


CENTRE_MM = np.array([0.0, 3.0, -27.0])
"""Where the world's origin lies in the average head: the middle of the head and its chin."""

JOINT_MM = (47.0, 16.0, -50.0)
"""Middle of the right condyle, about which the jaw opens."""


def _slide(angle_rad: float) -> tuple[float, float]:
    """Return how far a condyle glides forward and down as the jaw opens [mm].

    It is about 0.35 mm a degree (chosen from the usual 15 mm at 40 degrees).
    """
    forward = 0.35 * float(np.degrees(angle_rad))
    return forward, -0.4 * forward


def _rotated(place: Position, angle_rad: float) -> Position:
    (_, y, z), slide = JOINT_MM, _slide(angle_rad)
    c, s = float(np.cos(angle_rad)), float(np.sin(angle_rad))
    dy, dz = place[1] - y, place[2] - z
    return place[0], c * dy + s * dz + y + slide[0], c * dz - s * dy + z + slide[1]


def random_anatomy(seed: int) -> Anatomy:
    """Return the anatomy of the person numbered ``seed``."""
    rng = np.random.default_rng(seed)

    def about(mean: float, spread: float) -> float:
        return mean + spread * float(np.clip(rng.standard_normal(), -2, 2))

    to_head = np.eye(4)
    size = about(1.0, 0.02) * np.array([about(1, 0.015) for _ in range(3)])
    tilt = _rotation(about(0, 0.04), about(0, 0.03), about(0, 0.04))
    to_head[:3, :3] = np.linalg.inv(tilt * size)
    shift = CENTRE_MM * size + rng.uniform(-2, 2, 3)
    to_head[:3, 3] = to_head[:3, :3] @ shift
    bulk = about(1, 0.12)
    return Anatomy(
        to_head=to_head,
        bend=isotropic_waves(rng, 8, 130, 1.2, channels=3),
        halves=(_half("left", rng, bulk), _half("right", rng, bulk)),
        ventricles=1.05 * float(np.exp(about(0, 0.12))),
        csf_mm=about(3.2, 0.4),
        ribbon_mm=about(2.5, 0.12),
        sulcus_mm=about(0.8, 0.1),
        skull_mm=about(0, 0.7),
        fat_mm=about(4.0, 0.9),
        nose_mm=about(0, 1.5),
        chin_mm=about(0, 1.5),
        airway=about(1, 0.12),
        jaw_rad=max(0.0, about(0.02, 0.05)),
    )


def _half(name: Literal["left", "right"], rng: np.random.Generator, bulk: float) -> Half:
    slipped = rng.random() < 0.2
    lost = [frozenset(n for n in range(1, 9) if rng.random() < 0.06) for _ in range(2)]
    return Half(
        name=name,
        sign=-1 if name == "left" else 1,
        folds=isotropic_waves(rng, 14, 18, 1.0),
        texture=isotropic_waves(rng, 8, 30, 1.0),
        muscle=bulk * rng.uniform(0.94, 1.06),
        sinus=rng.uniform(0.88, 1.1),
        disc_shift_rad=rng.uniform(0.5, 0.9) if slipped else rng.uniform(-0.1, 0.1),
        lost_upper=lost[0],
        lost_lower=lost[1],
    )


def _rotation(pitch: float, roll: float, yaw: float) -> NDArray[np.float64]:
    """Return the rotation about right, then anterior, then superior [rad]."""
    turn = np.eye(3)
    for angle, (a, b) in zip((pitch, roll, yaw), ((1, 2), (2, 0), (0, 1)), strict=True):
        step = np.eye(3)
        step[a, a] = step[b, b] = np.cos(angle)
        step[b, a] = np.sin(angle)
        step[a, b] = -step[b, a]
        turn = step @ turn
    return turn
