"""Count every structure of a label map at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, Label, Labels

Numbers = NDArray[np.int64]
Line = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Structure:
    """What one pass over a label map tells about a structure.

    Parameters
    ----------
    label
        Which structure.
    n_voxels
        Its voxels.
    area_mm2
        Estimated area of its boundary.
    centroid_mm
        Mean position of its voxels, RAS+.
    extent_mm
        Size along right-left, anterior-posterior and superior-inferior.
    gap_mm
        Distance from the structure to the edge of the grid towards each of ``RLAPSI``; 0 where
        its voxels reach the edge.
    """

    label: Label
    n_voxels: int
    area_mm2: float
    centroid_mm: tuple[float, float, float]
    extent_mm: tuple[float, float, float]
    gap_mm: dict[str, float]

    @property
    def is_cut(self) -> bool:
        """Whether the structure reaches the edge of the grid."""
        return min(self.gap_mm.values()) == 0


def census(labels: Labels) -> dict[str, Structure]:
    """Return every structure that was found, by name.

    The area is two thirds of the exposed voxel faces, which for boundaries that point equally
    everywhere is the true area (Cauchy-Crofton). Faces on the edge of the grid do not count.
    """
    n = max(labels.table.indices, default=0) + 1
    faces = _exposed_faces(labels.data, n)
    profiles = _profiles(labels.data, n)
    x, y, z = labels.grid.spacing_mm
    area = faces @ np.array([y * z, x * z, x * y]) * 2 / 3
    found = [label for label in labels.table.labels if profiles[0][label.index].any()]
    return {
        label.name: _describe(
            label, [p[label.index] for p in profiles], labels.grid, float(area[label.index])
        )
        for label in found
    }


def _profiles(data: NDArray[np.unsignedinteger], n: int) -> list[Numbers]:
    """Return the voxels of every label in every plane of every axis, ``label plane``."""
    counts = [np.zeros((n, size), np.int64) for size in data.shape]
    rows = np.arange(data.shape[1])[:, None] * n
    columns = np.arange(data.shape[2]) * n
    for index, plane in enumerate(data):
        by_row = np.bincount((plane + rows).ravel(), minlength=n * len(rows))
        by_column = np.bincount((plane + columns).ravel(), minlength=n * len(columns))
        counts[1] += by_row.reshape(-1, n).T
        counts[2] += by_column.reshape(-1, n).T
        counts[0][:, index] = by_row.reshape(-1, n).sum(axis=0)
    return counts


def _exposed_faces(data: NDArray[np.unsignedinteger], n: int) -> Numbers:
    """Count the faces between a label and another, ``label axis``."""
    counts = np.zeros((n, 3), np.int64)
    previous = None
    for plane in data:
        pairs = [(1, plane[:-1], plane[1:]), (2, plane[:, :-1], plane[:, 1:])]
        if previous is not None:
            pairs.append((0, previous, plane))
        for axis, a, b in pairs:
            differ = a != b
            counts[:, axis] += np.bincount(a[differ], minlength=n)
            counts[:, axis] += np.bincount(b[differ], minlength=n)
        previous = plane
    return counts


def _describe(label: Label, profiles: list[Numbers], grid: Grid, area_mm2: float) -> Structure:
    count = int(profiles[0].sum())
    mean = [float(p @ np.arange(len(p))) / count for p in profiles]
    x, y, z = grid.at(mean[0], mean[1], mean[2])
    extent, gap = {}, {}
    for profile, spacing, code in zip(profiles, grid.spacing_mm, grid.axis_codes(), strict=True):
        where = np.flatnonzero(profile)
        first, last = int(where[0]), int(where[-1])
        pair = next(pair for pair in ("RL", "AP", "SI") if code in pair)
        gap[code] = (len(profile) - 1 - last) * spacing
        gap[pair.replace(code, "")] = first * spacing
        extent[pair] = (last - first + 1) * spacing
    size = (extent["RL"], extent["AP"], extent["SI"])
    return Structure(label, count, area_mm2, (x, y, z), size, gap)
