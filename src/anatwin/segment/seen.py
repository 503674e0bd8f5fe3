"""A scan as the networks see it, and the way back from probabilities to its voxels."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, Volume
from anatwin.ops.blocks import block_means
from anatwin.ops.intensity import percentile_bounds, rescale
from anatwin.ops.morphology import Box, bounding_box, span
from anatwin.ops.patches import Scores
from anatwin.ops.resample import Matrix
from anatwin.segment.lattice import Lattice

_EMPTY = 0.05
"""Mean of a 4 mm cube of the rescaled image that is surely background below."""

_MARGIN_MM = 12
"""Of background: the atlas learns from it what background looks like."""

STRIDE = 32
"""Windows are multiples of this."""


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """The part of a scan that shows a head, at 1 mm.

    Parameters
    ----------
    volume
        The scan.
    lattice
        Between its voxels and those at 1 mm.
    box
        The part of the lattice that holds the head.
    head
        Grey values there from 0 to 1, with background added up to a window, ``i j k``.
    bounds
        The scan's values that are 0 and 1 there.
    """

    volume: Volume
    lattice: Lattice
    box: Box
    head: NDArray[np.float32]
    bounds: tuple[float, float]

    @classmethod
    def of(cls, volume: Volume, window: int) -> Self:
        """Return a scan for windows of so many voxels.

        Raises
        ------
        InputError
            If it cannot hold a head, or shows none.
        """
        _require_head_sized(volume)
        lattice = Lattice.of(volume.grid)
        image = lattice.sample(volume.magnitude().data)
        if image.min() == image.max():
            raise InputError(
                "The image has the same value everywhere; there is nothing to segment."
            )
        bounds = percentile_bounds(image)
        image = rescale(image, bounds)
        box = occupied_box(image, _MARGIN_MM)
        return cls(volume, lattice, box, _pad(image[box], window), bounds)

    def labelled(
        self, slabs: Iterable[tuple[int, Scores]]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
        """Return the likeliest class of every voxel of the scan, and how unsure that is.

        Parameters
        ----------
        slabs
            First plane and probabilities of the head's voxels, ``class i j k``, in order.
        """
        from anatwin.segment.argmax import label_slabs  # numba: only when it runs

        labels = np.zeros(self.volume.grid.shape, np.uint8)
        uncertainty = np.zeros(labels.shape, np.float16)
        rows, back = _restrict(self.lattice.back, self.box, self.head.shape)
        label_slabs(
            slabs, back, self.lattice.view(labels)[rows], self.lattice.view(uncertainty)[rows]
        )
        return labels, uncertainty

    def spread(self, data: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return labels of the head's voxels on the scan's, nearest first."""
        found = np.zeros(self.volume.grid.shape, np.uint8)
        rows, back = _restrict(self.lattice.back, self.box, self.head.shape)
        nearest = [matrix.argmax(axis=1) for matrix in back]
        self.lattice.view(found)[rows] = data[np.ix_(*nearest)]
        return found


def _require_head_sized(volume: Volume) -> None:
    extent_mm = [n * s for n, s in zip(volume.grid.shape, volume.grid.spacing_mm, strict=True)]
    size = " x ".join(f"{mm:.0f}" for mm in extent_mm)
    if min(volume.grid.shape) < 2:
        raise InputError(
            f"Segmentation needs a 3-D scan, got one slice ({volume.grid.shape}); "
            "give the whole series."
        )
    if min(extent_mm) < 32 or max(volume.grid.spacing_mm) > 12:
        spacing = " x ".join(f"{mm:.2g}" for mm in volume.grid.spacing_mm)
        raise InputError(
            f"A head needs at least 32 mm along every axis and voxels of at most 12 mm, got "
            f"{size} mm with voxels of {spacing} mm; check the spacing in the header."
        )
    if max(extent_mm) > 700:
        raise InputError(f"A head scan is at most 700 mm wide, got {size} mm; check the spacing.")


def is_occupied(image: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which 4 mm cubes are brighter than background."""
    return block_means(image, 4) > _EMPTY


def occupied_box(image: NDArray[np.float32], margin: int) -> Box:
    """Return the part of the image that holds the head, with a margin in voxels.

    Raises
    ------
    InputError
        If there is none.
    """
    cubes = bounding_box(is_occupied(image))
    if cubes is None:
        raise InputError("No head was found: the image is dark apart from single voxels.")
    i, j, k = (
        slice(max(0, 4 * part.start - margin), min(n, 4 * part.stop + margin))
        for part, n in zip(cubes, image.shape, strict=True)
    )
    return (i, j, k)


def window_size(n: int, window: int) -> int:
    """Return the size of the window that so many voxels are seen by, at most ``window``."""
    return min(window, -(-n // STRIDE) * STRIDE)


def _pad(image: NDArray[np.float32], window: int) -> NDArray[np.float32]:
    """Return the image with background added up to a window, or up to a size it can have."""
    sizes = [max(n, window_size(n, window)) for n in image.shape]
    return np.pad(image, [(0, m - n) for m, n in zip(sizes, image.shape, strict=True)])


def _restrict(
    matrices: tuple[Matrix, ...], box: Box, shape: tuple[int, ...]
) -> tuple[Box, list[Matrix]]:
    """Return the scan's voxels that a box of the lattice decides, and their matrices."""
    rows, parts = [], []
    for matrix, part, n in zip(matrices, box, shape, strict=True):
        seen = matrix[:, part]
        row = span(seen.sum(axis=1) > 0.5)
        seen = seen[row] / seen[row].sum(axis=1, keepdims=True)
        rows.append(row)
        parts.append(np.pad(seen, ((0, 0), (0, n - seen.shape[1]))))
    return (rows[0], rows[1], rows[2]), parts
