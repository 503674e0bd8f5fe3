"""The regions of the cortex: 26 gyri of each side, on any label map that shows a whole brain.

Regions are gyri: the 39 cortical areas of one side of the AAL atlas (Tzourio-Mazoyer et al. 2002,
doi:10.1006/nimg.2001.0978), merged into 26. A voxel of cortex goes to the area whose published
centre is nearest on a way through the hemisphere, after an affine map to the standard space of the
Montreal Neurological Institute.
"""

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, Labels, LabelTable, anatomy_table

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

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

LANDMARKS: dict[str, tuple[tuple[float, float, float], float]] = {
    "deep_grey": ((17.8, -7.3, 0.0), 1.0),
    "white_matter": ((27.5, -18.3, 19.8), 0.7),
    "cortex": ((31.4, -17.5, 17.4), 0.7),
    "cerebellum": ((22.4, -54.8, -31.1), 0.3),
}
"""Middle of a structure in MNI space, mm outwards, forwards, up, and its weight.

Means of both sides of the thirteen label maps that train the head network, after the map that
`anatwin.train.anatomist` fits to six pairs of deep nuclei; a weight is the inverse of the spread.
"""

EXTENT: tuple[tuple[int, float, float], ...] = (
    (0, -1, -70),
    (0, 1, 70),
    (1, -1, -105),
    (1, 1, 71),
    (2, 1, 79),
)
"""Axis, direction and position in mm of the cerebrum's outermost points in MNI space."""

_SIGN = {"left": -1, "right": 1}
_CEREBRUM = ("white_matter", "cortex", "deep_grey")
_LEAST_ML = 200
"""Of a whole hemisphere; adults have 350 to 650 ml."""

_CUT_MM2 = 400.0
"""Area of cerebrum at the edge of a scan above which it is cut."""

_STEP_MM = 1.0
"""Finer voxels than this are parted together."""

_OUTERMOST = 30


def parcellate(labels: Labels) -> Labels | None:
    """Return the regions of the cortex, or None where no whole brain is in view.

    Parameters
    ----------
    labels
        In a table with cortex, white matter, deep grey matter and cerebellum of both sides, such
        as the head table and the anatomy table.

    Returns
    -------
    Labels
        On the same grid: the 52 regions of the anatomy table; whatever is not cortex is 0.
    """
    steps = tuple(max(1, round(_STEP_MM / mm)) for mm in labels.grid.spacing_mm)
    coarse = _coarser(labels, steps)
    hemispheres = {side: coarse.mask(*(f"{x}_{side}" for x in _CEREBRUM)) for side in _SIGN}
    middles = _middles(coarse)
    if middles is None or not all(_is_whole(x, coarse.grid) for x in hemispheres.values()):
        return None
    places = np.argwhere(hemispheres["left"] | hemispheres["right"]) @ coarse.grid.matrix[:3, :3].T
    cerebrum = places + coarse.grid.matrix[:3, 3]
    standard = fit_standard(*middles, cerebrum, extent_weight=0.7) @ coarse.grid.matrix
    data = np.zeros(labels.grid.shape, np.uint8)
    for side, sign in _SIGN.items():
        cortex = labels.mask(f"cortex_{side}")
        data[cortex] = _enlarged(part_hemisphere(hemispheres[side], standard, sign), steps, cortex)
    return Labels(data, labels.grid, regions_table())


def regions_table() -> LabelTable:
    """Return the part of the anatomy table that holds the 52 regions."""
    names = {name for name, *_ in CENTRES}
    labels = anatomy_table().labels
    return LabelTable(tuple(x for x in labels if x.name.rpartition("_")[0] in names))


