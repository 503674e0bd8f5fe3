"""Names and colours of structures: our own TSV, ITK-SNAP's label file, FreeSurfer's look-up table.

The TSV holds everything. The other two have no sides: they are read from the names (``left``,
``right``, ``lh``, ``rh``, ``l``, ``r`` as a word), where the structure of the other side is there.
"""

import csv
import re
from colorsys import hsv_to_rgb
from io import StringIO
from pathlib import Path
from typing import Any

from anatwin.core import InputError, Label, LabelTable
from anatwin.core.labels import Colour, label_from_row
from anatwin.io.files import atomic_output, naming, read_text

_COLUMNS = ("index", "name", "colour", "side", "mirror", "parent")
_RIGHT_WORD = {"left": "right", "lh": "rh", "l": "r"}
_NO_FILE_NAME = re.compile(r"[/\\\x00-\x1f\x7f]|^\.")

_ITKSNAP_HEADER = """\
################################################
# ITK-SnAP Label Description File
# File format:
# IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL
# Fields:
#    IDX:   Zero-based index
#    -R-:   Red color component (0..255)
#    -G-:   Green color component (0..255)
#    -B-:   Blue color component (0..255)
#    -A-:   Label transparency (0.00 .. 1.00)
#    VIS:   Label visibility (0 or 1)
#    IDX:   Label mesh visibility (0 or 1)
#  LABEL:   Label description
################################################
    0     0    0    0        0  0  0    "Clear Label"
"""
_ITKSNAP_LINE = re.compile(
    r"\s*(?P<index>\d{1,9})\s+(?P<red>\d+)\s+(?P<green>\d+)\s+(?P<blue>\d+)"
    r'\s+[\d.]+\s+[01]\s+[01]\s+"(?P<name>[^"]*)"\s*',
    re.ASCII,
)
_FREESURFER_LINE = re.compile(
    r"\s*(?P<index>\d{1,9})\s+(?P<name>\S+)"
    r"\s+(?P<red>\d+)\s+(?P<green>\d+)\s+(?P<blue>\d+)\s+\d+\s*",
    re.ASCII,
)

_MOST_STRUCTURES = 255

Entry = tuple[int, str, Colour]
_LEFT_WORD = re.compile(r"(?<![a-z0-9])(left|lh|l)(?![a-z0-9])")


def read_table(path: Path) -> LabelTable:
    """Read a TSV with the columns index, name and, as wanted, colour, side, mirror, parent.

    Raises
    ------
    InputError
        If it is no such table, an index or name repeats, or a mirror partner does not mirror back.
    """
    path = Path(path)
    text = read_text(path)
    with naming(path):
        try:
            rows = list(csv.DictReader(StringIO(text, newline=""), delimiter="\t", strict=True))
        except csv.Error as error:
            raise InputError(f"not a tab-separated table ({error}).") from error
        if not rows or not {"index", "name"} <= rows[0].keys():
            raise InputError("a table needs a first line with the columns index and name.")
        table = LabelTable(tuple(label_from_row(row) for row in rows))
        _require_mirrors(table)
        return table


def write_table(table: LabelTable, path: Path) -> None:
    """Write a TSV that ``read_table`` turns into the same table."""
    with atomic_output(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter="\t", lineterminator="\n")
        writer.writerow(_COLUMNS)
        for label in table.labels:
            colour = "#" + bytes(label.colour).hex()
            mirror = label.mirror or label.index
            writer.writerow([label.index, label.name, colour, label.side, mirror, label.parent])


def read_itksnap(path: Path) -> LabelTable:
    """Read ITK-SNAP's label description file; its entry 0 is background.

    Raises
    ------
    InputError
        If a line is not an index, three colours, three flags and a quoted name.
    """
    return _read_entries(Path(path), _ITKSNAP_LINE)


def write_itksnap(table: LabelTable, path: Path) -> None:
    """Write ITK-SNAP's label description file, every structure opaque and visible."""
    lines = []
    for label in table.labels:
        red, green, blue = label.colour
        name = label.name.replace('"', "'")
        colour = f"{red:5d} {green:4d} {blue:4d}"
        lines.append(f'{label.index:5d} {colour}        1  1  1    "{name}"\n')
    _write_text(_ITKSNAP_HEADER + "".join(lines), path)


def read_freesurfer_lut(path: Path) -> LabelTable:
    """Read FreeSurfer's colour look-up table; its entry 0 is background.

    Raises
    ------
    InputError
        If a line is not an index, a name and four colour values.
    """
    return _read_entries(Path(path), _FREESURFER_LINE)


