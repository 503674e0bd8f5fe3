"""How well two label maps agree."""

from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, Labels, Measure, track
from anatwin.measure.distance import distances


def compare_labels(
    labels: Labels, truth: Labels, *, tolerance_mm: float = 1.0, basis: str = ""
) -> tuple[Measure, ...]:
    """Compare a label map with the truth: Dice and boundary distances of every structure.

    Parameters
    ----------
    labels, truth
        On one grid, with one table.
    tolerance_mm
        How far apart boundaries may lie and still agree, for NSD.
    basis
        Where the labels come from.

    Raises
    ------
    GeometryError
        If the grids differ.
    InputError
        If the tables differ.
    """
    rows = list(overlaps(labels, truth, basis=basis))
    for label in track(truth.table.labels, "surface distances"):
        a, b = labels.data == label.index, truth.data == label.index
        if a.any() or b.any():
            rows += distances(
                a, b, labels.grid, structure=label.name, tolerance_mm=tolerance_mm, basis=basis
            )
    return tuple(rows)


def overlaps(labels: Labels, truth: Labels, *, basis: str = "") -> tuple[Measure, ...]:
    """Return the Dice of every structure, their mean, and Dice over all their voxels at once.

    A structure that only one map has scores 0, and the basis says which; one that neither has is
    NaN and does not count in the mean.

    Raises
    ------
    GeometryError
        If the grids differ.
    InputError
        If the tables differ.
    """
    labels.grid.require_match(truth.grid, "A label map and its truth")
    if labels.table.indices != truth.table.indices:
        raise InputError("Both label maps must use one table; convert one of them first.")
    both = _confusion(labels.data, truth.data, max(truth.table.indices) + 1)
    same, size_a, size_b = np.diag(both), both.sum(axis=1), both.sum(axis=0)
    rows = []
    for label in truth.table.labels:
        n = label.index
        value = 2 * same[n] / (size_a[n] + size_b[n]) if size_a[n] + size_b[n] else nan
        why = _absence(size_a[n], size_b[n])
        rows.append(Measure("Dice", label.name, float(value), basis=_join(basis, why)))
    scored = [row.value for row in rows if isfinite(row.value)]
    mean = float(np.mean(scored)) if scored else nan
    total = size_a[1:].sum() + size_b[1:].sum()
    micro = float(2 * same[1:].sum() / total) if total else nan
    rows.append(Measure("Dice[mean of structures]", "all", mean, basis=basis))
    rows.append(Measure("Dice[micro]", "all", micro, basis=basis))
    return tuple(rows)


def _confusion(
    a: NDArray[np.unsignedinteger], b: NDArray[np.unsignedinteger], n: int
) -> NDArray[np.int64]:
    """Count the voxels of every pair of labels, ``a b``, plane by plane."""
    counts = np.zeros(n * n, np.int64)
    for one, other in zip(a, b, strict=True):
        counts += np.bincount((one.astype(np.int64) * n + other).ravel(), minlength=n * n)
    return counts.reshape(n, n)


def _absence(n_labels: int, n_truth: int) -> str:
    if n_labels and n_truth:
        return ""
    if not (n_labels or n_truth):
        return "absent from both"
    return "absent from the truth" if n_labels else "absent from the labels"


def _join(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
