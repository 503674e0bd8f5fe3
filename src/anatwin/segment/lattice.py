"""The lattice that a network sees: right, anterior and superior upwards, mostly at 1 mm."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid
from anatwin.ops.morphology import Box
from anatwin.ops.resample import Matrix, apply_matrices, linear_matrix


@dataclass(frozen=True, eq=False, slots=True)
class Lattice:
    """How a scan's voxels and the network's lattice see each other.

    The network's axes are those of the scan that point nearest to right, anterior and superior,
    so that an oblique scan is not turned: heads are scanned along their own axes, and nothing is
    interpolated twice. Where the scan has the lattice's spacing, both are the same. Where slices
    come last, the axis with the longest voxels follows the two others.

    Parameters
    ----------
    box
        Part of the scan that is seen.
    axes
        Scan axis of each axis of the lattice.
    is_flipped
        Whether that scan axis points the other way.
    forward, back
        Matrices from the scan's axes to the lattice's, and from the lattice's to the scan's.
    side
        The lattice's axis between left and right.
    """

    box: Box
    axes: tuple[int, ...]
    is_flipped: tuple[bool, ...]
    forward: tuple[Matrix, ...]
    back: tuple[Matrix, ...]
    side: int

    @classmethod
    def of(
        cls,
        grid: Grid,
        spacing_mm: Sequence[float] = (1.0, 1.0, 1.0),
        *,
        box: Box | None = None,
        slices_last: bool = False,
    ) -> Self:
        """Return the lattice of a spacing [mm] over a box of a scan, or all its field of view."""
        i, j, k = box or (slice(0, n) for n in grid.shape)
        lengths = [part.stop - part.start for part in (i, j, k)]
        codes = grid.axis_codes()
        axes = [_axis(codes, pair) for pair in ("RL", "AP", "SI")]
        left_right = axes[0]
        if slices_last:
            axes.sort(key=lambda axis: grid.spacing_mm[axis] == max(grid.spacing_mm))
        sizes = [
            (lengths[axis], grid.spacing_mm[axis] / step)
            for axis, step in zip(axes, spacing_mm, strict=True)
        ]
        steps = [(n, max(1, round(n * s)), _near_one(s, n)) for n, s in sizes]
        return cls(
            (i, j, k),
            tuple(axes),
            tuple(codes[axis] in "LPI" for axis in axes),
            tuple(linear_matrix(n, m, 1 / s) for n, m, s in steps),
            tuple(linear_matrix(m, n, s) for n, m, s in steps),
            axes.index(left_right),
        )

    def view(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return a view of what is seen of a scan's array, its axes the lattice's, to R, A, S."""
        flips = tuple(slice(None, None, -1 if flip else 1) for flip in self.is_flipped)
        return array[self.box].transpose(self.axes)[flips]

    def sample(self, array: NDArray[Any]) -> NDArray[np.float32]:
        """Return a scan's values on the lattice."""
        return apply_matrices(self.view(array), self.forward)


def _axis(codes: str, pair: str) -> int:
    return next(axis for axis, code in enumerate(codes) if code in pair)


def _near_one(step: float, n: int) -> float:
    """Return 1 for a step that differs from it by less than a tenth of a voxel in total."""
    return 1.0 if abs(step - 1) * n < 0.1 else step
