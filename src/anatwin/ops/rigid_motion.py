"""Rigid motions as 4 x 4 matrices."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def rigid(shift: NDArray[np.floating], turn: NDArray[np.floating]) -> Matrix:
    """Return the motion that turns by a rotation vector [rad], then shifts."""
    from scipy.spatial.transform import Rotation

    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(turn).as_matrix()
    matrix[:3, 3] = shift
    return matrix


def halved(motion: Matrix) -> Matrix:
    """Return the motion that, done twice, is ``motion``; turns stay below half a circle."""
    from scipy.spatial.transform import Rotation

    half = Rotation.from_rotvec(Rotation.from_matrix(motion[:3, :3]).as_rotvec() / 2).as_matrix()
    matrix = np.eye(4)
    matrix[:3, :3] = half
    matrix[:3, 3] = np.linalg.solve(half + np.eye(3), motion[:3, 3])
    return matrix


def rotation_lattice(limit: float, step: float) -> list[Matrix]:
    """Return the turns about x, y and z up to ``limit`` each [rad], ``step`` apart, 3 x 3."""
    from scipy.spatial.transform import Rotation

    n = int(np.ceil(limit / step - 1e-9)) if limit > 0 else 0
    angles = np.linspace(-limit, limit, 2 * n + 1)
    return [Rotation.from_euler("xyz", turn).as_matrix() for turn in product(angles, repeat=3)]


def turn_between(first: Matrix, second: Matrix) -> float:
    """Return the angle between the rotations of two motions [rad]."""
    cosine = (np.trace(first[:3, :3].T @ second[:3, :3]) - 1) / 2
    return float(np.arccos(np.clip(cosine, -1, 1)))
