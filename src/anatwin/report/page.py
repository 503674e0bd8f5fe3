"""Put one twin on one page."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from anatwin.core import Twin, track
from anatwin.report import content, figures, pictures
from anatwin.report.methods import write_methods
from anatwin.report.scene import make_scene, structures

CHECK_TEXTS = {
    "pass": "Passed",
    "warn": "Warning",
    "fail": "Failed",
}


def write_report(twin: Twin, path: Path) -> None:
    """Write the report of a twin as one HTML file that needs no network.

    Raises
    ------
    ResourceError
        If the file cannot be written.
    """
    from anatwin.io.files import atomic_output

    text = render_report(twin)
    with atomic_output(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def render_report(twin: Twin) -> str:
    """Return the text of the report.

    Every script and style is allowed by its own hash, so text that came with the data is inert.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("anatwin.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["readable"] = content.readable
    environment.globals["verdict_words"] = CHECK_TEXTS
    values = {**_values(twin), **_pictures(twin), **_parts(), "scene": make_scene(twin)}
    return environment.get_template("report.html").render(values)


def _parts() -> dict[str, Any]:
    """Return scripts and styles, and the policy that allows these and nothing else."""
    from markupsafe import Markup

    folder = files("anatwin.report") / "templates"
    names = {"style": "report.css", "script": "report.js", "viewer": "viewer.js"}
    texts = {key: (folder / name).read_text(encoding="utf-8") for key, name in names.items()}
    texts["niivue"] = (folder / "niivue.umd.js").read_text(encoding="utf-8")
    hashes = {key: f"'sha256-{_sha256(text)}'" for key, text in texts.items()}
    scripts = " ".join(hashes[key] for key in ("script", "viewer", "niivue"))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {hashes['style']}; "
        "img-src data: blob:; connect-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    licence = (folder / "niivue.LICENSE.md").read_text(encoding="utf-8")
    allowed = {"policy": policy, "niivue_licence": licence}
    return {**allowed, **{key: Markup(text) for key, text in texts.items()}}


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _values(twin: Twin) -> dict[str, Any]:
    """Return every text and table of the page."""
    now = datetime.now(UTC)
    return {
        "twin": twin,
        "date": f"{now.day} {now:%B %Y, %H:%M} UTC",
        "headline": content.headline(twin),
        "facts": content.facts(twin),
        "structures": structures(twin),
        "quality": content.quality_rows(twin),
        "volumes": content.volume_rows(twin),
        "missing": content.missing(twin),
        "measures": content.measure_rows(twin),
        "surfaces": content.surface_rows(twin),
        "checks": content.check_rows(twin),
        "structure_checks": content.structure_rows(twin),
        "steps": content.step_rows(twin),
        "total_time": content.total_time(twin),
        "methods": write_methods(twin),
        "short_hash": content.SHORT_HASH,
    }


def _pictures(twin: Twin) -> dict[str, Any]:
    """Return every picture of the page."""
    window = figures.grey_window(twin.image) if twin.image else (0.0, 1.0)
    drawn: dict[str, Any] = {}
    makers: dict[str, Callable[[], Any]] = {
        "stacks": lambda: pictures.stacks(twin, window),
        "regions": lambda: pictures.regions(twin, window),
        "comparison": lambda: pictures.comparison(twin),
        "renders": lambda: pictures.renders(twin.surfaces),
        "mask": lambda: figures.mask_picture(twin.kspace) if twin.kspace else None,
        "magnitude": lambda: figures.magnitude_picture(twin.kspace) if twin.kspace else None,
    }
    for name, make in track(makers.items(), "drawing the report"):
        drawn[name] = make()
    return drawn
