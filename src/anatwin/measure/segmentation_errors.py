"""Where two masks differ: what was missed, what was added, and along the boundary."""

from math import hypot, nan, sqrt

import numpy as np

from anatwin.core import Grid, Labels, Measure
from anatwin.ops.morphology import Mask, bounding_box

_RADII = 5
"""Boundary bands that are averaged."""


def segmentation_errors(labels: Labels, truth: Labels, *, basis: str = "") -> tuple[Measure, ...]:
    """Return DSC, US, OS, RMS and mBA of every structure, as SuperMask reports them.

    US is 1 - precision and OS is 1 - recall: the paper calls what was added under-segmentation and
    what was missed over-segmentation. RMS is the root of the mean of both squares. mBA is the share
    of voxels on which both masks agree within a band about the true boundary, averaged over five
    bands: the narrowest reaches one voxel to either side, the widest 1/300 of the volume's diagonal
    plus one voxel, after Cheng et al. 2020, doi:10.1109/CVPR42600.2020.00891.

    Parameters
    ----------
    labels, truth
        On one grid.
    basis
        Where the labels come from.

    Raises
    ------
    GeometryError
        If the grids differ.
    """
    labels.grid.require_match(truth.grid, "A label map and its truth")
    rows = []
    for label in truth.table.labels:
        mask, true = labels.data == label.index, truth.data == label.index
        added, missed = _shares(mask, true)
        both = 2 * np.count_nonzero(mask & true)
        size = np.count_nonzero(mask) + np.count_nonzero(true)
        values = {
            "DSC": both / size if size else nan,
            "US[1 - precision]": added,
            "OS[1 - recall]": missed,
            "RMS[US, OS]": hypot(added, missed) / sqrt(2),
            f"mBA[{_RADII} bands]": boundary_accuracy(mask, true, truth.grid),
        }
        rows += [Measure(what, label.name, value, basis=basis) for what, value in values.items()]
    return tuple(rows)


def boundary_accuracy(mask: Mask, truth: Mask, grid: Grid) -> float:
    """Return the mean boundary accuracy of a mask, 0 to 1; NaN where there is no true boundary.

    Parameters
    ----------
    mask, truth
        ``i j k``.
    grid
        Where they lie.
    """
    from scipy.ndimage import distance_transform_edt

    box = bounding_box(truth)
    if box is None or truth.all():
        return nan
    voxel = min(grid.spacing_mm)
    diagonal = float(np.linalg.norm(np.array(grid.shape) * grid.spacing_mm))
    reach = int(np.ceil((voxel + diagonal / 300) / voxel)) + 1
    cut = tuple(slice(max(part.start - reach, 0), part.stop + reach) for part in box)
    near, seen = truth[cut], mask[cut]
    spacing = grid.spacing_mm
    inner, outer = (distance_transform_edt(m, sampling=spacing) for m in (near, ~near))
    away = np.where(near, inner, outer)
    radii = np.linspace(voxel, voxel + diagonal / 300, _RADII)
    agree = near == seen
    return float(np.mean([agree[away <= radius * (1 + 1e-6)].mean() for radius in radii]))


def _shares(mask: Mask, truth: Mask) -> tuple[float, float]:
    """Return the shares of the mask that is not true and of the truth that is not in it."""
    both, found, true = (int(np.count_nonzero(m)) for m in (mask & truth, mask, truth))
    return (1 - both / found if found else nan), (1 - both / true if true else nan)
