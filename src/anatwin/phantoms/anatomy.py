"""How one virtual person differs from another: sizes, proportions, tilt, asymmetry, folds."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid
from anatwin.phantoms.shapes import Points


class Waves(NamedTuple):
    """Plane waves: wave vectors [rad/mm] ``wave xyz``, phases [rad] and amplitudes ``wave c``."""

    vectors: NDArray[np.float64]
    phases: NDArray[np.float64]
    amplitudes: NDArray[np.float64]


def isotropic_waves(
    rng: np.random.Generator, n: int, wavelength_mm: float, amplitude: float, channels: int = 1
) -> Waves:
    """Return ``n`` waves in random directions; every channel has the given standard deviation."""
    vectors = rng.standard_normal((n, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors *= 2 * np.pi / (wavelength_mm * rng.uniform(0.85, 1.2, (n, 1)))
    amplitudes = rng.uniform(0.7, 1.3, (n, channels)) * rng.choice([-1, 1], (n, channels))
    amplitudes *= amplitude * np.sqrt(2) / np.linalg.norm(amplitudes, axis=0)
    return Waves(vectors, rng.uniform(0, 2 * np.pi, n), amplitudes)


@dataclass(frozen=True, eq=False, slots=True)
class Anatomy:
    """The numbers behind one head; positions are those of an average adult before ``to_head``.

    Parameters
    ----------
    to_head
        RAS+ position of the world [mm] to the average head's coordinates, 4 x 4. Their origin
        is the middle of the cerebrum.
    bend
        Displacement of the average head [mm], three channels: asymmetry and proportions.
    folds
        Where it is zero, a sulcus is.
    texture
        Irregular variation that other structures use.
    ventricles, csf_mm, ribbon_mm, sulcus_mm, skull_mm, fat_mm
        Relative width of the ventricles; the gap between brain and skull, the cortex, half the
        width of a sulcus, the skull and the fat under the skin [mm].
    nose_mm, chin_mm, face_width
        How far nose and chin stand out beyond the average; relative width of the face.
    """

    to_head: NDArray[np.float64]
    bend: Waves
    folds: Waves
    texture: Waves
    ventricles: float
    csf_mm: float
    ribbon_mm: float
    sulcus_mm: float
    skull_mm: float
    fat_mm: float
    nose_mm: float
    chin_mm: float
    face_width: float


CENTRE_MM = np.array([0.0, 12.0, -40.0])
"""Where the world's origin lies in the average head: the middle of the head and its chin."""


def random_anatomy(seed: int) -> Anatomy:
    """Return the anatomy of the person numbered ``seed``."""
    rng = np.random.default_rng(seed)

    def about(mean: float, spread: float) -> float:
        return mean + spread * float(np.clip(rng.standard_normal(), -2, 2))

    to_head = np.eye(4)
    size = about(1.03, 0.02) * np.array([about(1, 0.015) for _ in range(3)])
    tilt = _rotation(about(0, 0.04), about(0, 0.03), about(0, 0.04))
    to_head[:3, :3] = np.linalg.inv(tilt * size)
    shift = CENTRE_MM * size + rng.uniform(-2, 2, 3)
    to_head[:3, 3] = to_head[:3, :3] @ shift
    return Anatomy(
        to_head=to_head,
        bend=isotropic_waves(rng, 8, 130, 1.3, channels=3),
        folds=isotropic_waves(rng, 12, 23, 1.0),
        texture=isotropic_waves(rng, 8, 30, 1.0),
        ventricles=1.1 * float(np.exp(about(0, 0.12))),
        csf_mm=about(2.4, 0.4),
        ribbon_mm=about(2.7, 0.15),
        sulcus_mm=about(0.6, 0.1),
        skull_mm=about(6.5, 0.7),
        fat_mm=about(3.5, 0.8),
        nose_mm=about(0, 2.0),
        chin_mm=about(0, 2.0),
        face_width=about(1, 0.03),
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


def head_points(grid: Grid, anatomy: Anatomy) -> Points:
    """Return where every voxel lies in the average head [mm], each ``i j k``."""
    matrix = anatomy.to_head @ grid.matrix
    index = np.ogrid[tuple(slice(n) for n in grid.shape)]
    straight = [
        (sum(m * i for m, i in zip(row, index, strict=False)) + row[3]).astype(np.float32)
        for row in matrix[:3]
    ]
    for vector, phase, shift in zip(*anatomy.bend, strict=True):
        wave = plane_wave(matrix, grid.shape, vector, phase)
        for axis in range(3):
            straight[axis] += np.float32(shift[axis]) * wave
    return Points(*straight)


def plane_wave(
    matrix: NDArray[np.float64],
    shape: tuple[int, int, int],
    vector: NDArray[np.float64],
    phase: float,
) -> NDArray[np.float32]:
    """Return the cosine of a plane wave over a lattice: a product of three short factors."""
    turns = vector @ matrix[:3, :3]
    start = phase + vector @ matrix[:3, 3]
    a, b, c = (np.exp(1j * t * np.arange(n)) for t, n in zip(turns, shape, strict=True))
    plane = ((np.exp(1j * start) * a)[:, None] * b).astype(np.complex64)[:, :, None]
    c = c.astype(np.complex64)
    return plane.real * c.real - plane.imag * c.imag


def wave_sum(points: Points, waves: Waves) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the first channel of ``waves`` at points, and the length of its gradient [1/mm]."""
    total = np.zeros_like(points.x)
    slope = [np.zeros_like(points.x) for _ in range(3)]
    for vector, phase, amplitude in zip(*waves, strict=True):
        kx, ky, kz = (np.float32(k) for k in vector)
        angle = kx * points.x + ky * points.y + kz * points.z + np.float32(phase)
        total += np.float32(amplitude[0]) * np.cos(angle)
        steep = np.float32(amplitude[0]) * np.sin(angle)
        for axis, k in enumerate((kx, ky, kz)):
            slope[axis] += k * steep
    return total, np.sqrt(slope[0] ** 2 + slope[1] ** 2 + slope[2] ** 2)
