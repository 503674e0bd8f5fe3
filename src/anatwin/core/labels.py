"""A name for every voxel."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from anatwin.core.errors import GeometryError, InputError
from anatwin.core.grid import Grid

Side = Literal["left", "right", "midline"]
Colour = tuple[int, int, int]

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode's categories of characters that break lines or cannot be seen."""


@dataclass(frozen=True, slots=True)
class Label:
    """One structure.

    Parameters
    ----------
    index
        Value of its voxels, 1 or more.
    name
        Lower-case words joined by underscores; also the name of its surface file.
    colour
        Red, green, blue, 0 to 255.
    side
        The person's ``left`` or ``right``, or ``midline``.
    mirror
        Index of the structure on the other side; 0 stands for its own.
    parent
        Group it belongs to.
    """

    index: int
    name: str
    colour: Colour
    side: Side = "midline"
    mirror: int = 0
    parent: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "mirror", self.mirror or self.index)
        if not 1 <= self.index <= 65535:
            raise InputError(f"Label.index must be 1 to 65535, got {self.index} for {self.name!r}.")
        if not self.name or set(self.name) & set("/\\") or self.name.startswith("."):
            raise InputError(f"Label.name must be usable as a file name, got {self.name!r}.")
        if any(category(c) in _UNSEEN for c in self.name + self.parent):
            raise InputError(f"Label.name must be printable, got {self.name!r}, {self.parent!r}.")
        if self.side not in ("left", "right", "midline"):
            raise InputError(f"Label.side must be left, right or midline, got {self.side!r}.")
        if min(self.colour) < 0 or max(self.colour) > 255:
            raise InputError(f"Label.colour must be 0 to 255, got {self.colour}.")


@dataclass(frozen=True, slots=True)
class LabelTable:
    """The structures that a label map may hold, each index and each name once."""

    labels: tuple[Label, ...]

    def __post_init__(self) -> None:
        for what in ("index", "name"):
            values = [getattr(label, what) for label in self.labels]
            if repeated := {v for v in values if values.count(v) > 1}:
                raise InputError(f"LabelTable has {what} {sorted(repeated)} more than once.")

    def __len__(self) -> int:
        """Return the number of structures, background not counted."""
        return len(self.labels)

    def __getitem__(self, key: int | str) -> Label:
        """Return the structure of an index or of a name."""
        for label in self.labels:
            if key in (label.index, label.name):
                return label
        raise InputError(f"No structure {key!r} in the table of {len(self)}.")

    @property
    def indices(self) -> tuple[int, ...]:
        """Every index, in the table's order."""
        return tuple(label.index for label in self.labels)

    def mirrored(self) -> NDArray[np.uint16]:
        """Return a look-up array: index to the index on the other side."""
        swap = np.arange(max(self.indices, default=0) + 1, dtype=np.uint16)
        for label in self.labels:
            swap[label.index] = label.mirror
        return swap


@dataclass(frozen=True, eq=False, slots=True)
class Labels:
    """A label map on a grid, and the table that names its values.

    Parameters
    ----------
    data
        Unsigned integers, ``i j k``; 0 is background.
    grid
        Position of the voxels.
    table
        Names of the values.
    uncertainty
        Where known, 0 (sure) to 1 for every voxel, ``i j k``.
    conflict
        Where two sources were fused and disagreed, the value that lost; 0 elsewhere, ``i j k``.

    Raises
    ------
    GeometryError
        If an array does not have the grid's shape.
    InputError
        If a value is not in the table.
    """

    data: NDArray[np.unsignedinteger]
    grid: Grid
    table: LabelTable
    uncertainty: NDArray[np.floating] | None = None
    conflict: NDArray[np.unsignedinteger] | None = None

    def __post_init__(self) -> None:
        for name in ("data", "uncertainty", "conflict"):
            array = getattr(self, name)
            if array is not None and array.shape != self.grid.shape:
                raise GeometryError(
                    f"Labels.{name} must have the shape {self.grid.shape} of its grid, "
                    f"got {array.shape}."
                )
        if self.data.dtype.kind != "u":
            raise InputError(f"Labels.data must be unsigned integers, got {self.data.dtype}.")
        present = {int(value) for slab in self.data for value in np.unique(slab)}
        if unknown := sorted(present - {0, *self.table.indices}):
            raise InputError(f"Labels.data has values {unknown[:8]} that its table does not name.")

    def mask(self, *names: str) -> NDArray[np.bool_]:
        """Return the voxels of structures and of their parts, ``i j k``."""
        indices = [x.index for x in self.table.labels if x.name in names or x.parent in names]
        mask: NDArray[np.bool_] = np.isin(self.data, indices)
        return mask

    def counts(self) -> dict[int, int]:
        """Return the number of voxels of every structure in the table."""
        n = max(self.table.indices, default=0) + 1
        counts = sum(np.bincount(slab.ravel(), minlength=n) for slab in self.data)
        return {index: int(np.asarray(counts)[index]) for index in self.table.indices}


def parse_colour(text: str) -> Colour:
    """Return ``(r, g, b)`` of ``#rrggbb``."""
    try:
        value = bytes.fromhex(text.removeprefix("#"))
        red, green, blue = value
    except ValueError:
        raise InputError(f"A colour must look like #4fb3bf, got {text!r}.") from None
    return (red, green, blue)


def label_from_row(row: dict[str, str]) -> Label:
    """Return the structure of one row of a label table file."""
    try:
        index, mirror = int(row["index"]), int(row.get("mirror") or 0)
        side = row.get("side") or "midline"
        colour = parse_colour(row.get("colour") or "#808080")
        return Label(index, row["name"], colour, side, mirror, row.get("parent") or "")  # type: ignore[arg-type]
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"A label table row needs index and name, got {row}: {error}") from error


@cache
def head_table() -> LabelTable:
    """Return the table of the head's structures."""
    return _packaged_table("head.tsv")


@cache
def craniofacial_table() -> LabelTable:
    """Return the table of the structures that dentists and surgeons look at."""
    return _packaged_table("craniofacial.tsv")


@cache
def intracranial() -> NDArray[np.bool_]:
    """Return whether an index of the head table, background first, lies inside the skull."""
    return np.array([False, *(x.parent in ("brain", "csf_space") for x in head_table().labels)])


@cache
def overview_table() -> LabelTable:
    """Return the table of a head seen as a whole: brain parts and craniofacial structures."""
    return _packaged_table("overview.tsv")


def overview_index(
    structure: NDArray[np.integer], region: NDArray[np.integer]
) -> NDArray[np.uint8]:
    """Return indices of the overview table: inside the skull the structure, elsewhere the region.

    Parameters
    ----------
    structure, region
        Indices of the head table and of the craniofacial table, of one shape.
    """
    known = {label.name: label.index for label in overview_table().labels}
    of_structure, of_region = (
        np.array([0, *(known.get(label.name, 0) for label in table.labels)], np.uint8)
        for table in (head_table(), craniofacial_table())
    )
    found: NDArray[np.uint8] = np.where(
        intracranial()[structure], of_structure[structure], of_region[region]
    )
    return found


def _packaged_table(name: str) -> LabelTable:
    """Return one of the tables that come with the package."""
    text = files("anatwin.core").joinpath(name).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return LabelTable(tuple(label_from_row(row) for row in rows))
