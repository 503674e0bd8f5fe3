"""The brain's hemispheres and the 26 regions of each one's cortex.

Regions are gyri: the 39 cortical areas of one side of the AAL atlas (Tzourio-Mazoyer et al. 2002,
doi:10.1006/nimg.2001.0978), merged into 26. A voxel of cortex goes to the area whose published
centre is nearest on a way through the hemisphere, after an affine map of the deep nuclei and the
cerebrum's extent to the standard space of the Montreal Neurological Institute.
"""

import numpy as np
from numpy.typing import NDArray

from anatwin.core import anatomy_table
from anatwin.train.anatomist.head import RealHead

Floats = NDArray[np.float64]

CENTRES: tuple[tuple[str, int, int, int], ...] = (
    ("precentral", 40, -7, 52),
    ("superior_frontal", 20, 33, 43),
    ("medial_orbitofrontal", 18, 48, -14),
    ("middle_frontal", 36, 33, 35),
    ("lateral_orbitofrontal", 32, 52, -10),
    ("inferior_frontal", 49, 14, 20),
    ("inferior_frontal", 48, 30, 14),
    ("lateral_orbitofrontal", 39, 31, -12),
    ("postcentral", 50, -7, 14),
    ("superior_frontal", 7, 3, 62),
    ("medial_orbitofrontal", 9, 15, -11),
    ("superior_frontal", 7, 50, 31),
    ("medial_orbitofrontal", 7, 53, -7),
    ("medial_orbitofrontal", 7, 36, -18),
    ("insula", 37, 6, 3),
    ("anterior_cingulate", 6, 36, 15),
    ("middle_cingulate", 7, -12, 41),
    ("posterior_cingulate", 6, -42, 23),
    ("parahippocampal", 23, -16, -21),
    ("pericalcarine", 12, -76, 8),
    ("cuneus", 10, -80, 28),
    ("lingual", 15, -67, -4),
    ("lateral_occipital", 20, -83, 29),
    ("lateral_occipital", 35, -80, 18),
    ("lateral_occipital", 37, -80, -8),
    ("fusiform", 33, -40, -20),
    ("postcentral", 42, -24, 51),
    ("superior_parietal", 25, -59, 61),
    ("inferior_parietal", 45, -46, 48),
    ("supramarginal", 57, -33, 32),
    ("inferior_parietal", 45, -60, 37),
    ("precuneus", 9, -56, 46),
    ("paracentral", 8, -28, 69),
    ("superior_temporal", 44, -18, 10),
    ("superior_temporal", 56, -21, 7),
    ("temporal_pole", 44, 15, -19),
    ("middle_temporal", 56, -36, -2),
    ("temporal_pole", 40, 15, -33),
    ("inferior_temporal", 52, -30, -23),
)
"""Region, and the centre of one of its areas in MNI space: mm outwards, forwards, up; mean of both
sides."""

NUCLEI: dict[str, tuple[int, int, int]] = {
    "thalamus": (12, -18, 8),
    "caudate": (13, 11, 10),
    "putamen": (26, 4, 2),
    "pallidum": (19, 0, 0),
    "hippocampus": (27, -20, -11),
    "amygdala": (25, 0, -18),
}
"""Centres of deep nuclei in MNI space: mm outwards, forwards, up (same source)."""

EXTENT: tuple[tuple[int, float, float], ...] = (
    (0, -1, -70),
    (0, 1, 70),
    (1, -1, -105),
    (1, 1, 71),
    (2, 1, 79),
)
"""Axis, direction and position in mm of the cerebrum's outermost points in MNI space."""


