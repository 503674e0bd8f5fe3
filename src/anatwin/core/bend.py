"""How one scan is bent with respect to another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core.errors import GeometryError
from anatwin.core.grid import Grid


@dataclass(frozen=True, eq=False, slots=True)
class Bend:
    """A smooth displacement, known on a coarse lattice and linear in between.

    Parameters
    ----------
    grid
        The lattice.
    shift_mm
        How far each of its points moves, RAS+, ``i j k 3``; beyond the lattice nothing moves.

    Raises
    ------
    GeometryError
        If the shapes differ, or a shift is not finite.
    """

    grid: Grid
    shift_mm: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.shift_mm.shape != (*self.grid.shape, 3) or not np.isfinite(self.shift_mm).all():
            raise GeometryError(
                f"Bend.shift_mm must be finite, of shape {(*self.grid.shape, 3)}, got "
                f"{self.shift_mm.shape}."
            )

    def apply(self, points_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return where points ``n 3`` [mm] come to lie."""
        from scipy.ndimage import map_coordinates

        inverse = np.linalg.inv(self.grid.matrix)
        index = inverse[:3, :3] @ points_mm.T + inverse[:3, 3:]
        shift = [map_coordinates(part, index, order=1) for part in np.moveaxis(self.shift_mm, 3, 0)]
        return np.asarray(points_mm + np.transpose(shift), np.float64)