def _coarser(labels: Labels, steps: tuple[int, ...]) -> Labels:
    """Return every so many voxels of a label map."""
    data = labels.data[tuple(slice(step // 2, None, step) for step in steps)]
    matrix = np.diag([*map(float, steps), 1.0])
    matrix[:3, 3] = [step // 2 for step in steps]
    return Labels(data, Grid.from_matrix(data.shape, labels.grid.matrix @ matrix), labels.table)


def _is_whole(hemisphere: Mask, grid: Grid) -> bool:
    """Tell whether a hemisphere is there, and not cut by the edge of the scan."""
    if hemisphere.sum() * grid.voxel_mm3 < 1000 * _LEAST_ML:
        return False
    for axis in range(3):
        face_mm2 = grid.voxel_mm3 / grid.spacing_mm[axis]
        ends = hemisphere.take([0, -1], axis=axis).sum(axis=tuple({0, 1, 2} - {axis}))
        if ends.max() * face_mm2 > _CUT_MM2:
            return False
    return True


def _middles(labels: Labels) -> tuple[Floats, Floats, Floats] | None:
    """Return where the landmarks are, where they are in MNI space, and their weights."""
    known, wanted, weights = [], [], []
    for name, ((out, forward, up), weight) in LANDMARKS.items():
        for side, sign in _SIGN.items():
            voxels = np.argwhere(labels.mask(f"{name}_{side}"))
            if not len(voxels):
                return None
            known.append(labels.grid.at(*voxels.mean(axis=0)))
            wanted.append((sign * out, forward, up))
            weights.append(weight)
    return np.array(known), np.array(wanted, float), np.array(weights)


def fit_standard(
    known: Floats, wanted: Floats, weights: Floats, cerebrum: Floats, *, extent_weight: float
) -> Floats:
    """Return the 3 x 4 matrix that takes landmarks and the cerebrum's outermost points to MNI.

    Parameters
    ----------
    known
        Landmarks, ``n 3``.
    wanted
        The same in MNI space [mm], ``n 3``.
    weights
        Of the landmarks, ``n``.
    cerebrum
        Places of the cerebrum, ``n 3``, where the landmarks are.
    extent_weight
        Weight of an outermost point.
    """
    points = np.column_stack([known, np.ones(len(known))]) * weights[:, None]
    targets = wanted * weights[:, None]
    matrix = np.asarray(np.linalg.lstsq(points, targets, rcond=None)[0].T, np.float64)
    for _ in range(4):
        moved = cerebrum @ matrix[:, :3].T + matrix[:, 3]
        rows = []
        for axis in range(3):
            left, right = [points], [targets[:, axis]]
            for along, sign, position in EXTENT:
                if along == axis:
                    order = np.argpartition(sign * moved[:, axis], -_OUTERMOST)[-_OUTERMOST:]
                    outermost = np.append(cerebrum[order].mean(axis=0), 1)
                    left.append(extent_weight * outermost[None])
                    right.append(np.array([extent_weight * position]))
            fitted = np.linalg.lstsq(np.concatenate(left), np.concatenate(right), rcond=None)[0]
            rows.append(fitted)
        matrix = np.array(rows, np.float64)
    return matrix


def part_hemisphere(hemisphere: Mask, standard: Floats, sign: int) -> Bytes:
    """Return the region of every voxel of one side of the cerebrum, ``i j k``.

    Parameters
    ----------
    hemisphere
        White matter, cortex and deep grey matter of one side, ``i j k``.
    standard
        Voxel to MNI space [mm], 3 x 4.
    sign
        1 for the person's right, -1 for the left.
    """
    side = "right" if sign > 0 else "left"
    centres = np.array([(sign * x, y, z) for _, x, y, z in CENTRES], float)
    table = anatomy_table()
    numbers = np.array([table[f"{name}_{side}"].index for name, *_ in CENTRES], np.uint8)
    voxels = np.argwhere(hemisphere)
    regions = np.zeros(hemisphere.shape, np.uint8)
    regions[tuple(voxels.T)] = numbers[nearest_inside(voxels, standard, centres)]
    return regions


def _enlarged(regions: Bytes, steps: tuple[int, ...], cortex: Mask) -> Bytes:
    """Return the region of every voxel of cortex from those of a coarser lattice, ``n``."""
    from scipy import ndimage

    voxels = np.nonzero(cortex)
    limits = [n - 1 for n in regions.shape]
    places = tuple(
        np.minimum(v // step, n) for v, step, n in zip(voxels, steps, limits, strict=True)
    )
    found = regions[places]
    lost = found == 0
    if lost.any():
        nearest = ndimage.distance_transform_edt(
            regions == 0, return_distances=False, return_indices=True
        )
        found[lost] = regions[tuple(nearest[:, *(p[lost] for p in places)])]
    return found


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
