"""Two label maps of one head made one: who is believed where, and what is tidied up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core import (
    LabelTable,
    anatomy_table,
    craniofacial_table,
    head_table,
    intracranial,
)
from anatwin.ops.morphology import bounding_box
from anatwin.segment.strays import keep_largest

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

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

_ROWS = 32

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
    inside = intracranial()[brain]
    says_brain = face == craniofacial_table()["brain"].index
    from_brain = inside | says_brain
    data = np.where(from_brain, of_brain[brain], of_face[face])
    # The cord goes on below the brain stem; where both see nervous tissue there is no conflict.
    cord = face == craniofacial_table()["spinal_cord"].index
    lost = np.where(inside & ~says_brain & ~cord, of_face[face], 0)
    lost = np.where(says_brain & ~inside, anatomy["csf"], lost)
    return Fused(data.astype(np.uint8), from_brain, lost.astype(np.uint8))


def tidy(data: Bytes, face: Bytes) -> None:
    """Close pinholes, rename strays, and name discs by their level, in place.

    Parameters
    ----------
    data
        Indices of the anatomy table, ``i j k``; changed.
    face
        Indices of the craniofacial table, ``i j k``, whose cervical discs have no level yet.
    """
    _close_pinholes(data)
    _name_discs(data, (face == craniofacial_table()["cervical_disc"].index) & (data == 0))
    # The brain's parts may be in pieces: the third ventricle and the fourth are one structure.
    around = {label.name for label in craniofacial_table().labels} - set(_IN_PIECES)
    for label in anatomy_table().labels:
        if label.name in around or label.name.startswith("disc_c"):
            into = anatomy_table()[_STRAY.get(label.name, "soft_tissue")].index
            keep_largest(data, [label.index], into)


def _lookup(table: LabelTable, anatomy: dict[str, int]) -> Bytes:
    """Return the look-up array: index of a table to index of the anatomy table; unknown is 0."""
    found = np.zeros(max(table.indices) + 1, np.uint8)
    for label in table.labels:
        found[label.index] = anatomy.get(_OUTSIDE_BRAIN.get(label.name, label.name), 0)
    return found


def _close_pinholes(data: Bytes) -> None:
    """Name background voxels that labelled ones enclose on five sides, after one of those."""
    for start in range(0, len(data), _ROWS):
        wide = slice(max(start - 1, 0), start + _ROWS + 1)
        padded = np.pad(data[wide], 1, mode="edge")
        inner = (slice(1, -1),) * 3
        sides = [np.roll(padded, step, axis)[inner] for axis in range(3) for step in (1, -1)]
        known = np.add.reduce([side > 0 for side in sides], dtype=np.uint8)
        hole = (padded[inner] == 0) & (known >= 5)
        # Of six neighbours at most one is background, so the greater of two is a label.
        data[wide][hole] = np.maximum(sides[0], sides[1])[hole]


def _name_discs(data: Bytes, disc: Mask) -> None:
    """Name every piece of disc after the vertebrae that it lies between."""
    from scipy import ndimage

    box = bounding_box(disc)
    if box is None:
        return
    table = anatomy_table()
    vertebrae = {
        n: np.argwhere(mask).mean(axis=0)
        for n in range(2, 8)
        if (mask := data == table[f"vertebra_c{n}"].index).any()
    }
    data[disc] = table["soft_tissue"].index
    pieces, n_pieces = ndimage.label(disc[box])
    for piece in range(1, n_pieces + 1):
        middle = np.argwhere(pieces == piece).mean(axis=0) + [part.start for part in box]
        near = sorted(vertebrae, key=lambda n: float(np.linalg.norm(vertebrae[n] - middle)))[:2]
        if len(near) == 2 and abs(near[0] - near[1]) == 1:
            name = f"disc_c{min(near)}_c{max(near)}"
            data[box][pieces == piece] = table[name].index
