"""Vertebrae one by one and the discs between them, along the curve of the spinal cord."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from anatwin.train.anatomist.bones import Bones
from anatwin.train.anatomist.head import Mask, RealHead

Line = NDArray[np.float64]

DENS_TO_DISC_MM = (28, 51)
"""How far the disc under the second vertebra lies below the tip of its dens."""

SECOND_VERTEBRA_MM = 41.0
"""From the tip of the dens to the disc when the field of view ends above the disc."""

VERTEBRA_MM = (11, 25)
"""Height of a lower vertebra with the disc under it."""


class Neck(NamedTuple):
    """The neck, on the head's grid.

    Parameters
    ----------
    vertebrae
        1 for the first vertebra, 2 for the second and so on, ``i j k``.
    discs
        2 for the disc under the second vertebra and so on, ``i j k``.
    skull
        Skull without the first vertebra.
    """

    vertebrae: NDArray[np.uint8]
    discs: NDArray[np.uint8]
    skull: Mask


@dataclass(frozen=True, eq=False)
class Canal:
    """Coordinates along the spinal canal of some voxels, in mm.

    Parameters
    ----------
    up
        Along the cord, 0 at its upper end.
    ahead
        In front of the cord's middle.
    side
        Distance from the cord's middle to either side.
    """

    up: Line
    ahead: Line
    side: Line

    def profile(self, chosen: NDArray[np.bool_], levels: Line) -> Line:
        """Return the smoothed number of the chosen voxels at every level of 1 mm."""
        edges = np.append(levels, levels[-1] + 1) - 0.5
        counts = np.histogram(self.up[chosen], edges)[0].astype(float)
        smooth: Line = ndimage.gaussian_filter1d(counts, 1.2)
        return smooth


@dataclass(frozen=True, eq=False)
class Levels:
    """Where vertebrae meet, along the cord.

    Parameters
    ----------
    dens
        Tip of the dens.
    bodies
        Middle of the disc under the second vertebra, the third and so on.
    arches
        The same behind the cord: under the first vertebra, the second and so on.
    """

    dens: float
    bodies: list[float]
    arches: list[float]


def split_neck(head: RealHead, bones: Bones) -> Neck:
    """Return the vertebrae and discs that the field of view shows."""
    nothing = np.zeros(head.fine.shape, np.uint8)
    cord = head.structure(14)
    if np.count_nonzero(cord.any(axis=(0, 1))) < 30:
        return Neck(nothing, nothing, bones.skull | bones.spine)
    top = int(np.flatnonzero(cord.any(axis=(0, 1)))[-1])
    low = np.zeros_like(cord)
    low[:, :, : top + 45] = True
    voxels = np.argwhere((bones.skull | bones.spine) & low)
    canal = canal_of(cord, voxels)
    near = (canal.ahead > -48) & (canal.ahead < 30) & (canal.side < 42) & (canal.up < 25)
    voxels = voxels[near]
    canal = Canal(canal.up[near], canal.ahead[near], canal.side[near])
    levels = find_levels(canal)
    box = tuple(
        slice(int(a), int(b) + 1) for a, b in zip(voxels.min(0), voxels.max(0), strict=True)
    )
    seeds = np.zeros(cord.shape, np.int32)
    seeds[tuple(voxels.T)] = _seeds(canal, levels)
    bone = np.zeros_like(cord)
    bone[tuple(voxels.T)] = True
    numbers = nothing.copy()
    numbers[box] = _flood(bone[box], seeds[box])
    numbers = _whole(numbers)
    discs = _discs(head, cord, numbers, levels)
    vertebrae = np.where(numbers > 7, 0, numbers).astype(np.uint8)
    return Neck(vertebrae, discs, (bones.skull | bones.spine) & (vertebrae == 0))


def canal_of(cord: Mask, voxels: NDArray[np.int64]) -> Canal:
    """Return the coordinates of voxels along the cord.

    Parameters
    ----------
    cord
        Spinal cord, ``i j k``, k up.
    voxels
        Indices, ``n 3``.
    """
    rows = np.flatnonzero(cord.any(axis=(0, 1)))
    middle = np.array([np.argwhere(cord[:, :, k]).mean(axis=0) for k in rows])
    curves = [np.polynomial.Polynomial.fit(rows, middle[:, a], 3) for a in (0, 1)]
    slopes = [curve.deriv() for curve in curves]
    k = voxels[:, 2].astype(float)
    for _ in range(5):
        held = np.clip(k, rows[0], rows[-1])
        tilt = [slope(held) for slope in slopes]
        there = [c(held) + t * (k - held) for c, t in zip(curves, tilt, strict=True)]
        off = [voxels[:, a] - there[a] for a in (0, 1)]
        step = off[0] * tilt[0] + off[1] * tilt[1] + voxels[:, 2] - k
        k = k + step / (1 + tilt[0] ** 2 + tilt[1] ** 2)
    mean_tilt = slopes[1](rows).mean()
    ahead = off[1] * np.sqrt(1 + tilt[1] ** 2)
    return Canal((k - rows[-1]) * np.hypot(1, mean_tilt), ahead, np.abs(off[0]))


def find_levels(canal: Canal) -> Levels:
    """Return where vertebrae meet: the minima of bone before and behind the cord."""
    levels = np.arange(np.floor(canal.up.min()), 26.0)
    middle = canal.side < 7
    body = canal.profile(middle & (canal.ahead > 7) & (canal.ahead < 20), levels)
    arch = canal.profile(middle & (canal.ahead > -22) & (canal.ahead < -8), levels)
    dens = _dens_tip(body, levels)
    bodies = []
    disc = _valley(body, levels, dens - DENS_TO_DISC_MM[1], dens - DENS_TO_DISC_MM[0])
    while disc is not None:
        bodies.append(disc)
        disc = _valley(body, levels, disc - VERTEBRA_MM[1], disc - VERTEBRA_MM[0])
    arches = [_lowest(arch, levels, dens - 30, dens - 20)]
    arches += [_lowest(arch, levels, disc - 11, disc - 2) for disc in bodies]
    return Levels(dens, bodies, arches)


def _dens_tip(body: Line, levels: Line) -> float:
    """Return the level of the tip of the dens: the lower end of the gap under the skull's base."""
    here = (levels >= -16) & (levels <= 12)
    gap = body[here] <= body[here].min() + 0.1 * body.max()
    return float(levels[here][gap.argmax()]) + 3.0


