"""Where a point of one scan is in another."""

from dataclasses import dataclass
from math import degrees

import numpy as np
from numpy.typing import NDArray

from anatwin.core.errors import GeometryError
from anatwin.core.grid import Affine


@dataclass(frozen=True, slots=True)
class Transform:
    """An affine map from the world of a fixed scan to that of a moving one.

    This is the direction that resampling needs: every voxel of the fixed grid asks where in the
    moving scan its value is.

    Parameters
    ----------
    affine
        RAS+ position in the fixed scan [mm] to RAS+ position in the moving scan [mm], 4 x 4.

    Raises
    ------
    GeometryError
        If it is not finite or cannot be inverted.
    """

    affine: Affine

    def __post_init__(self) -> None:
        matrix = self.matrix
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise GeometryError(f"Transform.affine must be 4 x 4 finite numbers, got {matrix}.")
        if abs(np.linalg.det(matrix[:3, :3])) < 1e-9:
            raise GeometryError("Transform.affine must be invertible.")

    @classmethod
    def from_matrix(cls, matrix: NDArray[np.floating]) -> "Transform":
        """Return the transform of a 4 x 4 numpy matrix."""
        a, b, c, d = ((float(x), float(y), float(z), float(w)) for x, y, z, w in matrix)
        return cls((a, b, c, d))

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The affine as a 4 x 4 array."""
        return np.array(self.affine, dtype=np.float64)

    @property
    def rotation_deg(self) -> float:
        """Angle of the rotation nearest to the linear part [degree]."""
        u, _, v = np.linalg.svd(self.matrix[:3, :3])
        return degrees(float(np.arccos(np.clip((np.trace(u @ v) - 1) / 2, -1, 1))))

    def inverse(self) -> "Transform":
        """Return the map from the moving scan to the fixed one."""
        return Transform.from_matrix(np.linalg.inv(self.matrix))

    def apply(self, points_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return where points ``n 3`` of the fixed scan [mm] are in the moving one [mm]."""
        return points_mm @ self.matrix[:3, :3].T + self.matrix[:3, 3]
