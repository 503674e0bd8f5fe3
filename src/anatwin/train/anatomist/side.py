"""One side of the face, resampled so that both sides look alike: u outwards, y forwards, z up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from anatwin.train.anatomist.bones import Bones
from anatwin.train.anatomist.head import Mask, RealHead

FIRST = (0, -130, -130)
"""Position of the first voxel in mm."""

SHAPE = (91, 171, 211)


@dataclass(frozen=True, eq=False)
class Side:
    """Masks of one side of the face on a grid of 1 mm, ``u y z`` each.

    Parameters
    ----------
    skull, mandible
        Bones.
    soft
        Soft tissue that muscles can be in.
    body
        Everything inside the skin.
    seen
        Inside the field of view.
    """

    skull: Mask
    mandible: Mask
    soft: Mask
    body: Mask
    seen: Mask

    def axes(self) -> tuple[NDArray[np.float32], ...]:
        """Return u, y and z of the voxels in mm, each broadcastable to ``u y z``."""
        lines = (np.arange(n, dtype=np.float32) + f for n, f in zip(SHAPE, FIRST, strict=True))
        u, y, z = lines
        return u[:, None, None], y[None, :, None], z[None, None, :]


def side_of(head: RealHead, bones: Bones, sign: int) -> Side:
    """Return one side of the face: the person's right for 1, the left for -1."""
    packed = (
        1 * bones.skull
        + 2 * bones.mandible
        + 4 * head.tissue("soft_tissue")
        + 8 * (head.fine != 0)
        + 16
    ).astype(np.uint8)
    turn = head.frame[:, :3].T
    to_voxel = turn @ np.diag([sign, 1.0, 1.0])
    offset = to_voxel @ np.array(FIRST, float) - turn @ head.frame[:, 3]
    bits = ndimage.affine_transform(packed, to_voxel, offset=offset, output_shape=SHAPE, order=0)
    skull, mandible, soft, body, seen = ((bits >> n & 1).astype(bool) for n in range(5))
    return Side(skull, mandible, soft, body, seen)


def to_head(head: RealHead, sides: dict[int, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return the values of both sides' maps at the head's voxels, 0 outside them.

    Parameters
    ----------
    head
        The head.
    sides
        Map of each side, ``u y z``, by its sign.
    """
    x, y, z = head.axes()
    values = np.zeros(head.fine.shape, np.uint8)
    for sign, data in sides.items():
        here = (x * sign >= 0) & (z < FIRST[2] + SHAPE[2] - 1)
        where = [
            np.rint(axis[here] * factor - first).astype(np.int32)
            for axis, factor, first in zip((x, y, z), (sign, 1, 1), FIRST, strict=True)
        ]
        inside = np.all([(w >= 0) & (w < n) for w, n in zip(where, SHAPE, strict=True)], axis=0)
        found = np.zeros(len(inside), np.uint8)
        found[inside] = data[tuple(w[inside] for w in where)]
        values[here] = found
    return values
