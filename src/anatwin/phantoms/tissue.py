"""What tissues are made of, and which structure each belongs to."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from anatwin.core import Label, Labels, LabelTable, head_table


@dataclass(frozen=True, slots=True)
class Tissue:
    """One tissue at 3 T.

    Parameters
    ----------
    index, name
        Number and name in a tissue map. Up to 20 they are those of the structure itself.
    structure
        Name of the structure of ``head_table`` that the tissue is part of.
    proton_density
        Visible water and fat, relative to water; chosen to give usual contrast.
    t1_ms, t2_ms
        Relaxation times [ms].
    source_of_times
        Where the relaxation times come from.
    """

    index: int
    name: str
    structure: str
    proton_density: float
    t1_ms: float
    t2_ms: float
    source_of_times: str


@cache
def tissue_list() -> tuple[Tissue, ...]:
    """Return every tissue, in the order of the index."""
    text = files("anatwin.phantoms").joinpath("tissues.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return tuple(
        Tissue(
            int(row["index"]),
            row["name"],
            row["structure"],
            float(row["proton_density"]),
            float(row["t1_ms"]),
            float(row["t2_ms"]),
            row["source_of_times"],
        )
        for row in rows
    )


@cache
def tissue_table() -> LabelTable:
    """Return the label table of a tissue map: the structures' own, and the finer tissues."""
    structures = head_table()
    names = {tissue.name: tissue for tissue in tissue_list()}

    def label(tissue: Tissue) -> Label:
        whole = structures[tissue.structure]
        other = tissue.name.replace("_left", "_RIGHT").replace("_right", "_left").lower()
        mirror = names[other].index
        return Label(tissue.index, tissue.name, whole.colour, whole.side, mirror, whole.name)

    return LabelTable(tuple(label(tissue) for tissue in tissue_list()))


def structures(tissues: Labels) -> Labels:
    """Return the structures of a tissue map, numbered as in ``head_table``."""
    table = head_table()
    number = np.zeros(len(tissue_list()) + 1, np.uint8)
    for tissue in tissue_list():
        number[tissue.index] = table[tissue.structure].index
    return Labels(number[tissues.data], tissues.grid, table)
