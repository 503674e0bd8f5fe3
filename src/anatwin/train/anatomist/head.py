"""A label map of a real head, and the frame of its face."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from anatwin.core import InputError
from anatwin.ops.morphology import bounding_box
from anatwin.train.maps import fill_air, keep_largest
from anatwin.train.numbering import (
    STRUCTURE_OF,
    TISSUE_OF,
    TISSUES,
    fine_index,
    from_sources,
)

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

BONE, SKIN, SOFT_TISSUE, AIR = 15, 19, 20, 18


@dataclass(frozen=True, eq=False)
class RealHead:
    """A label map on a RAS+ grid of 1 mm, without empty margins.

    Parameters
    ----------
    fine
        Indices into ``numbering.FINE``, air inside the head named, ``i j k``.
    frame
        Voxel index to face frame in mm, 3 x 4: origin between the eyes, x to the person's right,
        y forwards along the line from the brain stem's middle, z up.
    """

    fine: Bytes
    frame: Floats

    def tissue(self, *names: str) -> Mask:
        """Return the voxels of any of the tissues."""
        wanted = [TISSUES.index(name) for name in names]
        return np.isin(TISSUE_OF, wanted)[self.fine]

    def structure(self, *indices: int) -> Mask:
        """Return the voxels of any of the structures of the head table."""
        return np.isin(STRUCTURE_OF, indices)[self.fine]

    @property
    def bone(self) -> Mask:
        """Return every bone."""
        return self.structure(BONE)

    def axes(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return x, y and z of every voxel in the face frame, in mm, ``i j k`` each."""
        i, j, k = (np.arange(n, dtype=np.float32) for n in self.fine.shape)
        a = self.frame.astype(np.float32)
        rows = (
            r[0] * i[:, None, None] + r[1] * j[None, :, None] + r[2] * k[None, None, :] + r[3]
            for r in a
        )
        x, y, z = rows
        return x, y, z


@dataclass(frozen=True, eq=False)
class Place:
    """Where a cropped head lies in the file that it came from.

    Parameters
    ----------
    image
        The file.
    corner
        First voxel of the cropped head in the RAS+ grid.
    """

    image: nib.Nifti1Image
    corner: tuple[int, int, int]

    def save(self, data: NDArray[np.unsignedinteger], path: Path) -> None:
        """Write a map of the cropped head on the file's own grid.

        Parameters
        ----------
        data
            Label map of the cropped head, ``i j k``.
        path
            Name that ends in ``.nii`` or ``.nii.gz``.
        """
        ras = nib.as_closest_canonical(self.image)  # type: ignore[no-untyped-call]
        whole = np.zeros(ras.shape, data.dtype)
        whole[tuple(slice(c, c + n) for c, n in zip(self.corner, data.shape, strict=True))] = data
        turned = _turned_back(whole, ras.affine, self.image.affine)
        image = nib.Nifti1Image(turned, self.image.affine)  # type: ignore[no-untyped-call]
        partial = path.with_name(f".{path.name}")
        nib.save(image, partial)
        partial.replace(path)


def _turned_back(
    data: NDArray[np.unsignedinteger], ras: Floats, wanted: Floats
) -> NDArray[np.unsignedinteger]:
    """Return RAS+ data in the axis order and directions of another affine."""
    from nibabel.orientations import apply_orientation, io_orientation, ornt_transform

    turn = ornt_transform(io_orientation(ras), io_orientation(wanted))  # type: ignore[no-untyped-call]
    turned = apply_orientation(data, turn)  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(turned)


