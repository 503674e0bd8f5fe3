"""The packaged networks: file, checksum, licence and model card.

A new file of weights changes its checksum: ``stamp("head")`` writes the present one into
``catalogue.tsv``, and whoever exports a network calls it.
"""

import csv
import hashlib
import io
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from anatwin.core import MissingPartError, UsageError

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Entry:
    """One packaged network.

    Parameters
    ----------
    name
        What it is called in plans and in the history.
    file
        ONNX file beside the catalogue.
    sha256
        Checksum of that file.
    licence
        Licence of the weights.
    card
        Model card beside the catalogue: what it was trained on, how good it is, its limits.
    """

    name: str
    file: str
    sha256: str
    licence: str
    card: str


def find(name: str, *, folder: Path = _FOLDER) -> Path:
    """Return the path of a packaged network after checking that the file is whole.

    Raises
    ------
    UsageError
        If no network has this name.
    MissingPartError
        If the file is missing or is not the one that the catalogue describes.
    """
    entry = _entries(folder).get(name)
    if entry is None:
        known = ", ".join(sorted(_entries(folder)))
        raise UsageError(f"No packaged network is called {name!r}; there are: {known}.")
    path = folder / entry.file
    if not path.is_file():
        raise MissingPartError(f"The network {name!r} is missing ({path}); install anatwin again.")
    if _sha256(path) != entry.sha256:
        raise MissingPartError(
            f"The network {name!r} is damaged: {path} does not have the checksum in the "
            "catalogue; install anatwin again."
        )
    return path


def stamp(name: str, *, folder: Path = _FOLDER) -> Entry:
    """Write the present checksum of a network's file into the catalogue and return its entry."""
    entries = _entries(folder)
    entries[name] = replace(entries[name], sha256=_sha256(folder / entries[name].file))
    text = io.StringIO(newline="")
    names = [field.name for field in fields(Entry)]
    writer = csv.DictWriter(text, names, delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(entry) for entry in entries.values())
    (folder / "catalogue.tsv").write_text(text.getvalue(), encoding="utf-8")
    return entries[name]


def _entries(folder: Path) -> dict[str, Entry]:
    lines = (folder / "catalogue.tsv").read_text(encoding="utf-8").splitlines()
    return {row["name"]: Entry(**row) for row in csv.DictReader(lines, delimiter="\t")}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
