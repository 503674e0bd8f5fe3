"""The tongue: soft tissue inside the jaw's arch, under the palate and before the pharynx."""

import numpy as np
from scipy import ndimage

from anatwin.train.anatomist.bones import Bones
from anatwin.train.anatomist.head import Mask, RealHead


def tongue(head: RealHead, bones: Bones, airway: Mask) -> Mask:
    """Return the tongue, empty where the jaw's arch is not in view."""
    x, y, z = head.axes()
    nothing = np.zeros(head.fine.shape, bool)
    arch = bones.mandible & (np.abs(x) < 14) & (y > -25)
    if arch.sum() < 800:
        return nothing
    chin = np.argwhere(arch)
    levels = z[tuple(chin.T)]
    bottom, top = float(levels.min()), float(np.percentile(levels, 98))
    front = float(np.percentile(y[arch & (z > (bottom + top) / 2)], 25)) if top > bottom else -10.0
    palate = bones.skull & (np.abs(x) < 14) & (y > -35) & (y < front) & (z < -30)
    roof = float(np.percentile(z[palate], 2)) if palate.sum() > 100 else -46.0
    throat = airway & (np.abs(x) < 12) & (y < -40) & (z < roof - 8) & (z > bottom)
    back = float(np.percentile(y[throat], 90)) if throat.sum() > 50 else front - 62.0
    floor = max(bottom + 10, roof - 58)
    middle = ((front + back) / 2, (roof + floor) / 2)
    half = ((front - back) / 2 + 1, (roof - floor) / 2 + 1)
    shape = (np.abs(x) / 25) ** 2.5
    shape = (
        shape + (np.abs(y - middle[0]) / half[0]) ** 2.5 + (np.abs(z - middle[1]) / half[1]) ** 2.5
    )
    room = head.tissue("soft_tissue") & (shape < 1)
    bone = bones.mandible | bones.skull
    box = tuple(
        slice(max(int(r[0]) - 3, 0), int(r[-1]) + 4)
        for r in (np.flatnonzero((shape < 1).any(axis=tuple({0, 1, 2} - {a}))) for a in range(3))
    )
    found = nothing
    clear = ndimage.distance_transform_edt(~bone[box]) > 2.0
    found[box] = room[box] & clear
    return found
