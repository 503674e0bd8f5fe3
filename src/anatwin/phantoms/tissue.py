"""What tissues are made of, and which structure each belongs to."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np

from anatwin.core import Label, Labels, LabelTable, anatomy_table, head_table

FieldStrength = Literal["1.5", "3", "5"]
"""Strength of the magnet's field [T]."""


@dataclass(frozen=True, slots=True)
class Tissue:
    """One tissue of a tissue map.

    Parameters
    ----------
    index, name
        Number and name in a tissue map.
    label
        Name of the structure of ``anatomy_table`` that the tissue is part of.
    substance
        What it is made of, as far as a scanner can tell.
    """

    index: int
    name: str
    label: str
    substance: str


@dataclass(frozen=True, slots=True)
class Substance:
    """What a substance looks like to a scanner at one field strength.

    Parameters
    ----------
    proton_density
        Visible water and fat, relative to water.
    t1_ms, t2_ms, t2star_ms
        Relaxation times [ms].
    """

    proton_density: float
    t1_ms: float
    t2_ms: float
    t2star_ms: float


def _rows(name: str) -> list[dict[str, str]]:
    text = files("anatwin.phantoms").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


@cache
def tissue_list() -> tuple[Tissue, ...]:
    """Return every tissue, in the order of the index."""
    return tuple(
        Tissue(int(row["index"]), row["name"], row["label"], row["substance"])
        for row in _rows("tissues.tsv")
    )


@cache
def substances(field_t: FieldStrength = "3") -> dict[str, Substance]:
    """Return every substance by its name; ``relaxation.tsv`` states each number's source."""
    values: dict[str, dict[str, float]] = {}
    for row in _rows("relaxation.tsv"):
        values.setdefault(row["substance"], {})[row["quantity"]] = float(row[f"at_{field_t}_t"])
    return {name: Substance(**numbers) for name, numbers in values.items()}


@cache
def tissue_table() -> LabelTable:
    """Return the label table of a tissue map; ``parent`` is the structure of ``anatomy_table``."""
    structures = anatomy_table()
    names = {tissue.name: tissue.index for tissue in tissue_list()}

    def label(tissue: Tissue) -> Label:
        whole = structures[tissue.label]
        mirror = names[mirror_name(tissue.name)]
        return Label(tissue.index, tissue.name, whole.colour, whole.side, mirror, whole.name)

    return LabelTable(tuple(label(tissue) for tissue in tissue_list()))


def mirror_name(name: str) -> str:
    """Return the name of what lies on the other side."""
    return name.replace("_left", "_RIGHT").replace("_right", "_left").lower()


def anatomical(tissues: Labels) -> Labels:
    """Return the structures of a tissue map, numbered as in ``anatomy_table``."""
    return _merged(tissues, anatomy_table())


def structures(labels: Labels) -> Labels:
    """Return the coarse structures of a tissue map or of its structures: ``head_table``'s."""
    fine = labels if labels.table == anatomy_table() else anatomical(labels)
    return _merged(fine, head_table())


def _merged(labels: Labels, table: LabelTable) -> Labels:
    """Return the parents of labels."""
    number = np.zeros(max(labels.table.indices) + 1, np.uint8)
    for label in labels.table.labels:
        number[label.index] = table[label.parent].index
    return Labels(number[labels.data], labels.grid, table)