def write_freesurfer_lut(table: LabelTable, path: Path) -> None:
    """Write FreeSurfer's colour look-up table; spaces in a name become underscores."""
    names = ["_".join(label.name.split()) for label in table.labels]
    width = max(map(len, names), default=10)
    lines = [f"{'#No.':<6}{'Label Name:':<{width}}   R   G   B   A\n"]
    lines.append(f"{0:<6}{'Unknown':<{width}}   0   0   0   0\n")
    for label, name in zip(table.labels, names, strict=True):
        red, green, blue = label.colour
        lines.append(f"{label.index:<6}{name:<{width}} {red:3d} {green:3d} {blue:3d}   0\n")
    _write_text("".join(lines), path)


def _write_text(text: str, path: Path) -> None:
    with atomic_output(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _require_mirrors(table: LabelTable) -> None:
    partners = {label.index: label.mirror for label in table.labels}
    for index, partner in partners.items():
        if partners.get(partner) != index:
            raise InputError(
                f"structure {index} names {partner} as its mirror partner, which does not name "
                f"{index}; give each pair the other's index, and the midline its own."
            )


def _read_entries(path: Path, line_format: re.Pattern[str]) -> LabelTable:
    text = read_text(path)
    with naming(path):
        entries: list[Entry] = []
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            if (match := line_format.fullmatch(line)) is None:
                raise InputError(f"line {number} is not a structure: {line.strip()[:60]!r}.")
            if int(match["index"]):
                entries.append(_entry(match, entries))
        if not entries:
            raise InputError("it names no structure.")
        return with_sides(entries)


def _entry(match: re.Match[str], earlier: list[Entry]) -> Entry:
    """Return one structure; its name is made usable as a file name, and unlike earlier ones."""
    index = int(match["index"])
    name = _NO_FILE_NAME.sub("_", match["name"].strip()) or f"label_{index}"
    if any(name == other for _, other, _ in earlier):
        name = f"{name}_{index}"
    return index, name, (int(match["red"]), int(match["green"]), int(match["blue"]))


def numbered_table(labels: dict[str, Any]) -> LabelTable:
    """Return the table of structures that a dataset.json numbers from 0, the background.

    nnU-Net writes name to number, the Medical Segmentation Decathlon number to name.

    Raises
    ------
    InputError
        If a number is missing, or structures overlap.
    """
    if labels and all(key.isdigit() for key in labels):
        labels = {str(name): int(number) for number, name in labels.items()}
    if any(not isinstance(number, int) for number in labels.values()):
        raise InputError("labels that overlap (regions) are not supported; give one number each.")
    by_number = {number: name for name, number in labels.items()}
    if "ignore" in labels:
        raise InputError("the label 'ignore' is not supported; label those voxels or crop them.")
    if sorted(by_number) != list(range(len(labels))) or len(labels) < 2:
        raise InputError(
            "labels must be numbered 0 (background), 1, 2 and so on without gaps, "
            f"got {sorted(labels.values())}."
        )
    if len(labels) > _MOST_STRUCTURES + 1:
        raise InputError(f"at most {_MOST_STRUCTURES} labels are supported, got {len(labels) - 1}.")
    return with_sides([(n, by_number[n], _colour(n)) for n in range(1, len(labels))])


def _colour(number: int) -> Colour:
    """Return a colour far from its neighbours': hues apart by the golden angle."""
    red, green, blue = (round(255 * v) for v in hsv_to_rgb(number * 0.381966 % 1, 0.65, 0.9))
    return (red, green, blue)


def with_sides(entries: list[Entry]) -> LabelTable:
    """Return the table of entries: a side for each whose partner on the other side is there."""
    index_of = {name.lower(): index for index, name, _ in entries}
    partners: dict[int, tuple[int, int]] = {}
    for name, left in index_of.items():
        for word in _LEFT_WORD.finditer(name):
            other = name[: word.start()] + _RIGHT_WORD[word[0]] + name[word.end() :]
            if right := index_of.get(other):
                partners[left] = partners[right] = (left, right)
    return LabelTable(tuple(_sided(entry, partners.get(entry[0])) for entry in entries))


def _sided(entry: Entry, pair: tuple[int, int] | None) -> Label:
    index, name, colour = entry
    if pair is None:
        return Label(index, name, colour, mirror=index)
    left, right = pair
    if index == left:
        return Label(index, name, colour, "left", right)
    return Label(index, name, colour, "right", left)
