"""Where voxels are."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from math import dist, hypot, isfinite, prod
from typing import Self

import numpy as np
from numpy.typing import NDArray

from anatwin.core.errors import GeometryError

Row = tuple[float, float, float, float]
Affine = tuple[Row, Row, Row, Row]
Shape = tuple[int, int, int]

_LAST_ROW = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular lattice of voxel centres in a named physical frame.

    The affine is stored as plain floats, so that a grid is hashable, compares exactly and writes
    itself to JSON.

    Parameters
    ----------
    shape
        Number of voxels ``(i, j, k)``. Two-dimensional work has one voxel along an axis.
    affine
        Voxel index to RAS+ position [mm], 4 x 4.
    frame
        Name of the physical frame. Grids in different frames never match.

    Raises
    ------
    GeometryError
        If the shape is not positive or the affine cannot be inverted.
    """

    shape: Shape
    affine: Affine
    frame: str = "scanner"

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise GeometryError(f"Grid.shape must be three positive numbers, got {self.shape}.")
        if self.affine[3] != _LAST_ROW:
            raise GeometryError(f"Grid.affine must end in {_LAST_ROW}, got {self.affine[3]}.")
        if not all(isfinite(value) for row in self.affine for value in row):
            raise GeometryError("Grid.affine must be finite; the header of the file is damaged.")
        if abs(np.linalg.det(self.matrix[:3, :3])) < 1e-12:
            raise GeometryError("Grid.affine must be invertible; a voxel has no volume.")

    @classmethod
    def isotropic(cls, shape: Shape, spacing_mm: float) -> Self:
        """Return an axis-aligned grid whose centre is the origin of the world."""
        return cls.centred(shape, (spacing_mm, spacing_mm, spacing_mm))

    @classmethod
    def centred(cls, shape: Shape, spacing_mm: tuple[float, float, float]) -> Self:
        """Return an axis-aligned grid whose centre is the origin of the world."""
        matrix = np.diag([*spacing_mm, 1.0])
        matrix[:3, 3] = [-(n - 1) / 2 * s for n, s in zip(shape, spacing_mm, strict=True)]
        return cls.from_matrix(shape, matrix)

    @classmethod
    def from_matrix(
        cls, shape: Iterable[int], matrix: NDArray[np.floating], frame: str = "scanner"
    ) -> Self:
        """Return the grid of a 4 x 4 numpy matrix."""
        i, j, k = (int(n) for n in shape)
        a, b, c, d = ((float(x), float(y), float(z), float(w)) for x, y, z, w in matrix)
        return cls((i, j, k), (a, b, c, d), frame)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The affine as a 4 x 4 array."""
        return np.array(self.affine, dtype=np.float64)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel edge lengths [mm]."""
        x, y, z = (hypot(*(self.affine[r][c] for r in range(3))) for c in range(3))
        return (x, y, z)

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel [mm^3]."""
        return float(abs(np.linalg.det(self.matrix[:3, :3])))

    @property
    def n_voxels(self) -> int:
        """Number of voxels."""
        return prod(self.shape)

    def at(self, i: float, j: float, k: float) -> tuple[float, ...]:
        """Return the position [mm] of a voxel index."""
        return tuple(a * i + b * j + c * k + d for a, b, c, d in self.affine[:3])

    def axis_codes(self) -> str:
        """Return where each index axis points, for example ``RAS`` or ``LPI``."""
        free, codes = [0, 1, 2], ["", "", ""]
        direction = self.matrix[:3, :3] / np.array(self.spacing_mm)
        for axis in np.argsort(-np.abs(direction).max(axis=0), kind="stable"):
            world = max(free, key=lambda w: abs(direction[w, axis]))
            free.remove(world)
            codes[axis] = ("LPI", "RAS")[int(direction[world, axis] > 0)][world]
        return "".join(codes)

    def matches(self, other: "Grid", *, tol_mm: float = 1e-3) -> bool:
        """Tell whether both grids put every voxel at the same place, to within ``tol_mm``."""
        if (self.shape, self.frame) != (other.shape, other.frame):
            return False
        corners = product(*((0, n - 1) for n in self.shape))
        # Along an axis of one voxel no corner tells its direction.
        steps = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
        return all(dist(self.at(*c), other.at(*c)) <= tol_mm for c in (*corners, *steps))

    def require_match(self, other: "Grid", what: str) -> None:
        """Raise GeometryError unless ``other`` puts its voxels where this grid does."""
        if not self.matches(other):
            raise GeometryError(
                f"{what} must lie on one grid, got {self.shape} {self.axis_codes()} and "
                f"{other.shape} {other.axis_codes()}; resample one onto the other first."
            )

    def with_frame(self, frame: str) -> "Grid":
        """Return the same lattice in another named frame."""
        return replace(self, frame=frame)
