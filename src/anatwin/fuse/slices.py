"""The slices of one stack: where each lies, how far it is believed, how it fits an image."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid
from anatwin.fuse.posed import Posed
from anatwin.ops.morphology import bounding_box
from anatwin.ops.slabs import Slabs

Array = NDArray[np.float32]

_GAUSSIAN_REACH = 2.0
_MOTION_STEPS = 3
_LEAST_PIXELS = 60
_GAINS = (0.5, 2.0)
_SHADING_MM = 30.0
_TOLERANCE = 1.5
"""By how much more than usual a slice may misfit before it counts less."""


class Optics(Protocol):
    """How slices were measured."""

    @property
    def profile(self) -> str:
        """``boxcar`` or ``gaussian``."""

    @property
    def thickness(self) -> float:
        """Full width at half maximum, in slice distances."""

    @property
    def margin_mm(self) -> float:
        """How far around labels pixels count."""


@dataclass(frozen=True, eq=False)
class Slices:
    """A stack's slices, its slice axis last.

    Parameters
    ----------
    slabs
        From the image to the slices.
    values
        What was measured, ``i j slice``.
    trust
        How much each pixel counts, 0 to 1.
    shading
        How smooth the coils' shading is: standard deviations along the axes.
    """

    slabs: Slabs
    values: Array
    trust: Array
    shading: tuple[float, float, float]

    def scaled(self, factor: float) -> "Slices":
        """Return the stack with its values multiplied."""
        return replace(self, values=self.values * np.float32(factor))

    def level(self) -> float:
        """Return how bright the stack is; 0 where nothing of it counts."""
        counted = self.values[(self.trust > 0) & (self.values != 0)]
        return float(np.percentile(counted, 98)) if counted.size else 0.0

    def curvature(self) -> Array:
        """Return how much all pixels that see a voxel count."""
        return np.asarray(self.slabs.adjoint(self.trust), np.float32)

    def back_projected(self) -> Array:
        """Return what all pixels that see a voxel measured, weighed by how much they count."""
        return np.asarray(self.slabs.adjoint(self.trust * self.values), np.float32)

    def slope(self, image: Array, limit: float) -> Array:
        """Return the slope of the misfit: squares up to ``limit``, linear beyond."""
        residual = np.clip(self.slabs.forward(image) - self.values, -limit, limit)
        return np.asarray(self.slabs.adjoint(self.trust * residual), np.float32)

    def spread(self, image: Array) -> float:
        """Return a robust standard deviation of the residual."""
        residual = np.abs(self.slabs.forward(image) - self.values)[self.trust > 0]
        return 1.4826 * float(np.median(residual)) + 1e-4

    def matched(self, image: Array) -> "Slices":
        """Return the stack with its smooth shading fitted, and bad slices trusted less."""
        predicted = self.slabs.forward(image)
        values = self.values * self._shading(predicted)
        counted = self.trust > 0
        misfit = np.full(values.shape[2], np.nan)
        for k in range(len(misfit)):
            use = counted[:, :, k]
            if use.sum() >= _LEAST_PIXELS:
                expected = predicted[:, :, k][use]
                error = values[:, :, k][use] - expected
                misfit[k] = np.sqrt(np.mean(error**2) / np.maximum(expected.var(), 1e-6))
        return replace(self, values=values, trust=_believed(counted, misfit))

    def _shading(self, predicted: Array) -> Array:
        """Return the smooth factor that brings the stack's brightness to the predicted one."""
        from scipy.ndimage import gaussian_filter

        expected, seen = (
            gaussian_filter(x * self.trust, self.shading) for x in (predicted, self.values)
        )
        floor = np.float32(0.05) * seen.max() + np.float32(1e-6)
        return np.clip((expected + floor) / (seen + floor), *_GAINS).astype(np.float32)

    def moved(self, image: Array) -> "Slices":
        """Return the stack with every slice moved to where it fits the image best."""
        index = self.slabs.index.copy()
        for k in range(len(index)):
            trust = self.trust[:, :, k]
            if np.count_nonzero(trust) < _LEAST_PIXELS:
                continue
            for _ in range(_MOTION_STEPS):
                slabs = replace(self.slabs, index=index)
                index[k] = slabs.slice_motion(image, self.values[:, :, k], trust, k) @ index[k]
        return replace(self, slabs=replace(self.slabs, index=index))


def slices_of(view: Posed, grid: Grid, optics: Optics) -> Slices:
    """Return a view's slices, cropped to what counts, for an image on a grid."""
    axis = view.slice_axis
    order = (*(n for n in range(3) if n != axis), axis)
    values = np.asarray(view.volume.magnitude().data, np.float32).transpose(order)
    counted = _counted(view, optics.margin_mm).transpose(order)
    box = bounding_box(counted) or (slice(0, 1),) * 3
    start = np.zeros(4)
    for n, part in enumerate(box):
        start[order[n]] = part.start
    to_grid = np.linalg.inv(view.index_from(grid))
    shape = tuple(part.stop - part.start for part in box)
    index = np.zeros((shape[2], 4, 4))
    for k in range(shape[2]):
        step = start.copy()
        step[axis] += k
        index[k, :, :3] = to_grid[:, list(order)]
        index[k, :, 3] = to_grid @ step + to_grid[:, 3]
    offsets, weights = _profile(optics, float(np.linalg.norm(to_grid[:3, axis])))
    slabs = Slabs(index, offsets, weights, shape, grid.shape)  # type: ignore[arg-type]
    kept = np.ascontiguousarray(counted[box], np.float32)
    # A pixel whose slice leaves the grid is predicted in part; it would pull the edge down.
    covered = slabs.forward(np.ones(grid.shape, np.float32)) > 0.999
    measured = np.ascontiguousarray(values[box])
    a, b, c = (_SHADING_MM / view.volume.grid.spacing_mm[n] for n in order)
    return Slices(slabs, measured, kept * covered, (a, b, c))


def _counted(view: Posed, margin_mm: float) -> NDArray[np.bool_]:
    """Return the pixels near a labelled structure; all of them where there are no labels."""
    from scipy.ndimage import distance_transform_edt

    if view.labels is None:
        return np.ones(view.volume.grid.shape, np.bool_)
    spacing = np.array(view.volume.grid.spacing_mm)
    spacing[view.slice_axis] = 1e6  # each slice alone: its neighbour may lie elsewhere
    known = view.labels.data > 0
    return np.asarray(distance_transform_edt(~known, sampling=spacing) <= margin_mm)


def _profile(optics: Optics, voxels: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return offsets [slice distance] at most a voxel apart, and weights."""
    is_boxcar = optics.profile == "boxcar"
    length = optics.thickness * (1.0 if is_boxcar else _GAUSSIAN_REACH)
    n = max(int(np.ceil(length * voxels - 1e-9)), 1)
    offsets = np.linspace(-1, 1, 2 * n + 1)[1::2] * (length / 2)
    sigma = optics.thickness / 2.3548
    weights = np.ones(n) if is_boxcar else np.exp(-((offsets / sigma) ** 2) / 2)
    return offsets, np.asarray(weights / weights.sum())


def _believed(counted: NDArray[np.bool_], misfit: NDArray[Any]) -> Array:
    """Return the trust in every pixel: slices that fit worse than usual count less."""
    usual = float(np.nanmedian(misfit)) if np.isfinite(misfit).any() else 1.0
    excess = np.maximum(np.nan_to_num(misfit, nan=usual) / max(usual, 1e-9) - _TOLERANCE, 0)
    return np.asarray(counted / (1 + (2 * excess) ** 2), np.float32)
