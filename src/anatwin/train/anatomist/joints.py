"""The disc of the temporomandibular joint: soft tissue in the gap between condyle and fossa."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from anatwin.train.anatomist.head import Mask
from anatwin.train.anatomist.landmarks import Landmarks
from anatwin.train.anatomist.side import Side

GAP_MM = 5.5
"""Widest gap between condyle and fossa that the disc fills."""


def tmj_disc(side: Side, points: Landmarks) -> Mask:
    """Return the disc of one side, ``u y z``."""
    u, y, z = side.axes()
    top = points.condyle[2] + 4
    near: Mask = (np.abs(u - points.condyle[0]) < 12) & (np.abs(y - points.condyle[1]) < 11)
    near = near & (z > top - 8) & (z < top + 10)
    rows = [np.flatnonzero(near.any(axis=tuple({0, 1, 2} - {a}))) for a in range(3)]
    box = tuple(slice(int(r[0]) - 8, int(r[-1]) + 9) for r in rows)
    condyle = side.mandible & near
    if not condyle.any():
        return np.zeros_like(near)
    to_condyle, to_fossa = (ndimage.distance_transform_edt(~m[box]) for m in (condyle, side.skull))
    shell = (to_condyle + to_fossa <= GAP_MM) & (to_condyle <= 3.7) & (to_fossa <= 3.7)
    disc = np.zeros_like(near)
    disc[box] = shell & side.soft[box] & near[box] & _above(condyle[box])
    return disc


def _above(condyle: Mask) -> NDArray[np.bool_]:
    """Return what lies above the condyle, or beside its upper end."""
    column = condyle.any(axis=2)
    top = np.where(column, condyle.shape[2] - 1 - condyle[:, :, ::-1].argmax(axis=2), 0)
    nearest = ndimage.distance_transform_edt(~column, return_distances=False, return_indices=True)
    height = top[tuple(nearest)]
    away = ndimage.distance_transform_edt(~column)
    level = np.arange(condyle.shape[2])[None, None, :]
    above: NDArray[np.bool_] = (level > height[..., None] - 1 - away[..., None] * 0.4) & (
        away[..., None] < 4
    )
    return above
