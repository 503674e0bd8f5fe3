"""Where an atlas lies on a scan: one affine map, from the middles of what the networks found."""

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
"""Middles this far off count half."""

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
    """

    matrix: Array | None
    agreement: float


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
        return Placement(None, 0.0)
    matrix = affine(points, onto, weight)
    off = np.linalg.norm(points @ matrix[:3, :3].T + matrix[:3, 3] - onto, axis=1)
    near = np.nan_to_num(weight / (1 + (off / _STRAY_MM) ** 2)).sum()
    agreement = float(near / (trust().sum() * np.sqrt(_MOST_VOXELS)))
    scales = np.linalg.svd(matrix[:3, :3])[1]
    is_head = _SCALES[0] < scales.min() <= scales.max() < _SCALES[1]
    return Placement(matrix, agreement) if is_head else Placement(None, 0.0)