def _lowest(profile: Line, levels: Line, low: float, high: float) -> float:
    """Return the level of least bone in a range; of several, the middle of the lowest."""
    here = (levels >= low) & (levels <= high)
    if not here.any():
        return (low + high) / 2
    parts, _ = ndimage.label(profile[here] <= profile[here].min() + 0.02 * profile.max())
    return float(np.mean(levels[here][parts == 1]))


def _valley(profile: Line, levels: Line, low: float, high: float) -> float | None:
    """Return the level of the uppermost clear valley in a range, or None."""
    for index in range(len(levels) - 7, 6, -1):
        if not low <= levels[index] <= high:
            continue
        around = profile[index - 2 : index + 3]
        above, below = profile[index : index + 8].max(), profile[index - 6 : index + 1].max()
        clear = profile[index] < 0.85 * min(above, below) and below > 0.2 * profile.max()
        if clear and profile[index] <= around.min():
            return float(levels[index])
    return None


def _seeds(canal: Canal, levels: Levels) -> NDArray[np.int32]:
    """Return the number of the vertebra that a voxel surely belongs to, 100 for the skull, 0 else.

    Between the bodies and the arches the boundary slopes evenly.
    """
    up, ahead, side = canal.up, canal.ahead, canal.side
    share = np.clip((10 - ahead) / 26, 0, 1.3)
    number = np.full(up.shape, 2, np.int32)
    sure = np.full(up.shape, np.inf)
    for index, (body, arch) in enumerate(zip(levels.bodies, levels.arches[1:], strict=True)):
        depth = up - (body + share * (arch - body))
        number = np.where(depth < 0, index + 3, number)
        sure = np.minimum(sure, np.abs(depth))
    height = levels.dens - levels.bodies[0] if levels.bodies else SECOND_VERTEBRA_MM
    facet = levels.dens - 0.45 * height
    joint = up - (facet + share * (levels.arches[0] - facet))
    dens = (side < 7) & (ahead > 4) & (ahead < 19)
    above = (joint > 0) & ~dens
    number = np.where(above & (number == 2), 1, number)
    sure = np.where(dens & (up > levels.dens - 20), np.where(side < 5, sure, 0), sure)
    sure = np.where(dens, sure, np.minimum(sure, np.abs(joint)))
    roof = up - (levels.dens - 4 + np.clip(-ahead / 15, 0, 1) * -4)
    sure = np.where(number == 1, np.where(roof < -3, sure, 0), sure)
    seeds = np.where(sure > 2.5, number, 0)
    front = (ahead > 17) & (side < 8)
    beside = (side > 26) & (up > levels.dens - 8)
    seeds[(roof > 8) | ((roof > 4) & front) | beside] = 100
    return seeds.astype(np.int32)


def _flood(bone: Mask, seeds: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return the number of every voxel of bone, cut where it is thinnest."""
    from skimage.segmentation import watershed

    depth = ndimage.distance_transform_edt(bone)
    parts = watershed(-depth, seeds, mask=bone)  # type: ignore[no-untyped-call]
    return np.where(parts == 100, 0, parts).astype(np.uint8)


def _whole(numbers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return vertebrae without specks: a stray piece joins the vertebra that it touches most."""
    result = numbers.copy()
    touch = np.ones((3, 3, 3), bool)
    for number in range(1, int(numbers.max(initial=0)) + 1):
        parts, _ = ndimage.label(numbers == number, touch)
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        for part, box in enumerate(ndimage.find_objects(parts), start=1):
            if sizes[part] == sizes.max() or sizes[part] > 150:
                continue
            wide = tuple(slice(max(b.start - 1, 0), b.stop + 1) for b in box)
            piece = parts[wide] == part
            near = numbers[wide][ndimage.binary_dilation(piece, touch) & ~piece]
            if near.any():
                result[wide][piece] = np.bincount(near[near > 0]).argmax()
    return result


def _discs(
    head: RealHead, cord: Mask, numbers: NDArray[np.uint8], levels: Levels
) -> NDArray[np.uint8]:
    """Return the soft tissue between the bodies of neighbouring vertebrae."""
    discs = np.zeros(cord.shape, np.uint8)
    soft = head.tissue("soft_tissue")
    for index, body in enumerate(levels.bodies[:5]):
        upper, lower = numbers == index + 2, numbers == index + 3
        if not (upper.any() and lower.any()):
            continue
        where = np.argwhere(upper | lower)
        box = tuple(
            slice(max(int(a) - 3, 0), int(b) + 4)
            for a, b in zip(where.min(0), where.max(0), strict=True)
        )
        gap = sum(ndimage.distance_transform_edt(~m[box]) for m in (upper, lower))
        voxels = np.argwhere(soft[box] & (gap <= 7.0))
        canal = canal_of(cord, voxels + np.array([part.start for part in box]))
        inside = (canal.ahead > 8.5) & (canal.ahead < 24) & (canal.side < 9.5)
        inside &= np.abs(canal.up - body) < 5
        chosen = voxels[inside]
        discs[box][tuple(chosen.T)] = index + 2
    return discs
