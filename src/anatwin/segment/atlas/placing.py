"""Where an atlas lies on a scan: one affine map, from the middles of what the networks found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import overview_table

Array = NDArray[Any]

_TRUST = {
    "brain": 2.0, "csf_space": 2.0, "orbit": 1.0, "chewing_muscle": 1.0, "joint": 1.0,
    "mouth": 1.0, "skeleton": 0.3,
}  # fmt: skip
"""How far the middle of a structure is trusted, by its parent; 0 for the others, which scans cut
off, or which have none worth the name."""

_UNTRUSTED = ("csf",)
_SEEN_IN_PART = {"vertebra_c1": 0.5, "vertebra_c2": 0.5, "vertebra_c3": 0.5}

_LEAST_VOXELS = 50
_MOST_VOXELS = 300
"""Structures larger than this weigh no more than one of this size."""

_STRAY_MM = 6.0
"""Middles this far off count half,"""

_STRAY_MOVED_MM = 15.0
"""and when what the affine map leaves over is followed."""

_REACH_MM = 20.0
"""How far about its middle a structure moves what surrounds it."""

_STILL = 0.3
"""Weight of not moving at all."""

_RIDGE = 0.1
_ROUNDS = 10
_LEAST_STRUCTURES = 6
_SCALES = (0.6, 1.5)
"""Stretches of a scan's head to the atlas's: beyond, what was found is no head that it knows, or
half of one."""


def trust() -> Array:
    """Return the trust in the middle of every structure of the overview, background first."""
    weights = np.zeros(len(overview_table()) + 1)
    for label in overview_table().labels:
        if label.name not in _UNTRUSTED:
            weights[label.index] = _TRUST.get(label.parent, _SEEN_IN_PART.get(label.name, 0.0))
    return weights


def middles(scores: Array, step_mm: float) -> tuple[Array, Array]:
    """Return the middle [mm] and the size [voxel] of every class where it is the likeliest.

    Parameters
    ----------
    scores
        Probabilities or levels, ``class i j k``.
    step_mm
        Voxel edge; the first voxel's centre is the origin.
    """
    likeliest = scores.argmax(axis=0)
    found = np.full((len(scores), 3), np.nan)
    size = np.zeros(len(scores))
    for index in range(1, len(scores)):
        weight = np.where(likeliest == index, scores[index], 0).astype(np.float64)
        size[index] = np.count_nonzero(weight)
        if size[index] >= _LEAST_VOXELS:
            sums = [weight.sum(axis=axes) for axes in ((1, 2), (0, 2), (0, 1))]
            found[index] = [s @ np.arange(len(s)) / weight.sum() for s in sums]
    return found * step_mm, size


def affine(points: Array, onto: Array, weight: Array) -> Array:
    """Return the affine map, 4 x 4, that carries points onto others, strays counting less.

    Parameters
    ----------
    points, onto
        ``n 3``; rows that are NaN in either are not used.
    weight
        How much each counts.
    """
    used = np.isfinite(points).all(axis=1) & np.isfinite(onto).all(axis=1) & (weight > 0)
    known = np.c_[points[used], np.ones(used.sum())]
    identity = np.r_[np.eye(3), np.zeros((1, 3))]
    trusted = weight[used]
    for _ in range(_ROUNDS):
        ridge = np.diag([_RIDGE * weight[used].sum()] * 3 + [0.0])
        left = (known * trusted[:, None]).T @ known + ridge
        solved = np.linalg.solve(left, (known * trusted[:, None]).T @ onto[used] + ridge @ identity)
        off = np.linalg.norm(known @ solved - onto[used], axis=1)
        trusted = weight[used] / (1 + (off / _STRAY_MM) ** 2)
    matrix = np.eye(4)
    matrix[:3] = solved.T
    return matrix


@dataclass(frozen=True, eq=False)
class Placement:
    """How an atlas lies on a scan.

    Parameters
    ----------
    matrix
        From the scan's world [mm] to the atlas's; None where too little is seen.
    agreement
        How much of a head is where the atlas says, from 0 to 1, all of it.
    middles
        Where structures lie in the scan [mm], ``n 3``.
    moves
        How far each has to be moved in the scan before the map carries it to its place in the
        atlas [mm], ``n 3``.
    weight
        How much each counts.
    """

    matrix: Array | None
    agreement: float
    middles: Array
    moves: Array
    weight: Array

    def field(self, along: Sequence[Array]) -> NDArray[np.float32]:
        """Return by how much points of a lattice have to be moved [mm], ``3 i j k``.

        Parameters
        ----------
        along
            The lattice's positions along every axis of the scan [mm].
        """
        moved = np.zeros((3, *map(len, along)), np.float32)
        total = np.full(moved.shape[1:], _STILL, np.float32)
        for middle, move, weight in zip(self.middles, self.moves, self.weight, strict=True):
            x, y, z = (
                np.exp(-((at - m) ** 2) / (2 * _REACH_MM**2)).astype(np.float32)
                for at, m in zip(along, middle, strict=True)
            )
            near = np.float32(weight) * x[:, None, None] * y[:, None] * z
            moved += near * move.astype(np.float32)[:, None, None, None]
            total += near
        return moved / total


_NOWHERE = Placement(None, 0.0, np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0))


def placed(levels: Array, onto: Array, step_mm: float) -> Placement:
    """Return the affine map from a scan's world to the atlas's.

    Parameters
    ----------
    levels
        What is seen at a glance: levels of the overview's structures, ``class i j k``; the first
        voxel's centre is the origin.
    onto
        Middles in the atlas [mm], as `HeadAtlas.centroids_mm` returns them.
    step_mm
        Voxel edge of the levels.
    """
    points, size = middles(levels, step_mm)
    weight = np.sqrt(np.minimum(size, _MOST_VOXELS)) * trust()
    weight[~np.isfinite(points).all(axis=1)] = 0
    if np.count_nonzero(weight) < _LEAST_STRUCTURES:
        return _NOWHERE
    matrix = affine(points, onto, weight)
    scales = np.linalg.svd(matrix[:3, :3])[1]
    if not _SCALES[0] < scales.min() <= scales.max() < _SCALES[1]:
        return _NOWHERE
    left = onto - points @ matrix[:3, :3].T - matrix[:3, 3]
    off = np.linalg.norm(left, axis=1)
    near = np.nan_to_num(weight / (1 + (off / _STRAY_MM) ** 2)).sum()
    agreement = float(near / (trust().sum() * np.sqrt(_MOST_VOXELS)))
    used = (weight > 0) & np.isfinite(off)
    moves = left[used] @ np.linalg.inv(matrix[:3, :3]).T
    far = np.linalg.norm(moves, axis=1) / _STRAY_MOVED_MM
    counts = weight[used] / np.sqrt(_MOST_VOXELS) / (1 + far**2)
    return Placement(matrix, agreement, points[used], moves, counts)
