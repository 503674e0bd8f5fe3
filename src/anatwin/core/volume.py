"""Images on a grid."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core.errors import GeometryError, InputError
from anatwin.core.grid import Grid


@dataclass(frozen=True, eq=False, slots=True)
class Volume:
    """Real or complex image values on a grid.

    Parameters
    ----------
    data
        Values, ``i j k``, all finite.
    grid
        Position of the voxels.

    Raises
    ------
    GeometryError
        If the array does not have the grid's shape.
    InputError
        If a value is not a number or infinite.
    """

    data: NDArray[Any]
    grid: Grid

    def __post_init__(self) -> None:
        if self.data.shape != self.grid.shape:
            raise GeometryError(
                f"Volume.data must have the shape {self.grid.shape} of its grid, "
                f"got {self.data.shape}."
            )
        if bad := count_not_finite(self.data):
            raise InputError(
                f"Volume.data must be finite, got {bad} NaN or infinite voxels of "
                f"{self.data.size}; repair the file or mask them first."
            )

    def magnitude(self) -> "Volume":
        """Return the absolute value, real."""
        return self if np.isrealobj(self.data) else Volume(np.abs(self.data), self.grid)


def count_not_finite(data: NDArray[Any]) -> int:
    """Count NaN and infinite values, slab by slab so that memory does not double."""
    if data.dtype.kind not in "fc":
        return 0
    return sum(int(slab.size - np.count_nonzero(np.isfinite(slab))) for slab in data)
