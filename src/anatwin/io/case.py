"""The case folder: every product of a twin as a file, and what the twin says of itself."""

import json
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from anatwin.core import (
    AnyKSpace,
    Check,
    InputError,
    Labels,
    Measure,
    Step,
    Surface,
    Twin,
    Volume,
)
from anatwin.io.files import sha256_file

TWIN_FILE = "twin.json"
REPORT_FILE = "report.html"
PRODUCT_FILES = {
    "kspace": "kspace.h5",
    "reference": "reference.nii.gz",
    "baseline": "zero_filled.nii.gz",
    "image": "image.nii.gz",
    "labels": "labels.nii.gz",
    "regions": "regions.nii.gz",
    "surfaces": "twin.glb",
    "measures": "measures.tsv",
    "checks": "qc.json",
}
_MAPPINGS = ("parameters", "inputs", "outputs", "versions")


def save_product(name: str, value: Any, folder: Path) -> tuple[tuple[str, str], ...]:  # noqa: ANN401
    """Write one product of a twin into a case folder.

    Parameters
    ----------
    name
        Field of :class:`~anatwin.core.Twin`, a key of ``PRODUCT_FILES``.
    value
        Its value.
    folder
        The case.

    Returns
    -------
    tuple of (str, str)
        Each file written, relative to the case, and its sha256.
    """
    files = _WRITERS.get(name, _save_volume)(folder / PRODUCT_FILES[name], value)
    return tuple((str(file.relative_to(folder)), sha256_file(file)) for file in files)


def load_product(name: str, folder: Path) -> Any:  # noqa: ANN401
    """Read one product of a twin from a case folder; the inverse of :func:`save_product`."""
    return _READERS.get(name, _load_volume)(folder / PRODUCT_FILES[name])


def write_twin_file(twin: Twin, folder: Path) -> None:
    """Write twin.json: who, from what, and every step."""
    content = {
        "subject": twin.subject,
        "source": twin.source,
        "origin": twin.origin,
        "purpose": "Research use only; not a medical device.",
        "verdict": twin.verdict,
        "facts": dict(twin.facts),
        "notes": list(twin.notes),
        "steps": [_step_to_json(step) for step in twin.history],
    }
    _write_json(content, folder / TWIN_FILE)


def read_steps(folder: Path) -> tuple[Step, ...]:
    """Return the steps that a case records.

    Raises
    ------
    InputError
        If twin.json is missing or damaged.
    """
    try:
        return tuple(_step_from_json(step) for step in _read_json(folder / TWIN_FILE)["steps"])
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / TWIN_FILE} is damaged ({error}); build again.") from error


def read_source_name(folder: Path) -> str:
    """Return the name of the file or folder that a case was built from."""
    return str(_read_json(folder / TWIN_FILE).get("source", ""))


def read_case(folder: Path) -> Twin:
    """Read a whole twin back from its case folder.

    Raises
    ------
    InputError
        If the folder is not a case, or a file that its twin.json names is missing.
    """
    content, steps = _read_json(folder / TWIN_FILE), read_steps(folder)
    files = {file for step in steps for file, _ in step.outputs}
    if missing := sorted(file for file in files if not (folder / file).exists()):
        raise InputError(f"{folder} lacks {missing[0]}, which its twin.json names; build again.")
    products = {name: load_product(name, folder) for name, f in PRODUCT_FILES.items() if f in files}
    return Twin(
        content["subject"],
        content["source"],
        content["origin"],
        facts=tuple(content["facts"].items()),
        notes=tuple(content["notes"]),
        history=steps,
        **products,
    )


def _save_volume(path: Path, value: Volume) -> list[Path]:
    from anatwin.io.nifti import write_volume

    write_volume(value.magnitude(), path)
    return [path]


def _load_volume(path: Path) -> Volume:
    from anatwin.io.nifti import read_volume

    return read_volume(path)


def _save_kspace(path: Path, value: AnyKSpace) -> list[Path]:
    from anatwin.io.ismrmrd import write_ismrmrd

    write_ismrmrd(value, path)
    return [path]


def _load_kspace(path: Path) -> AnyKSpace:
    from anatwin.io.ismrmrd import read_ismrmrd

    return read_ismrmrd(path)


