"""A scan as registration sees it: a smooth, nearly isotropic image that knows its slices."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.align.global_rigid import Similarity
from anatwin.core import Grid, QualityError, Volume
from anatwin.ops.morphology import bounding_box
from anatwin.ops.resample import apply_matrices, linear_matrix
from anatwin.ops.rigid_fit import Image

Matrix = NDArray[np.float64]

_MARGIN = 0.1
_TOP_PERCENTILE = 99.8


@dataclass(frozen=True, eq=False)
class Stack:
    """A scan, cropped to what it shows.

    Parameters
    ----------
    values
        ``i j k``, the brightest thousandths clipped.
    grid
        Where they are.
    """

    values: NDArray[np.float32]
    grid: Grid

    @classmethod
    def of(cls, volume: Volume) -> "Stack":
        """Return the box of a volume's voxels that are not zero, and a margin.

        Raises
        ------
        QualityError
            If all voxels have one value.
        """
        data = volume.magnitude().data
        box = bounding_box(data != 0)
        if box is None or float(data.max()) == float(data.min()):
            raise QualityError("A scan that is empty cannot be aligned; is it the right file?")
        margins = [int(np.ceil(_MARGIN * (part.stop - part.start))) for part in box]
        kept = tuple(
            slice(max(part.start - m, 0), min(part.stop + m, n))
            for part, m, n in zip(box, margins, data.shape, strict=True)
        )
        values = np.asarray(data[kept], np.float32)
        top = float(np.percentile(values[values != 0], _TOP_PERCENTILE))
        matrix = volume.grid.matrix
        matrix[:3, 3] = volume.grid.at(*(part.start for part in kept))
        grid = Grid.from_matrix(values.shape, matrix, volume.grid.frame)
        return cls(np.minimum(values, top), grid)

    @property
    def axis(self) -> int:
        """Grid axis along which slices lie: that of the largest spacing."""
        return int(np.argmax(self.grid.spacing_mm))

    @property
    def distance_mm(self) -> float:
        """From one slice to the next."""
        return self.grid.spacing_mm[self.axis]

    @property
    def normal(self) -> Matrix:
        """Unit vector from slice to slice, in the scan's world."""
        return self.grid.matrix[:3, self.axis] / self.distance_mm

    @property
    def centre(self) -> Matrix:
        """Middle of the box [mm]."""
        return np.array(self.grid.at(*((n - 1) / 2 for n in self.grid.shape)))

    @property
    def edges_mm(self) -> Matrix:
        """Edge lengths of the box."""
        return np.array(self.grid.shape) * self.grid.spacing_mm

    def lattice(self, spacing_mm: float) -> Grid:
        """Return an isotropic lattice over the box, its axes those of the scan."""
        shape = np.maximum(np.rint(self.edges_mm / spacing_mm).astype(int), 2)
        matrix = np.eye(4)
        matrix[:3, :3] = self.grid.matrix[:3, :3] / self.grid.spacing_mm * spacing_mm
        matrix[:3, 3] = self.centre - matrix[:3, :3] @ ((shape - 1) / 2)
        return Grid.from_matrix(shape, matrix, self.grid.frame)

    def smoothed(self, spacing_mm: float, sigma_mm: float) -> Volume:
        """Return the scan on an isotropic lattice, blurred alike in all directions.

        Values between slices are interpolated linearly. What slices already blurred along their
        normal, by their thickness and by that interpolation, is not blurred again.
        """
        from scipy.ndimage import gaussian_filter1d

        lattice = self.lattice(spacing_mm)
        values = self._interpolated(lattice, spacing_mm)
        for axis, voxel in enumerate(self.grid.spacing_mm):
            done = voxel**2 / 4 if axis == self.axis else max(spacing_mm, voxel) ** 2 / 6
            if (left := sigma_mm**2 - done) > 0:
                sigma = np.sqrt(left) / spacing_mm
                values = gaussian_filter1d(values, sigma, axis=axis, mode="constant")
        return Volume(values, lattice)

    def crossed(self, spacing_mm: float, direction: Matrix, sigma_mm: float) -> Volume:
        """Return the scan on an isotropic lattice, blurred along another scan's normal alone."""
        lattice = self.lattice(spacing_mm)
        values = self._interpolated(lattice, spacing_mm)
        return Volume(_blurred_along(values, lattice, direction, sigma_mm), lattice)

    def image(self, volume: Volume, similarity: Similarity, confidence: float = np.inf) -> Image:
        """Return one of this scan's volumes as the fit takes it."""
        values = _edges(volume.data) if similarity == "edges" else volume.data
        return Image(
            np.ascontiguousarray(values, np.float32),
            np.asarray(np.linalg.inv(volume.grid.matrix), np.float64),
            np.asarray(np.linalg.inv(self.grid.matrix)[self.axis], np.float64),
            self.grid.shape[self.axis],
            confidence,
        )

    def _interpolated(self, lattice: Grid, spacing_mm: float) -> NDArray[np.float32]:
        steps = zip(self.grid.shape, lattice.shape, self.grid.spacing_mm, strict=True)
        matrices = [linear_matrix(n, m, spacing_mm / voxel) for n, m, voxel in steps]
        return apply_matrices(self.values, matrices)


def _edges(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return how steep an image is, 0 to 1: the same for every contrast that shows an edge.

    Source: the normalised gradient of Haber and Modersitzki 2006, doi:10.1007/11866763_89.
    """
    steep = np.sqrt(sum(slope**2 for slope in np.gradient(values)))
    usual = float(steep[steep > 0.02 * steep.max()].mean()) if steep.any() else 1.0
    return np.asarray(steep / np.hypot(steep, usual), np.float32)


def _blurred_along(
    values: NDArray[np.float32], grid: Grid, direction: Matrix, sigma_mm: float
) -> NDArray[np.float32]:
    """Return the image convolved with a Gaussian along one direction; outside is zero."""
    from scipy.fft import fftfreq, irfftn, next_fast_len, rfftfreq, rfftn

    pad = np.abs(np.linalg.inv(grid.matrix[:3, :3]) @ direction) * 2.5 * sigma_mm
    i, j, k = (next_fast_len(int(n + p), real=True) for n, p in zip(grid.shape, pad, strict=True))
    along = direction @ np.linalg.inv(grid.matrix[:3, :3]).T
    cycles = (
        fftfreq(i)[:, None, None] * along[0]
        + fftfreq(j)[:, None] * along[1]
        + rfftfreq(k) * along[2]
    )
    damping = np.exp(-2 * (np.pi * sigma_mm * cycles) ** 2).astype(np.float32)
    smooth = irfftn(rfftn(values, (i, j, k)) * damping, s=(i, j, k))
    a, b, c = grid.shape
    return np.asarray(smooth[:a, :b, :c], np.float32)
