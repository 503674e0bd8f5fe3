"""A block of voxels on which tissues are painted, later ones over earlier ones."""

from collections.abc import Callable

import numpy as np

from anatwin.core import Grid
from anatwin.phantoms.anatomy import Anatomy, head_points
from anatwin.phantoms.shapes import Field, Points, Position

Shape = Callable[[Points], Field]
Box = tuple[Position, Position]
Layers = tuple[tuple[str, float], ...]

_BEND_MM = 7.0


class Canvas:
    """Tissue numbers of a block, and where its voxels lie in the average head.

    A shape is a function that is negative inside; a box [mm] of the average head tells where it
    may be, so that it is not looked for elsewhere. Only ``start`` paints outside the head.
    """

    def __init__(self, grid: Grid, anatomy: Anatomy, numbers: dict[str, int]) -> None:
        self.anatomy = anatomy
        self.points = head_points(grid, anatomy)
        self.tissue = np.zeros(grid.shape, np.uint8)
        self._numbers = numbers
        self._spacing_mm = grid.spacing_mm
        self._to_index = np.linalg.inv(anatomy.to_head @ grid.matrix)

    def steps(self, reach_mm: float) -> tuple[int, ...]:
        """Return how many voxels along each axis are at most ``reach_mm`` apart, at least one."""
        return tuple(max(1, int(reach_mm / spacing)) for spacing in self._spacing_mm)

    def start(self, name: str, field: Field) -> None:
        """Paint a tissue where the field of the whole block is negative."""
        self.tissue[field < 0] = self._numbers[name]

    def paint(self, name: str, shape: Shape, box: Box) -> None:
        """Paint a tissue inside a shape."""
        self.paint_layers(((name, 0.0),), shape, box)

    def paint_both(self, name: str, shape: Shape, box: Box) -> None:
        """Paint a tissue inside a shape that is told for the right, and inside its mirror image.

        ``name`` may hold ``{side}``.
        """
        self.paint_both_layers(((name, 0.0),), shape, box)

    def paint_layers(self, layers: Layers, shape: Shape, box: Box) -> None:
        """Paint tissues one inside the other: each deeper in the shape than its depth [mm]."""
        self._paint(layers, shape, box, 0)

    def paint_both_layers(self, layers: Layers, shape: Shape, box: Box) -> None:
        """Paint layers inside a shape that is told for the right, and inside its mirror image."""
        (a, *low), (b, *high) = box
        mirrored = ((-b, *low), (-a, *high))
        for side, where in (("right", box), ("left", mirrored)):
            named = tuple((name.format(side=side), depth) for name, depth in layers)
            self._paint(named, shape, where, 1 if side == "right" else -1)  # type: ignore[arg-type]

    def _paint(self, layers: Layers, shape: Shape, box: Box, side: int) -> None:
        part = self._slices(box)
        tissue = self.tissue[part]
        if not tissue.size or not tissue.any():
            return
        points = Points(*(p[part] for p in self.points))
        if side:
            points = points.lateral(side)
        field = shape(points)
        may = (tissue > 0) & (points.x > 0) if side else tissue > 0
        for name, depth in layers:
            tissue[may & (field < -depth)] = self._numbers[name]

    def _slices(self, box: Box) -> tuple[slice, ...]:
        low, high = np.array(box) + np.array([[-_BEND_MM], [_BEND_MM]])
        corners = np.stack(np.meshgrid(*zip(low, high, strict=True), [1.0], indexing="ij"))
        index = (self._to_index @ corners.reshape(4, -1))[:3]
        first, last = np.floor(index.min(axis=1)), np.ceil(index.max(axis=1)) + 1
        return tuple(
            slice(max(int(a), 0), max(int(b), 0)) for a, b in zip(first, last, strict=True)
        )
