"""The brain's regions on a map that names the deep nuclei one by one."""

import numpy as np
from numpy.typing import NDArray

from anatwin.segment.parcellation import fit_standard, part_hemisphere
from anatwin.train.anatomist.head import RealHead

Floats = NDArray[np.float64]

NUCLEI: dict[str, tuple[int, int, int]] = {
    "thalamus": (12, -18, 8),
    "caudate": (13, 11, 10),
    "putamen": (26, 4, 2),
    "pallidum": (19, 0, 0),
    "hippocampus": (27, -20, -11),
    "amygdala": (25, 0, -18),
}
"""Centres of deep nuclei in MNI space: mm outwards, forwards, up (Tzourio-Mazoyer et al. 2002,
doi:10.1006/nimg.2001.0978)."""

_EXTENT_WEIGHT = 3.0


def to_standard(head: RealHead) -> Floats:
    """Return the 3 x 4 matrix from voxel index to MNI space in mm."""
    known, wanted = [], []
    for name, (x, y, z) in NUCLEI.items():
        voxels = np.argwhere(head.tissue(name))
        right = voxels @ head.frame[0, :3] + head.frame[0, 3] > 0
        for chosen, sign in ((right, 1), (~right, -1)):
            known.append(voxels[chosen].mean(axis=0))
            wanted.append((sign * x, y, z))
    cerebrum = np.argwhere(head.structure(1, 2, 3, 4)).astype(float)
    pairs = (np.array(known), np.array(wanted, float), np.ones(len(known)))
    return fit_standard(*pairs, cerebrum, extent_weight=_EXTENT_WEIGHT)


def cortical_regions(head: RealHead) -> NDArray[np.uint8]:
    """Return the index in the anatomy table of every voxel of cortex, 0 elsewhere, ``i j k``."""
    matrix = to_standard(head)
    regions = np.zeros(head.fine.shape, np.uint8)
    for half, sign in (((1, 3, 5), -1), ((2, 4, 6), 1)):
        parted = part_hemisphere(head.structure(*half), matrix, sign)
        np.copyto(regions, parted, where=head.structure(half[1]))
    return regions