def read_head(path: Path) -> tuple[RealHead, Place]:
    """Return the head of a NIfTI label map with FreeSurfer's and SynthSeg's numbers.

    Raises
    ------
    InputError
        If voxels are not 1 mm, a number is unknown, or eyes or brain stem are missing.
    """
    image = cast("nib.Nifti1Image", nib.load(path))
    ras = nib.as_closest_canonical(image)  # type: ignore[no-untyped-call]
    spacing_mm = np.array(ras.header.get_zooms()[:3], float)
    if not np.allclose(spacing_mm, 1.0, atol=0.02):
        raise InputError(f"{path} must have voxels of 1 mm, got {spacing_mm.tolist()}.")
    numbers = np.asanyarray(ras.dataobj).round().astype(np.int64)
    fine = from_sources()[np.clip(numbers, 0, 65535)]
    if (fine == 255).any():
        unknown = np.unique(numbers[fine == 255])[:8].tolist()
        raise InputError(f"{path} has label numbers {unknown} that are not in the table.")
    fine = keep_largest(fine)
    box = bounding_box(fine != 0)
    if box is None:
        raise InputError(f"{path} is empty.")
    corner = (box[0].start, box[1].start, box[2].start)
    fine = fill_air(np.ascontiguousarray(fine[box]))
    return head_of(fine), Place(image, corner)


def head_of(fine: Bytes) -> RealHead:
    """Return the head of a fine map.

    Raises
    ------
    InputError
        If eyes or brain stem are missing.
    """
    eyes = np.argwhere(np.isin(STRUCTURE_OF, (16, 17))[fine])
    stem = np.argwhere((STRUCTURE_OF == 13)[fine])
    if len(eyes) < 100 or len(stem) < 100:
        raise InputError("A head to complete must show both eyes and the brain stem.")
    frame = face_frame(eyes.astype(float), stem.mean(axis=0))
    right = eyes[eyes @ frame[0, :3] + frame[0, 3] > 0]
    fine = fine.copy()
    fine[tuple(right.T)] = fine_index("eye", 17)
    return _open_below(RealHead(fine, frame))


def _open_below(head: RealHead) -> RealHead:
    """Return the head with the air that a cut through face or neck opens, and no air under it.

    Where the field of view ends, sinuses and throat open into nothing; there, what lies between
    tissue on either side, in front and behind is inside. A layer of nothing at the lower end is
    not.
    """
    fine = head.fine
    air = fine_index("air", AIR)
    x, y, z = head.axes()
    tissue = (fine != 0) & (fine != air)
    from_below = np.maximum.accumulate(tissue, axis=2)
    height = np.cumsum(~from_below, axis=2)[:, :, -1:]
    under = ~from_below & ((fine == air) | (fine == 0))
    layer = under & (height <= 4)
    inside = (fine == 0) & (np.abs(x) < 45) & (y > -75) & (y < -6) & (z < -12)
    inside &= between(tissue, 0) & between(tissue, 1)
    inside &= ndimage.binary_opening(inside, iterations=2) | ndimage.binary_dilation(fine == air)
    fine = np.where(inside & ~layer, air, np.where(layer, 0, fine)).astype(np.uint8)
    return RealHead(fine, head.frame)


def between(mask: Mask, axis: int) -> Mask:
    """Return the voxels that have voxels of the mask on both sides along an axis."""
    before = np.maximum.accumulate(mask, axis=axis)
    after = np.flip(np.maximum.accumulate(np.flip(mask, axis), axis=axis), axis)
    found: Mask = before & after
    return found


def face_frame(eyes: Floats, stem: Floats) -> Floats:
    """Return the 3 x 4 matrix from voxel index to the face's frame.

    Parameters
    ----------
    eyes
        Voxels of both eyes, ``n 3``.
    stem
        Middle of the brain stem.
    """
    right = eyes[:, 0] > eyes[:, 0].mean()
    left_eye, right_eye = eyes[~right].mean(axis=0), eyes[right].mean(axis=0)
    origin = (left_eye + right_eye) / 2
    x = right_eye - left_eye
    x /= np.linalg.norm(x)
    y = origin - stem
    y -= x * (y @ x)
    y /= np.linalg.norm(y)
    turn = np.stack([x, y, np.cross(x, y)])
    return np.column_stack([turn, -turn @ origin])
