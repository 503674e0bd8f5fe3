"""What a study found: tables, figures, and what they mean beside the paper."""

import csv
from dataclasses import dataclass
from io import StringIO
from math import isfinite

from anatwin.core import UsageError

Cell = str | float | int
"""Text, a number (NaN: not applicable) or a count."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns.

    Parameters
    ----------
    name
        Short name, the stem of its files.
    caption
        What is shown: the metric's convention, n and the data.
    columns
        Names, with units in brackets.
    rows
        One cell per column.

    Raises
    ------
    UsageError
        If a row does not fit the columns.
    """

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise UsageError(
                    f"A row of {self.name} must have {len(self.columns)} cells, got {row}."
                )

    def csv(self) -> str:
        """Return comma-separated values with all digits."""
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(["" if _is_missing(c) else c for c in row] for row in self.rows)
        return text.getvalue()

    def markdown(self) -> str:
        """Return a Markdown table of readable numbers, its caption below."""
        lines = [self.columns, ["---"] * len(self.columns), *map(self.readable, self.rows)]
        table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
        return f"{table}\n\n{self.caption}\n"

    def readable(self, row: tuple[Cell, ...]) -> list[str]:
        """Return a row's cells as people read them."""
        return [readable(cell) for cell in row]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as the bytes of a PNG file."""

    name: str
    caption: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Findings:
    """The outcome of a study.

    Parameters
    ----------
    title
        What was asked.
    basis
        ``raw k-space`` or ``synthetic k-space``, and of what.
    remarks
        What the numbers say beside the paper's, one paragraph each.
    tables, figures
        What was found.
    """

    title: str
    basis: str
    remarks: tuple[str, ...]
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...] = ()


def readable(cell: Cell) -> str:
    """Return a cell as people read it: four significant digits, a dash for what is missing."""
    if _is_missing(cell):
        return "-"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def _is_missing(cell: Cell) -> bool:
    return isinstance(cell, float) and not isfinite(cell)
