"""Slices of a volume, each seen through its profile, wherever each of them lies."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled
from anatwin.ops.rigid_motion import rigid
from anatwin.ops.warp import trilinear

Array = NDArray[Any]
Matrix = NDArray[np.float64]

_ROWS = 9
"""One, the measured and the predicted value, and the slope by three shifts and three turns."""


@dataclass(frozen=True, eq=False)
class Slabs:
    """The linear map from a volume to the slices of one stack.

    A pixel is the mean of trilinear values along the slice's normal, weighed by the profile.

    Parameters
    ----------
    index
        For every slice, from pixel ``i j`` and distance from the slice's centre to an index of
        the volume, ``slice 4 4``.
    offsets, weights
        Where a profile is sampled, as a distance from the centre, and its weights.
    shape
        Pixels of a slice and number of slices.
    source
        Voxels of the volume.
    """

    index: Matrix
    offsets: Matrix
    weights: Matrix
    shape: tuple[int, int, int]
    source: tuple[int, int, int]

    def forward(self, volume: Array) -> Array:
        """Return the slices ``i j slice`` of a volume ``i j k``."""
        slices = np.zeros((self.shape[2], *self.shape[:2]), volume.dtype)
        _project(np.ascontiguousarray(volume), self.index, self.offsets, self.weights, slices)
        return np.moveaxis(slices, 0, 2)

    def adjoint(self, slices: Array) -> Array:
        """Return the volume ``i j k`` that every pixel adds to."""
        volume = np.zeros(self.source, slices.dtype)
        stacked = np.ascontiguousarray(np.moveaxis(slices, 2, 0))
        _spread(stacked, self.index, self.offsets, self.weights, volume)
        return volume

    def slice_motion(self, volume: Array, measured: Array, trust: Array, k: int) -> Matrix:
        """Return how to move a slice so that it resembles the volume more.

        Parameters
        ----------
        volume
            ``i j k``.
        measured, trust
            Values of slice ``k`` and how much each counts, ``i j``.
        k
            Which slice.

        Returns
        -------
        motion
            4 x 4, in the volume's index space; one Gauss-Newton step of the correlation.
        """
        values, counts = (np.ascontiguousarray(x, np.float32) for x in (measured, trust))
        centre = self.index[k] @ [(self.shape[0] - 1) / 2, (self.shape[1] - 1) / 2, 0, 1]
        sums = np.zeros((_ROWS, _ROWS))
        profile = np.stack([self.offsets, self.weights])
        _compare(volume, (values, counts), self.index[k], profile, centre[:3].copy(), sums)
        step = _step(np.asarray(np.triu(sums) + np.triu(sums, 1).T))
        about = np.eye(4)
        about[:3, 3] = centre[:3]
        return np.asarray(about @ rigid(step[:3], step[3:]) @ np.linalg.inv(about))


def _step(sums: Matrix) -> Matrix:
    """Return shifts [voxel] and turns [rad] that raise the correlation; zero where unclear."""
    if sums[0, 0] < 1:
        return np.zeros(6)
    spread = sums[1:, 1:] - np.outer(sums[1:, 0], sums[0, 1:]) / sums[0, 0]
    if min(spread[0, 0], spread[1, 1]) <= 0 or spread[0, 1] <= 0:
        return np.zeros(6)
    gain = spread[0, 1] / spread[1, 1]  # of the prediction, to fit the measurement
    slopes = spread[2:, 2:] * gain**2
    error = spread[2:, 0] * gain - spread[2:, 1] * gain**2
    damping = np.diag(0.05 * np.diag(slopes) + 1e-9 * np.trace(slopes) + 1e-30)
    return np.linalg.solve(slopes + damping, error)


@compiled
def _point(index: Array, i: float, j: float, offset: float, at: Array) -> None:
    for axis in range(3):
        row = index[axis]
        at[axis] = row[0] * i + row[1] * j + row[2] * offset + row[3]


@compiled
def _project(volume: Array, index: Array, offsets: Array, weights: Array, slices: Array) -> None:
    at = np.zeros(3)
    ni, nj, nk = volume.shape
    for k in range(slices.shape[0]):
        for i in range(slices.shape[1]):
            for j in range(slices.shape[2]):
                total = slices[k, i, j] * 0
                for q in range(len(offsets)):
                    _point(index[k], i, j, offsets[q], at)
                    a, b, c = int(np.floor(at[0])), int(np.floor(at[1])), int(np.floor(at[2]))
                    if a < 0 or b < 0 or c < 0 or a > ni - 2 or b > nj - 2 or c > nk - 2:
                        continue
                    u, v, w = at[0] - a, at[1] - b, at[2] - c
                    for da in range(2):
                        wa = u if da else 1 - u
                        for db in range(2):
                            wb = wa * (v if db else 1 - v)
                            low, high = volume[a + da, b + db, c], volume[a + da, b + db, c + 1]
                            total += weights[q] * wb * (low + w * (high - low))
                slices[k, i, j] = total


@compiled
def _spread(slices: Array, index: Array, offsets: Array, weights: Array, volume: Array) -> None:
    at = np.zeros(3)
    ni, nj, nk = volume.shape
    for k in range(slices.shape[0]):
        for i in range(slices.shape[1]):
            for j in range(slices.shape[2]):
                value = slices[k, i, j]
                if value == 0:
                    continue
                for q in range(len(offsets)):
                    _point(index[k], i, j, offsets[q], at)
                    a, b, c = int(np.floor(at[0])), int(np.floor(at[1])), int(np.floor(at[2]))
                    if a < 0 or b < 0 or c < 0 or a > ni - 2 or b > nj - 2 or c > nk - 2:
                        continue
                    u, v, w = at[0] - a, at[1] - b, at[2] - c
                    for da in range(2):
                        wa = weights[q] * (u if da else 1 - u)
                        for db in range(2):
                            wb = wa * (v if db else 1 - v)
                            volume[a + da, b + db, c] += wb * (1 - w) * value
                            volume[a + da, b + db, c + 1] += wb * w * value


@compiled
def _compare(
    volume: Array, pixels: tuple[Array, Array], index: Array, profile: Array, centre: Array,
    sums: Array,
) -> None:  # fmt: skip
    measured, trust = pixels
    row, at, slope = np.ones(_ROWS), np.zeros(3), np.zeros(3)
    for i in range(measured.shape[0]):
        for j in range(measured.shape[1]):
            if trust[i, j] <= 0:
                continue
            row[1] = measured[i, j]
            row[2:] = 0
            is_complete = True
            for q in range(profile.shape[1]):
                _point(index, i, j, profile[0, q], at)
                is_inside, value = trilinear(volume, at, slope)
                if not is_inside:
                    is_complete = False
                    break
                weight = profile[1, q]
                x, y, z = at[0] - centre[0], at[1] - centre[1], at[2] - centre[2]
                row[2] += weight * value
                row[3] += weight * slope[0]
                row[4] += weight * slope[1]
                row[5] += weight * slope[2]
                row[6] += weight * (slope[2] * y - slope[1] * z)
                row[7] += weight * (slope[0] * z - slope[2] * x)
                row[8] += weight * (slope[1] * x - slope[0] * y)
            if not is_complete:
                continue
            for p in range(_ROWS):
                scaled = trust[i, j] * row[p]
                for q in range(p, _ROWS):
                    sums[p, q] += scaled * row[q]