def _save_labels(path: Path, value: Labels) -> list[Path]:
    from anatwin.io.nifti import write_array, write_labels
    from anatwin.io.tables import write_itksnap, write_table

    name = path.name.removesuffix(".nii.gz")
    table, itksnap = (path.with_name(f"{name}{end}") for end in (".tsv", ".itksnap.txt"))
    write_labels(value, path)
    write_table(value.table, table)
    write_itksnap(value.table, itksnap)
    written = [path, table, itksnap]
    for other, array in (("uncertainty", value.uncertainty), ("conflict", value.conflict)):
        if array is not None:
            written.append(path.with_name(f"{other}.nii.gz"))
            write_array(array, value.grid, written[-1])
    return written


def _load_labels(path: Path) -> Labels:
    from anatwin.io.nifti import read_labels, read_volume

    labels = _load_named(path)
    uncertainty, conflict = (path.parent / f"{x}.nii.gz" for x in ("uncertainty", "conflict"))
    if uncertainty.exists():
        labels = replace(labels, uncertainty=read_volume(uncertainty).data)
    if conflict.exists():
        labels = replace(labels, conflict=read_labels(conflict, labels.table).data)
    return labels


def _load_named(path: Path) -> Labels:
    from anatwin.io.nifti import read_labels
    from anatwin.io.tables import read_table

    name = path.name.removesuffix(".nii.gz")
    return read_labels(path, read_table(path.with_name(f"{name}.tsv")))


def _save_surfaces(path: Path, value: tuple[Surface, ...]) -> list[Path]:
    from anatwin.io.surfaces import write_glb, write_stl

    folder = path.parent / "surfaces"
    folder.mkdir(exist_ok=True)
    files = [folder / f"{surface.name}.stl" for surface in value]
    for surface, file in zip(value, files, strict=True):
        write_stl(surface, file)
    write_glb(value, path)
    return [*files, path]


def _load_surfaces(path: Path) -> tuple[Surface, ...]:
    from anatwin.io.surfaces import read_glb

    return read_glb(path)


def measures_text(measures: tuple[Measure, ...]) -> str:
    """Return measures as a table of tab-separated values with a header."""
    names = [item.name for item in fields(Measure)]
    rows = [[_cell(getattr(measure, name)) for name in names] for measure in measures]
    return "\n".join("\t".join(row) for row in [names, *rows]) + "\n"


def _save_measures(path: Path, value: tuple[Measure, ...]) -> list[Path]:
    path.write_text(measures_text(value), encoding="utf-8")
    return [path]


def _load_measures(path: Path) -> tuple[Measure, ...]:
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    rows = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
    return tuple(_measure(row) for row in rows)


def _measure(row: dict[str, str]) -> Measure:
    uncertainty = float(row["uncertainty"]) if row["uncertainty"] else None
    value = float(row["value"])
    return Measure(row["name"], row["structure"], value, row["unit"], uncertainty, row["basis"])


def _cell(value: object) -> str:
    if value is None:
        return ""
    return repr(float(value)) if isinstance(value, float) else str(value)


def _save_checks(path: Path, value: tuple[Check, ...]) -> list[Path]:
    verdict = Twin("", "", "", checks=value).verdict
    _write_json({"verdict": verdict, "checks": [asdict(check) for check in value]}, path)
    return [path]


def _load_checks(path: Path) -> tuple[Check, ...]:
    return tuple(Check(**check) for check in _read_json(path)["checks"])


def _step_to_json(step: Step) -> dict[str, Any]:
    plain = asdict(step)
    return plain | {name: dict(plain[name]) for name in _MAPPINGS}


def _step_from_json(plain: dict[str, Any]) -> Step:
    return Step(**plain | {name: tuple(plain[name].items()) for name in _MAPPINGS})


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path.parent} is not a case: it has no {path.name}.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}); build again.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold a JSON object; build again.")
    return content


def _write_json(content: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")


_WRITERS: dict[str, Callable[[Path, Any], list[Path]]] = {
    "kspace": _save_kspace,
    "labels": _save_labels,
    "regions": _save_labels,
    "surfaces": _save_surfaces,
    "measures": _save_measures,
    "checks": _save_checks,
}
_READERS: dict[str, Callable[[Path], Any]] = {
    "kspace": _load_kspace,
    "labels": _load_labels,
    "regions": _load_named,
    "surfaces": _load_surfaces,
    "measures": _load_measures,
    "checks": _load_checks,
}
