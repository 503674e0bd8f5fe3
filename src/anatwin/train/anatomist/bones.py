"""Skull, jaw and spine apart: markers where only one of them can be, cut where bone is thinnest."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from anatwin.train.anatomist.head import Mask, RealHead

SKULL, MANDIBLE, SPINE = 1, 2, 3
Numbers = NDArray[np.float32]

FACE_MM = 84.0
"""Distance from the brain stem's middle to the middle between the eyes that the boxes are for."""


class Bones(NamedTuple):
    """Every voxel of bone belongs to one of the three."""

    skull: Mask
    mandible: Mask
    spine: Mask


def split_bones(head: RealHead) -> Bones:
    """Return skull, mandible and spine.

    Contacts (condyle and fossa, upper and lower teeth, atlas and occiput) are narrow: a watershed
    of the depth inside bone, from markers that only one of the three can reach, cuts there.
    """
    from skimage.segmentation import watershed

    x, y, z = head.axes()
    low = np.flatnonzero((z < 10).any(axis=(0, 1)))
    face = np.s_[:, :, : int(low[-1]) + 1]
    bone = head.bone
    grown = np.float32(FACE_MM / -y[head.structure(13)].mean())
    scaled = [np.asarray(a[face] * grown, np.float32) for a in (np.abs(x), y, z)]
    seeds = _markers(bone[face], (scaled[0], scaled[1], scaled[2]))
    depth = ndimage.distance_transform_edt(bone[face])
    parts = np.full(bone.shape, SKULL, np.int32)
    parts[face] = watershed(-depth, seeds, mask=bone[face])  # type: ignore[no-untyped-call]
    mandible = keep_parts(bone & (parts == MANDIBLE), share=0.05)
    spine = bone & (parts == SPINE)
    return Bones(bone & ~mandible & ~spine, mandible, spine)


def keep_parts(mask: Mask, *, share: float) -> Mask:
    """Return the connected parts of at least this share of the largest one."""
    parts, n = ndimage.label(mask, np.ones((3, 3, 3)))
    if n < 2:
        return mask
    size = np.bincount(parts.ravel())
    size[0] = 0
    kept: Mask = (size >= share * size.max())[parts]
    return kept


def _markers(bone: Mask, axes: tuple[Numbers, Numbers, Numbers]) -> NDArray[np.int32]:
    """Return voxels of bone that can only be skull, jaw or spine, by their place in the face.

    The boxes were read off 16 heads; in between decides the watershed.
    """
    side, y, z = axes
    seeds = np.zeros(bone.shape, np.int32)
    upper, lower = _teeth(bone, axes)
    ramus = (side > 33) & (side < 65) & (y > -66) & (y < -36) & (z > -60) & (z < -33)
    neck = (side > 40) & (side < 62) & (y > -70) & (y < -54) & (z > -35) & (z < -27)
    body = (z < -88) & (y > -55)
    vault = (z > -8) | ((y < -76) & (side > 30) & (z > -40))
    plates = (side < 24) & (y > -52) & (z > -40)
    maxilla = (side < 26) & (y > -34) & (z > -48)
    eminence = (side > 30) & (z > -26) & (y > -50) & (y < -43)
    arch = (side > 57) & (z > -30) & (y > -48) & (y < -10)
    seeds[bone & (ramus | neck | body | lower)] = MANDIBLE
    seeds[bone & (vault | plates | maxilla | arch | eminence | upper)] = SKULL
    seeds[bone & (y < -72) & (z < -66) & (side < 30)] = SPINE
    return seeds


def _teeth(bone: Mask, axes: tuple[Numbers, Numbers, Numbers]) -> tuple[Mask, Mask]:
    """Return what lies well above and well below the plane between the teeth.

    The plane is the one, among those that tilt like an occlusal plane, that cuts least bone.
    """
    side, y, z = axes
    region = (side < 34) & (y > -36)
    dental = bone & region & (z < -40) & (z > -100)
    points_y, points_z = y[dental], z[dental]
    if points_z.size < 1000 or points_z.min() > -75:
        nothing = np.zeros(bone.shape, bool)
        return nothing, nothing
    best = (np.inf, 0.0, 0.0)
    for slope in np.arange(-0.2, 0.25, 0.05):
        height = points_z - slope * (points_y + 15)
        for level in np.arange(-80, -54, 0.5):
            cut = np.exp(-0.5 * ((height - level) / 1.2) ** 2).sum()
            cost = cut * (1 + ((level + 67) / 15) ** 2 + (slope / 0.3) ** 2)
            best = min(best, (float(cost), float(level), float(slope)))
    height = z - best[2] * (y + 15)
    return region & (height > best[1] + 5) & (z < -40), region & (height < best[1] - 5)
