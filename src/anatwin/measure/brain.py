"""The brain in the numbers of morphometry: intracranial volume, thickness of the cortex."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Check, Labels, Measure, head_table, intracranial
from anatwin.measure.morphometry import morphometry
from anatwin.measure.points import Points

Mask = NDArray[np.bool_]

_CORTEX_ML = 10
"""Less than this is no brain in view."""

_FINE_MM = 1.25
"""Coarser voxels fill the sulci, and a thickness would be that of two banks."""


def brain_measures(labels: Labels) -> tuple[Measure, ...]:
    """Measure the intracranial volume and the thickness of each side's cortex.

    The intracranial volume is all that is labelled brain, ventricle or cerebrospinal fluid. The
    thickness is the mean of two distances, from the inner surface to the nearest place of the
    outer one and the reverse (Fischl and Dale 2000, doi:10.1073/pnas.200033797), between the faces
    of voxels: banks of a sulcus that touch in the labels count as one sheet and make it thicker.
    It is left out where voxels are longer than 1.25 mm.

    Parameters
    ----------
    labels
        In the head table or the anatomy table.
    """
    skull_holds = [x.name for x in head_table().labels if intracranial()[x.index]]
    volume_ml = float(labels.mask(*skull_holds).sum()) * labels.grid.voxel_mm3 / 1000
    if not volume_ml:
        return ()
    basis = "brain, ventricles and cerebrospinal fluid"
    rows = [Measure("intracranial volume", "brain", volume_ml, "ml", basis=basis)]
    name, basis = "cortical thickness[both nearest distances]", "between faces of voxels"
    if max(labels.grid.spacing_mm) > _FINE_MM:
        return tuple(rows)
    for side in ("left", "right"):
        cortex, white = (labels.mask(f"{x}_{side}") for x in ("cortex", "white_matter"))
        if cortex.any() and white.any():
            thickness = thickness_mm(cortex, white, labels.grid.matrix)
            rows.append(Measure(name, f"cortex_{side}", thickness, "mm", basis=basis))
    return tuple(rows)


def region_measures(regions: Labels) -> tuple[Measure, ...]:
    """Measure the volume of every region of the cortex, and left against right."""
    rows = morphometry(regions, basis="regions by published centres")
    volumes = [replace(x, name="cortical volume") for x in rows if x.name == "volume"]
    return (*volumes, *(x for x in rows if x.name.startswith("asymmetry")))


def check_regions(labels: Labels, regions: Labels | None) -> tuple[Check, ...]:
    """Tell whether the regions of a cortex that is in view were found.

    Parameters
    ----------
    labels
        Of the head.
    regions
        Of its cortex, or None where they were not told apart.
    """
    name, wanted = "regions of the cortex", "a whole brain in view"
    if regions is not None:
        found = sum(count > 0 for count in regions.counts().values())
        value = f"{found} of {len(regions.table)}"
        reason = "They follow published centres, not this brain's own sulci."
        return (Check(name, "pass", value, wanted, reason),)
    seen_ml = labels.mask("cortex_left", "cortex_right").sum() * labels.grid.voxel_mm3 / 1000
    if seen_ml < _CORTEX_ML:
        return ()
    reason = "The cerebrum is incomplete or cut by the edge of the scan, so nothing was told apart."
    return (Check(name, "warn", "none", wanted, reason, "Scan the whole brain to have regions."),)


def thickness_mm(sheet: Mask, inner: Mask, matrix: NDArray[np.float64]) -> float:
    """Return the mean thickness of a sheet around an inner part.

    Parameters
    ----------
    sheet, inner
        Voxels, ``i j k``.
    matrix
        Voxel to RAS+ mm, ``4 4``.
    """
    from scipy.spatial import KDTree

    below = _faces(sheet, inner) @ matrix[:3, :3].T
    above = _faces(sheet, ~(sheet | inner)) @ matrix[:3, :3].T
    if not (len(below) and len(above)):
        return float("nan")
    up, down = KDTree(above).query(below)[0], KDTree(below).query(above)[0]
    return float((up.mean() + down.mean()) / 2)


def _faces(mask: Mask, other: Mask) -> Points:
    """Return the middles of the faces between two sets of voxels, in voxels, ``n 3``."""
    found = []
    for axis in range(3):
        first, second = ([slice(None)] * 3 for _ in range(2))
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        one, two = tuple(first), tuple(second)
        touching = (mask[one] & other[two]) | (other[one] & mask[two])
        found.append(np.argwhere(touching) + 0.5 * np.eye(3)[axis])
    return np.concatenate(found)
