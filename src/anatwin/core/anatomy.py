"""The head's anatomy: every structure that a label map of a whole head may name."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from anatwin.core.labels import Label, LabelTable, head_table, label_from_row


@dataclass(frozen=True, slots=True)
class Structure:
    """One structure of the anatomy table: its label, its codes and its expected volume.

    Parameters
    ----------
    label
        Index, name, colour, side and mirror partner; its parent is a structure of the head table.
    snomed
        SNOMED CT code of the structure, without its side; empty where none is certain.
    freesurfer
        Number in FreeSurfer's table; 0 where it has none.
    volume_ml
        Lowest and highest plausible volume in an adult, where known.
    source
        DOI of the volume range, or ``project`` for one that only this project has set.
    """

    label: Label
    snomed: str
    freesurfer: int
    volume_ml: tuple[float, float] | None
    source: str


@cache
def anatomy() -> tuple[Structure, ...]:
    """Return every structure of the head, in the order of its index from 1 up."""
    text = files("anatwin.core").joinpath("anatomy.tsv").read_text(encoding="utf-8")
    return tuple(_structure(row) for row in csv.DictReader(text.splitlines(), delimiter="\t"))


@cache
def anatomy_table() -> LabelTable:
    """Return the table of the head's structures, all of them apart."""
    return LabelTable(tuple(structure.label for structure in anatomy()))


@cache
def anatomy_to_head() -> NDArray[np.uint8]:
    """Return the look-up array: index of the anatomy table to index of the head table."""
    table = np.zeros(len(anatomy_table()) + 1, np.uint8)
    for structure in anatomy():
        table[structure.label.index] = head_table()[structure.label.parent].index
    return table


def _structure(row: dict[str, str]) -> Structure:
    """Return the structure of one row."""
    low, high = row["volume_low_ml"], row["volume_high_ml"]
    return Structure(
        label=label_from_row(row),
        snomed=row["snomed"],
        freesurfer=int(row["freesurfer"] or 0),
        volume_ml=(float(low), float(high)) if low else None,
        source=row["source"],
    )
