"""A block of voxels on which tissues are painted, later ones over earlier ones."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid
from anatwin.phantoms.anatomy import Anatomy, Half
from anatwin.phantoms.shapes import Box, Field, Points
from anatwin.phantoms.waves import bent_points

Shape = Callable[[Points], Field]
Layers = tuple[tuple[str, float], ...]

_BEND_MM = 7.0
_LATTICE_MM = 1.0
"""Fields are evaluated at voxels no farther apart than this, and are linear between them."""

_FINE_MM = 0.6
"""The same for what has narrow parts."""


class Canvas:
    """Tissue numbers of slices of a grid, and where their voxels lie in the average head.

    A shape is a function that is negative inside; a box [mm] of the average head tells where it
    may be, so that it is not looked for elsewhere. What is evaluated on a lattice coarser than
    the voxels is evaluated at the same places of the grid for whatever slices.
    """

    def __init__(
        self, grid: Grid, slices: range, anatomy: Anatomy, numbers: dict[str, int]
    ) -> None:
        self.anatomy = anatomy
        self.tissue = np.zeros((*grid.shape[:2], len(slices)), np.uint8)
        self._slices, self._numbers = slices, numbers
        self._spacing_mm = grid.spacing_mm
        self._matrix = anatomy.to_head @ grid.matrix
        self._to_index = np.linalg.inv(self._matrix)
        self._seen: dict[tuple[object, ...], Points] = {}

    def start(self, layers: Layers, shape: Shape) -> None:
        """Paint tissues inside a shape that may be anywhere, also where nothing is yet."""
        i, j, k = self.tissue.shape
        box = (range(i), range(j), range(k))
        field = self._field(shape, box, None, _LATTICE_MM)
        for name, depth in layers:
            self.tissue[field < -depth] = self._numbers[name]

    def paint(self, name: str, shape: Shape, box: Box, half: Half | None = None) -> None:
        """Paint a tissue inside a shape; of a half of the head, the shape is told for the right.

        ``name`` may hold ``{side}``.
        """
        self.paint_layers(((name, 0.0),), shape, box, half)

    def paint_layers(
        self,
        layers: Layers,
        shape: Shape,
        box: Box,
        half: Half | None = None,
        *,
        over: tuple[str, ...] = (),
        fine: bool = False,
    ) -> None:
        """Paint tissues one inside the other: each deeper in the shape than its depth [mm].

        Parameters
        ----------
        layers
            Names and depths.
        shape
            What is negative inside.
        box
            Where it may be.
        half
            Which half of the head it belongs to; the box is told for the right.
        over
            Tissues that may be painted over; all but the outside by default.
        fine
            Whether it has parts narrower than a millimetre.
        """
        part = self._part(box, half)
        where = tuple(slice(p.start, p.stop) for p in part)
        tissue = self.tissue[where]
        if not tissue.size or not tissue.any():
            return
        may = self._may(tissue, over, half)
        field = self._field(shape, part, half, _FINE_MM if fine else _LATTICE_MM)
        if half:
            may &= self._points(part, (1, 1, 1)).x * np.float32(half.sign) > 0
        for name, depth in layers:
            number = self._numbers[name.format(side=half.name if half else "")]
            tissue[may & (field < -depth)] = number

    def _may(
        self, tissue: NDArray[np.uint8], over: tuple[str, ...], half: Half | None
    ) -> NDArray[np.bool_]:
        if not over:
            return tissue > 0
        side = half.name if half else ""
        return np.isin(tissue, [self._numbers[name.format(side=side)] for name in over])

    def _field(
        self, shape: Shape, part: tuple[range, ...], half: Half | None, lattice_mm: float
    ) -> Field:
        """Return a shape's field over part of the block."""
        steps = tuple(max(1, int(lattice_mm / spacing)) for spacing in self._spacing_mm)
        points = self._points(part, steps)
        field = shape(points.lateral(half.sign) if half else points)
        starts = (0, 0, self._slices.start)
        for axis, (step, run, start) in enumerate(zip(steps, part, starts, strict=True)):
            if step > 1:
                field = _linear(field, axis, step, range(run.start + start, run.stop + start))
        return field

    def _points(self, part: tuple[range, ...], steps: tuple[int, ...]) -> Points:
        """Return the positions of every so many voxels, those around the part's ends included."""
        key = (part, steps)
        if key not in self._seen:
            starts = (0, 0, self._slices.start)
            index = tuple(
                np.arange((p.start + s) // n, -(-(p.stop - 1 + s) // n) + 1) * n
                for p, s, n in zip(part, starts, steps, strict=True)
            )
            self._seen = {key: bent_points(self._matrix, index, self.anatomy.bend)}  # type: ignore[arg-type]
        return self._seen[key]

    def _part(self, box: Box, half: Half | None) -> tuple[range, ...]:
        (x0, *low), (x1, *high) = box
        if half and half.sign < 0:
            x0, x1 = -x1, -x0
        ends = np.array([[x0, *low], [x1, *high]]) + np.array([[-_BEND_MM], [_BEND_MM]])
        corners = np.stack(np.meshgrid(*ends.T, indexing="ij")).reshape(3, -1)
        index = self._to_index[:3, :3] @ corners + self._to_index[:3, 3:]
        first, last = np.floor(index.min(axis=1)), np.ceil(index.max(axis=1)) + 1
        starts = (0, 0, self._slices.start)
        return tuple(
            range(min(max(int(a) - s, 0), n), min(max(int(b) - s, 0), n))
            for a, b, s, n in zip(first, last, starts, self.tissue.shape, strict=True)
        )


def _linear(field: Field, axis: int, step: int, wanted: range) -> Field:
    """Return a field known at every so many indices at all ``wanted`` ones, linear between."""
    at = np.arange(wanted.start, wanted.stop)
    node = at // step - wanted.start // step
    weight = ((at % step) / step).astype(np.float32)
    weight = weight.reshape([-1 if a == axis else 1 for a in range(3)])
    first = np.take(field, node, axis)
    second = np.take(field, np.minimum(node + 1, field.shape[axis] - 1), axis)
    second -= first
    second *= weight
    second += first
    return second