def to_standard(head: RealHead) -> Floats:
    """Return the 3 x 4 matrix from voxel index to MNI space in mm."""
    from_points, to_points = [], []
    for name, (x, y, z) in NUCLEI.items():
        voxels = np.argwhere(head.tissue(name))
        right = voxels @ head.frame[0, :3] + head.frame[0, 3] > 0
        for chosen, sign in ((right, 1), (~right, -1)):
            from_points.append(np.append(voxels[chosen].mean(axis=0), 1))
            to_points.append((sign * x, y, z))
    known, wanted = np.array(from_points), np.array(to_points, float)
    cerebrum = np.argwhere(head.structure(1, 2, 3, 4)).astype(float)
    matrix: Floats = np.linalg.lstsq(known, wanted, rcond=None)[0].T
    for _ in range(4):
        matrix = _stretched(matrix, (known, wanted), cerebrum)
    return matrix


def _stretched(matrix: Floats, pairs: tuple[Floats, Floats], cerebrum: Floats) -> Floats:
    """Return the matrix fitted again with the cerebrum's outermost points."""
    moved = cerebrum @ matrix[:, :3].T + matrix[:, 3]
    rows = matrix.copy()
    for axis in range(3):
        left, right = [pairs[0]], [pairs[1][:, axis]]
        for along, sign, position in EXTENT:
            if along == axis:
                order = np.argpartition(sign * moved[:, axis], -30)[-30:]
                left.append(3 * np.append(cerebrum[order].mean(axis=0), 1)[None])
                right.append(np.array([3.0 * position]))
        rows[axis] = np.linalg.lstsq(np.concatenate(left), np.concatenate(right), rcond=None)[0]
    return rows


def cortical_regions(head: RealHead) -> NDArray[np.uint8]:
    """Return the index in the anatomy table of every voxel of cortex, 0 elsewhere, ``i j k``."""
    matrix = to_standard(head)
    table = anatomy_table()
    regions = np.zeros(head.fine.shape, np.uint8)
    for half, side, sign in (((1, 3, 5), "left", -1), ((2, 4, 6), "right", 1)):
        centres = np.array([(sign * x, y, z) for _, x, y, z in CENTRES], float)
        numbers = np.array([table[f"{name}_{side}"].index for name, *_ in CENTRES], np.uint8)
        voxels = np.argwhere(head.structure(*half))
        nearest = numbers[nearest_inside(voxels, matrix, centres)]
        cortex = head.structure(half[1])[tuple(voxels.T)]
        regions[tuple(voxels[cortex].T)] = nearest[cortex]
    return regions


def nearest_inside(voxels: NDArray[np.int64], matrix: Floats, centres: Floats) -> NDArray[np.int64]:
    """Return the centre with the shortest way to every voxel that stays within the voxels.

    Parameters
    ----------
    voxels
        Indices, ``n 3``.
    matrix
        Voxel index to the space of the centres, 3 x 4, in mm.
    centres
        Positions in mm, ``centre 3``; each starts at the voxel next to it.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra
    from scipy.spatial import cKDTree

    low = voxels.min(axis=0) - 1
    number = np.full(voxels.max(axis=0) - low + 2, -1, np.int32)
    number[tuple((voxels - low).T)] = np.arange(len(voxels))
    starts, stops, lengths = [], [], []
    for step in (s for s in np.ndindex(3, 3, 3) if s > (1, 1, 1)):
        move = np.array(step) - 1
        other = number[tuple((voxels - low + move).T)]
        here = np.flatnonzero(other >= 0)
        starts.append(here)
        stops.append(other[here])
        lengths.append(np.full(len(here), np.linalg.norm(matrix[:, :3] @ move)))
    ends = (np.concatenate(starts), np.concatenate(stops))
    graph = coo_array((np.concatenate(lengths), ends), shape=(len(voxels),) * 2).tocsr()
    places = voxels @ matrix[:, :3].T + matrix[:, 3]
    seeds = cKDTree(places).query(centres)[1]
    sources = dijkstra(
        graph, directed=False, indices=seeds, min_only=True, return_predecessors=True
    )[2]
    nearest = cKDTree(centres).query(places)[1]
    order = np.full(len(voxels), -1)
    order[seeds] = np.arange(len(seeds))
    reached = sources >= 0
    nearest[reached] = order[sources[reached]]
    return np.asarray(nearest, np.int64)
