"""Which tissue and which structure of the head table every label number stands for.

A *tissue* is what has one intensity in an image (left and right alike); a *structure* is an
index of the head table, which is what the network learns to name.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from anatwin.core import LabelTable, anatomy_table, craniofacial_table, head_table

N_STRUCTURES = 21
"""Structures of the head table, background included."""

AIR, SKIN, SOFT_TISSUE = 18, 19, 20


@dataclass(frozen=True, slots=True)
class Fine:
    """One entry of the fine map that images are synthesised from.

    Parameters
    ----------
    tissue
        Name of the tissue.
    structure
        Index in the head table.
    sources
        Numbers in FreeSurfer's and SynthSeg's tables.
    """

    tissue: str
    structure: int
    sources: tuple[int, ...] = ()


FINE: tuple[Fine, ...] = (
    Fine("background", 0, (0,)),
    Fine("white_matter", 1, (2, 30, 77, 78)),
    Fine("white_matter", 2, (41, 62, 79)),
    Fine("lesion", 1, (25,)),
    Fine("lesion", 2, (57,)),
    Fine("corpus_callosum", 1, (251, 252, 253, 254, 255)),
    Fine("cortex", 3, (3,)),
    Fine("cortex", 4, (42,)),
    Fine("thalamus", 5, (9, 10)),
    Fine("thalamus", 6, (48, 49)),
    Fine("caudate", 5, (11,)),
    Fine("caudate", 6, (50,)),
    Fine("putamen", 5, (12,)),
    Fine("putamen", 6, (51,)),
    Fine("pallidum", 5, (13,)),
    Fine("pallidum", 6, (52,)),
    Fine("hippocampus", 5, (17,)),
    Fine("hippocampus", 6, (53,)),
    Fine("amygdala", 5, (18,)),
    Fine("amygdala", 6, (54,)),
    Fine("accumbens", 5, (26,)),
    Fine("accumbens", 6, (58,)),
    Fine("ventral_diencephalon", 5, (28,)),
    Fine("ventral_diencephalon", 6, (60,)),
    Fine("ventricle", 7, (4, 5)),
    Fine("ventricle", 8, (43, 44)),
    Fine("choroid_plexus", 7, (31, 136, 137)),
    Fine("choroid_plexus", 8, (63, 163, 164)),
    Fine("ventricle", 9, (14, 15, 72)),
    Fine("csf", 10, (24,)),
    Fine("cerebellum_white", 11, (7,)),
    Fine("cerebellum_white", 12, (46,)),
    Fine("cerebellum_cortex", 11, (8,)),
    Fine("cerebellum_cortex", 12, (47,)),
    Fine("brain_stem", 13, (16,)),
    Fine("spinal_cord", 14, (512,)),
    Fine("cortical_bone", 15, (515,)),
    Fine("cancellous_bone", 15, (516,)),
    Fine("eye", 16, (506,)),
    Fine("eye", 17),
    Fine("air", AIR),
    Fine("skin", SKIN, (511,)),
    Fine("scalp", SKIN),
    Fine("soft_tissue", SOFT_TISSUE, (507,)),
    Fine("subcutaneous", SOFT_TISSUE),
    Fine("eye_muscle", SOFT_TISSUE, (508,)),
    Fine("mucosa", SOFT_TISSUE, (509,)),
    Fine("artery", SOFT_TISSUE, (502,)),
    Fine("vein", SOFT_TISSUE, (514,)),
    Fine("optic_nerve", SOFT_TISSUE, (530, 85)),
)

TISSUES: tuple[str, ...] = tuple(dict.fromkeys(fine.tissue for fine in FINE))
TISSUE_OF = np.array([TISSUES.index(fine.tissue) for fine in FINE], np.uint8)
STRUCTURE_OF = np.array([fine.structure for fine in FINE], np.uint8)
BRAIN = np.array([1 <= f.structure <= 13 and f.structure != 10 for f in FINE])
"""Fine entries that a skull-stripped image keeps (cerebrospinal fluid outside them varies)."""

_REGION_OF_STRUCTURE = (
    *("", *("brain",) * 13, "spinal_cord", "skull", "eye_left", "eye_right", "air", "skin"),
    "soft_tissue",
)
"""Craniofacial structure that a structure of the head table is, unless a region map says more."""

_HEAD_TISSUE = (
    *("background", "white_matter", "white_matter", "cortex", "cortex", "thalamus", "thalamus"),
    *("ventricle", "ventricle", "ventricle", "csf", "cerebellum_cortex", "cerebellum_cortex"),
    *("brain_stem", "spinal_cord", "cortical_bone", "eye", "eye", "air", "skin", "soft_tissue"),
)


def fine_index(tissue: str, structure: int) -> int:
    """Return the place in ``FINE`` of a tissue of a structure."""
    for index, fine in enumerate(FINE):
        if (fine.tissue, fine.structure) == (tissue, structure):
            return index
    raise KeyError((tissue, structure))


@cache
def from_sources() -> NDArray[np.uint8]:
    """Return the look-up array: FreeSurfer or SynthSeg number to fine index; unknown is 255."""
    table = np.full(65536, 255, np.uint8)
    for index, fine in enumerate(FINE):
        table[list(fine.sources)] = index
    return table


@cache
def from_head() -> NDArray[np.uint8]:
    """Return the look-up array: index of the head table to fine index; unknown is 255."""
    table = np.full(65536, 255, np.uint8)
    table[:N_STRUCTURES] = [fine_index(t, s) for s, t in enumerate(_HEAD_TISSUE)]
    return table


def region_of_structure() -> NDArray[np.uint8]:
    """Return the look-up array: index of the head table to index of the craniofacial table."""
    indices = {label.name: label.index for label in craniofacial_table().labels}
    return np.array([indices.get(name, 0) for name in _REGION_OF_STRUCTURE], np.uint8)


def parents_of(table: LabelTable) -> tuple[int, ...]:
    """Return the structure of the head table that every index of another table is part of.

    The brain, which is many of them, stands for its cortex.
    """
    head = {label.name: label.index for label in head_table().labels}
    own = {"brain": "cortex_left", "cervical_disc": "soft_tissue"}
    return (
        0,
        *(
            head.get(x.name) or head[own.get(x.name) or anatomy_table()[x.name].parent]
            for x in table.labels
        ),
    )


def from_names(table: LabelTable) -> NDArray[np.uint8]:
    """Return the look-up array: index of a table to index of the craniofacial one, by names.

    Structures that the craniofacial table does not have become 0.

    Parameters
    ----------
    table
        Table whose names are those of the craniofacial one, discs by their level.
    """
    indices = {label.name: label.index for label in craniofacial_table().labels}
    found = np.zeros(max(table.indices) + 1, np.uint8)
    for label in table.labels:
        name = "cervical_disc" if label.name.startswith("disc_c") else label.name
        found[label.index] = indices.get(name, 0)
    return found
