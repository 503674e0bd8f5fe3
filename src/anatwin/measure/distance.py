"""How far apart two boundaries are."""

from math import nan

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, Measure
from anatwin.ops.morphology import Mask, boundary

_CONVENTION = "boundary voxels"


def distances(
    mask: Mask,
    truth: Mask,
    grid: Grid,
    *,
    structure: str,
    tolerance_mm: float = 1.0,
    basis: str = "",
) -> tuple[Measure, ...]:
    """Return HD95, ASSD and NSD of two masks, in mm of the grid's own spacing.

    The boundary of a mask is the centres of its voxels that share a face with a voxel outside
    it; the edge of the grid counts as outside. Each boundary point is as far from the other
    boundary as its nearest point. HD95 is the larger of the two directions' 95th percentiles,
    ASSD the mean over the points of both, NSD the share of them within the tolerance
    (Nikolov et al. 2021, doi:10.2196/26151, there weighted by surface element).

    Parameters
    ----------
    mask, truth
        Voxels of the structure, ``i j k``.
    grid
        Where they lie.
    structure
        Its name.
    tolerance_mm
        Distance within which boundaries agree.
    basis
        Where the mask comes from.
    """
    names = (
        (f"HD95[{_CONVENTION}, larger direction]", "mm"),
        (f"ASSD[{_CONVENTION}]", "mm"),
        (f"NSD[{_CONVENTION}, {tolerance_mm:g} mm]", ""),
    )
    if mask.any() and truth.any():
        values, why = _compare(mask, truth, grid, tolerance_mm), ""
    else:
        empty = [what for what, m in (("labels", mask), ("truth", truth)) if not m.any()]
        values, why = (nan, nan, nan), f"undefined: absent from the {' and the '.join(empty)}"
    note = "; ".join(filter(None, (basis, why)))
    return tuple(
        Measure(name, structure, value, unit, basis=note)
        for (name, unit), value in zip(names, values, strict=True)
    )


def _compare(
    mask: Mask, truth: Mask, grid: Grid, tolerance_mm: float
) -> tuple[float, float, float]:
    from scipy.spatial import cKDTree

    a, b = _boundary_mm(mask, grid), _boundary_mm(truth, grid)
    there, back = cKDTree(b).query(a, workers=-1)[0], cKDTree(a).query(b, workers=-1)[0]
    every = np.concatenate([there, back])
    # A micrometre of slack: equal distances must not disagree by rounding.
    within = np.count_nonzero(every <= tolerance_mm + 1e-3)
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    return float(hd95), float(every.mean()), float(within / every.size)


def _boundary_mm(mask: Mask, grid: Grid) -> NDArray[np.float64]:
    """Return the world positions [mm] of a mask's boundary voxels, ``point xyz``."""
    matrix = grid.matrix
    return boundary(mask) @ matrix[:3, :3].T + matrix[:3, 3]
