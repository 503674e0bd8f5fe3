"""Two label maps of one head made one: who is believed where, and what is tidied up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core import LabelTable, anatomy_table, craniofacial_table, head_table
from anatwin.segment.strays import keep_largest

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_INTRACRANIAL = ("brain", "csf_space")
"""Parents in the head table of what lies inside the skull."""

_OUTSIDE_BRAIN = {"bone": "skull"}
"""Names of the head table that the anatomy table splits: what stands in where no part is known."""

_STRAY = {
    "mandible": "skull",
    "skull": "soft_tissue",
    "upper_airway": "air",
    "spinal_cord": "soft_tissue",
    "tongue": "soft_tissue",
}
"""What the smaller pieces of a structure that is one piece become; the others: soft tissue."""

_IN_PIECES = ("air", "csf", "skin", "soft_tissue", "skull")
"""Structures that need not be one piece."""


@dataclass(frozen=True, eq=False, slots=True)
class Fused:
    """One label map of a head, and where its two sources were at odds.

    Parameters
    ----------
    data
        Indices of the anatomy table, ``i j k``.
    from_brain
        Where the brain's network decided, ``i j k``.
    conflict
        Where the two differ about what is inside the skull, ``i j k``: the index of the anatomy
        table that lost; 0 elsewhere.
    """

    data: Bytes
    from_brain: Mask
    conflict: Bytes


def whole_head_table() -> LabelTable:
    """Return the part of the anatomy table that the two networks can name together."""
    names = {label.name for table in (head_table(), craniofacial_table()) for label in table.labels}
    discs = tuple(x for x in anatomy_table().labels if x.name.startswith("disc_c"))
    return LabelTable((*(x for x in anatomy_table().labels if x.name in names), *discs))


def fuse_head(brain: Bytes, face: Bytes) -> Fused:
    """Return one label map of the brain's and the craniofacial labels, on one grid.

    The brain vetoes: what its network places inside the skull is that, whatever the other says
    of bone and muscle there. Elsewhere the craniofacial network decides, unless it sees brain
    where the brain's network sees none: there the latter is believed, bone as skull.

    Parameters
    ----------
    brain
        Indices of the head table, ``i j k``.
    face
        Indices of the craniofacial table, ``i j k``.
    """
    anatomy = {label.name: label.index for label in anatomy_table().labels}
    of_brain = _lookup(head_table(), anatomy)
    of_face = _lookup(craniofacial_table(), anatomy)
    intracranial = np.zeros(len(head_table()) + 1, np.bool_)
    intracranial[[x.index for x in head_table().labels if x.parent in _INTRACRANIAL]] = True
    inside = intracranial[brain]
    says_brain = face == craniofacial_table()["brain"].index
    from_brain = inside | says_brain
    data = np.where(from_brain, of_brain[brain], of_face[face])
    # The cord goes on below the brain stem; where both see nervous tissue there is no conflict.
    cord = face == craniofacial_table()["spinal_cord"].index
    lost = np.where(inside & ~says_brain & ~cord, of_face[face], 0)
    lost = np.where(says_brain & ~inside, anatomy["csf"], lost)
    return Fused(data.astype(np.uint8), from_brain, lost.astype(np.uint8))


def tidy(data: Bytes, face: Bytes) -> Bytes:
    """Return the labels with pinholes closed, strays renamed, and discs named by their level.

    Parameters
    ----------
    data
        Indices of the anatomy table, ``i j k``.
    face
        Indices of the craniofacial table, ``i j k``, whose cervical discs have no level yet.
    """
    data = _close_pinholes(data)
    disc = face == craniofacial_table()["cervical_disc"].index
    data = _name_discs(data, disc & (data == 0))
    # The brain's parts may be in pieces: the third ventricle and the fourth are one structure.
    around = {label.name for label in craniofacial_table().labels} - set(_IN_PIECES)
    for label in anatomy_table().labels:
        if label.name in around or label.name.startswith("disc_c"):
            into = anatomy_table()[_STRAY.get(label.name, "soft_tissue")].index
            keep_largest(data, [label.index], into)
    return data


def _lookup(table: LabelTable, anatomy: dict[str, int]) -> Bytes:
    """Return the look-up array: index of a table to index of the anatomy table; unknown is 0."""
    found = np.zeros(max(table.indices) + 1, np.uint8)
    for label in table.labels:
        found[label.index] = anatomy.get(_OUTSIDE_BRAIN.get(label.name, label.name), 0)
    return found


def _close_pinholes(data: Bytes) -> Bytes:
    """Return the labels with background voxels named that labelled ones enclose on five sides."""
    from scipy import ndimage

    empty = data == 0
    cross = ndimage.generate_binary_structure(3, 1)
    cross[1, 1, 1] = False
    neighbours = ndimage.convolve((~empty).astype(np.uint8), cross.astype(np.uint8), mode="nearest")
    hole = empty & (neighbours >= 5)
    if not hole.any():
        return data
    nearest = ndimage.distance_transform_edt(empty, return_distances=False, return_indices=True)
    return np.where(hole, data[tuple(nearest)], data)


def _name_discs(data: Bytes, disc: Mask) -> Bytes:
    """Return the labels with every piece of disc named after the vertebrae that it lies between."""
    from scipy import ndimage

    table = anatomy_table()
    vertebrae = {
        n: np.argwhere(data == table[f"vertebra_c{n}"].index).mean(axis=0)
        for n in range(2, 8)
        if (data == table[f"vertebra_c{n}"].index).any()
    }
    data = np.where(disc, table["soft_tissue"].index, data).astype(np.uint8)
    pieces, n_pieces = ndimage.label(disc)
    for piece in range(1, n_pieces + 1):
        middle = np.argwhere(pieces == piece).mean(axis=0)
        near = sorted(vertebrae, key=lambda n: float(np.linalg.norm(vertebrae[n] - middle)))[:2]
        if len(near) == 2 and abs(near[0] - near[1]) == 1:
            name = f"disc_c{min(near)}_c{max(near)}"
            data[pieces == piece] = table[name].index
    return data
