"""Every structure of the anatomy table that a real head's label map shows or implies."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.core import anatomy_table
from anatwin.train.anatomist.airway import upper_airway
from anatwin.train.anatomist.bones import Bones, split_bones
from anatwin.train.anatomist.brain import cortical_regions
from anatwin.train.anatomist.head import RealHead, read_head
from anatwin.train.anatomist.joints import tmj_disc
from anatwin.train.anatomist.landmarks import landmarks
from anatwin.train.anatomist.mouth import tongue
from anatwin.train.anatomist.muscles import muscles_of
from anatwin.train.anatomist.neck import split_neck
from anatwin.train.anatomist.side import side_of, to_head
from anatwin.train.numbering import FINE, TISSUE_OF, TISSUES

Bytes = NDArray[np.uint8]

NAMES: dict[str, str] = {
    "lesion": "white_matter",
    "corpus_callosum": "white_matter",
    "ventral_diencephalon": "ventral_dc",
    "choroid_plexus": "ventricle",
    "cerebellum_white": "cerebellum",
    "cerebellum_cortex": "cerebellum",
    "eye_muscle": "rectus_muscle",
    "scalp": "skin",
    "subcutaneous": "soft_tissue",
    "cortical_bone": "skull",
    "cancellous_bone": "skull",
}
"""Structure of the anatomy table of a tissue, where the two are not called the same."""

SIDED = ("temporalis", "masseter", "medial_pterygoid", "lateral_pterygoid", "tmj_disc")
"""What the maps of the two sides hold, numbered from 1."""


def complete(head: RealHead) -> Bytes:
    """Return the label map of a head in numbers of the anatomy table, ``i j k``."""
    table = anatomy_table()
    labels = _named(head)
    bones = split_bones(head)
    neck = split_neck(head, bones)
    bones = Bones(neck.skull, bones.mandible, neck.vertebrae > 0)
    airway = upper_airway(head)
    labels[airway] = table["upper_airway"].index
    labels[bones.mandible] = table["mandible"].index
    for number in range(1, 8):
        labels[neck.vertebrae == number] = table[f"vertebra_c{number}"].index
    labels[tongue(head, bones, airway)] = table["tongue"].index
    for number in range(2, 7):
        labels[neck.discs == number] = table[f"disc_c{number}_c{number + 1}"].index
    _draw_sides(labels, head, bones)
    regions = cortical_regions(head)
    return np.where(regions > 0, regions, labels)


def complete_file(path: Path, target: Path) -> None:
    """Write the completed label map of a NIfTI label map.

    Parameters
    ----------
    path
        Label map in FreeSurfer's and SynthSeg's numbers, voxels of 1 mm.
    target
        NIfTI file to write, in numbers of the anatomy table on the same grid.

    Raises
    ------
    InputError
        If the label map is not of a head, or holds unknown numbers.
    """
    head, place = read_head(path)
    place.save(complete(head), target)


def _named(head: RealHead) -> Bytes:
    """Return the structures that the source map names, midline where it does not tell sides."""
    table = anatomy_table()
    x = head.axes()[0]
    names = {label.name for label in table.labels}
    labels = np.zeros(head.fine.shape, np.uint8)
    for index, fine in enumerate(FINE):
        here = head.fine == index
        if fine.structure == 0 or not here.any():
            continue
        name = NAMES.get(fine.tissue, fine.tissue)
        if fine.structure == 9:
            name = "ventricle_midline"
        if name == "cortex":
            continue
        if name in names:
            labels[here] = table[name].index
            continue
        odd = fine.structure in (1, 3, 5, 7, 11)
        sure = fine.structure in range(1, 13) and fine.tissue != "corpus_callosum"
        left = np.full(here.shape, odd) if sure else x < 0
        labels[here & left] = table[f"{name}_left"].index
        labels[here & ~left] = table[f"{name}_right"].index
    return labels


def _draw_sides(labels: Bytes, head: RealHead, bones: Bones) -> None:
    """Write the muscles and joint discs of both sides into soft tissue."""
    table = anatomy_table()
    sides = {}
    for sign in (-1, 1):
        side = side_of(head, bones, sign)
        points = landmarks(side)
        if points is None:
            continue
        found = muscles_of(side, points)
        found[tmj_disc(side, points)] = len(SIDED)
        sides[sign] = found
    drawn = to_head(head, sides)
    x = head.axes()[0]
    free = (labels == table["soft_tissue"].index) & (
        TISSUE_OF[head.fine] == TISSUES.index("soft_tissue")
    )
    for number, name in enumerate(SIDED, start=1):
        here = free & (drawn == number)
        labels[here & (x < 0)] = table[f"{name}_left"].index
        labels[here & (x >= 0)] = table[f"{name}_right"].index
