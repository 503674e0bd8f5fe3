"""A study's findings as files: CSV, Markdown, PNG, and one page that opens without a network."""

import base64
import shutil
from importlib.resources import files
from pathlib import Path

from anatwin.core import UsageError
from anatwin.io.files import atomic_output
from anatwin.studies.findings import Findings


def write_findings(findings: Findings, folder: Path) -> None:
    """Write a study into a new folder; nothing is left of it when that fails.

    Raises
    ------
    UsageError
        If the folder exists.
    ResourceError
        If it cannot be written.
    """
    if folder.exists():
        raise UsageError(f"{folder} exists; name a new folder, or remove it first.")
    with atomic_output(folder) as made:
        made.mkdir()
        try:
            _write_parts(findings, made)
        except BaseException:
            shutil.rmtree(made)
            raise


def _write_parts(findings: Findings, folder: Path) -> None:
    for table in findings.tables:
        (folder / f"{table.name}.csv").write_text(table.csv(), encoding="utf-8")
        (folder / f"{table.name}.md").write_text(table.markdown(), encoding="utf-8")
    for figure in findings.figures:
        (folder / f"{figure.name}.png").write_bytes(figure.png)
    (folder / "study.html").write_text(render(findings), encoding="utf-8")


def render(findings: Findings) -> str:
    """Return the page: one HTML file, pictures within."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("anatwin.studies"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = _data_uri
    style = files("anatwin.studies") / "templates" / "study.css"
    return environment.get_template("study.html").render(
        findings=findings, style=style.read_text(encoding="utf-8")
    )


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
