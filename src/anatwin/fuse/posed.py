"""One view among several, and where it lies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core import GeometryError, Grid, Labels, Transform, Volume
from anatwin.ops.morphology import bounding_box

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Posed:
    """A stack of slices and where it lies in the world that all views share.

    Parameters
    ----------
    volume
        What was measured.
    transform
        From the shared world to the stack's own.
    labels
        What was recognised in it, on its own grid, where known.
    """

    volume: Volume
    transform: Transform
    labels: Labels | None = None

    def __post_init__(self) -> None:
        if self.labels is not None:
            self.volume.grid.require_match(self.labels.grid, "A view and its labels")

    @property
    def slice_axis(self) -> int:
        """Grid axis along which slices lie: that of the largest spacing."""
        return int(np.argmax(self.volume.grid.spacing_mm))

    @property
    def distance_mm(self) -> float:
        """From one slice centre to the next."""
        return max(self.volume.grid.spacing_mm)

    def index_from(self, grid: Grid) -> Matrix:
        """Return the map from an index of a grid of the shared world to one of this view."""
        return np.asarray(
            np.linalg.inv(self.volume.grid.matrix) @ self.transform.matrix @ grid.matrix
        )

    def require_labels(self) -> Labels:
        """Return the labels.

        Raises
        ------
        GeometryError
            If there are none.
        """
        if self.labels is None:
            raise GeometryError("A view without labels cannot be fused into a mask.")
        return self.labels


def fine_grid(
    views: Sequence[Posed], spacing_mm: float | None = None, *, margin_mm: float | None = None
) -> Grid:
    """Return an isotropic grid over the box of the first view, its axes those of that view.

    Parameters
    ----------
    views
        The first one lies in the shared world as it is.
    spacing_mm
        Voxel edge; the smallest of all views otherwise.
    margin_mm
        Cover what lies this near to the first view's labels instead, if it has any.
    """
    own, labels = views[0].volume.grid, views[0].labels
    spacing = spacing_mm or min(min(view.volume.grid.spacing_mm) for view in views)
    low, high = np.zeros(3), np.array(own.shape, float)
    box = bounding_box(labels.data > 0) if labels and margin_mm is not None else None
    if box is not None and margin_mm is not None:
        margin = margin_mm / np.array(own.spacing_mm)
        low = np.array([part.start for part in box]) - margin
        high = np.array([part.stop for part in box]) + margin
    shape = np.maximum(np.rint((high - low) * own.spacing_mm / spacing).astype(int), 1)
    matrix = np.eye(4)
    matrix[:3, :3] = own.matrix[:3, :3] / own.spacing_mm * spacing
    centre = np.array(own.at(*((low + high - 1) / 2)))
    matrix[:3, 3] = centre - matrix[:3, :3] @ ((shape - 1) / 2)
    return Grid.from_matrix(shape, matrix, own.frame)
