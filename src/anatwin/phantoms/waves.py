"""Sums of plane waves: smooth random fields that are the same on every grid."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anatwin.phantoms.shapes import Points


class Waves(NamedTuple):
    """Plane waves: wave vectors [rad/mm] ``wave xyz``, phases [rad] and amplitudes ``wave c``."""

    vectors: NDArray[np.float64]
    phases: NDArray[np.float64]
    amplitudes: NDArray[np.float64]

    def mirrored(self) -> "Waves":
        """Return a displacement in three channels as a mirror between left and right shows it."""
        flip = np.array([-1, 1, 1])
        return Waves(self.vectors * flip, self.phases, self.amplitudes * flip)


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


Index = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def bent_points(matrix: NDArray[np.float64], index: Index, bend: Waves) -> Points:
    """Return the positions of the voxels at ``index`` along each axis, bent by waves [mm].

    Every number is found from the voxel's own index alone, so that a voxel has the same position
    to the last bit in whatever block it is looked at.
    """
    mesh = np.ix_(*index)
    straight = [
        (sum(m * i for m, i in zip(row, mesh, strict=False)) + row[3]).astype(np.float32)
        for row in matrix[:3]
    ]
    for vector, phase, shift in zip(*bend, strict=True):
        wave = _plane_wave(matrix, index, vector, phase)
        for axis in range(3):
            straight[axis] += np.float32(shift[axis]) * wave
    return Points(*straight)


def _plane_wave(
    matrix: NDArray[np.float64], index: Index, vector: NDArray[np.float64], phase: float
) -> NDArray[np.float32]:
    """Return the cosine of a plane wave over a lattice: a product of three short factors."""
    turns = vector @ matrix[:3, :3]
    start = phase + vector @ matrix[:3, 3]
    a, b, c = (np.exp(1j * t * i) for t, i in zip(turns, index, strict=True))
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
