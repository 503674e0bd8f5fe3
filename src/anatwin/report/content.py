"""What the page says: every text and table, as plain values for the template."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import Any

from anatwin.core import AnyKSpace, Check, Measure, NonCartesian, Step, Twin
from anatwin.core.labels import Colour
from anatwin.measure.structure_checks import PREFIX
from anatwin.report.planes import tilt_deg

MOST_ROWS = 2000
"""Rows of a table; a page with more would be slow, and the case folder has them all."""

MOST_FILES = 12
SHORT_HASH = 10

_VERDICTS = {
    "pass": ("Passed", "Every quality check passed."),
    "warn": ("Passed with warnings", "Usable, but read the warnings before you rely on it."),
    "fail": ("Failed", "At least one quality check failed. Do not use these results as they are."),
}
_STAGES = {
    "read": "Read the input",
    "acquire": "Simulate the scan",
    "reconstruct": "Reconstruct the image",
    "fuse": "Fuse the scans",
    "segment": "Label the structures",
    "mesh": "Extract the surfaces",
    "measure": "Measure",
}


@dataclass(frozen=True, slots=True)
class Headline:
    """The overall result in words."""

    verdict: str
    title: str
    advice: str
    counts: str


@dataclass(frozen=True, slots=True)
class Row:
    """One number, split into what a table shows in its columns."""

    structure: str
    name: str
    convention: str
    value: str
    sortable: str
    unit: str
    uncertainty: str
    basis: str
    rgb: Colour | None = None


@dataclass(frozen=True, slots=True)
class SurfaceRow:
    """One surface of the table of surfaces."""

    name: str
    rgb: Colour
    faces: str
    volume_ml: float
    area_cm2: float
    is_closed: bool


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of the history."""

    title: str
    step: Step
    seconds: str
    share: float
    memory: str
    parameters: tuple[tuple[str, str], ...]
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    more: int


def headline(twin: Twin) -> Headline:
    """Return the verdict in words."""
    if not twin.checks:
        return Headline("none", "Not checked", "No quality check was run on this twin.", "")
    title, advice = _VERDICTS[twin.verdict]
    found: Counter[str] = Counter(check.verdict for check in twin.checks)
    words = (("pass", "passed"), ("warn", "warned"), ("fail", "failed"))
    counts = ", ".join(f"{found[key]} {word}" for key, word in words if found[key])
    return Headline(twin.verdict, title, advice, f"{len(twin.checks)} checks: {counts}")


def facts(twin: Twin) -> list[tuple[str, str]]:
    """Return what the reader wants to know of the input first, as terms and values."""
    rows: list[tuple[str, str]] = []
    if twin.kspace:
        rows += _kspace_facts(twin.kspace, twin.history)
    if twin.image:
        grid = twin.image.grid
        rows.append(("Image", _times(grid.shape) + " voxels"))
        rows.append(("Voxel size", _times(tuple(f"{mm:.2f}" for mm in grid.spacing_mm)) + " mm"))
        tilt = tilt_deg(grid)
        oblique = f", oblique by {tilt:.0f}°" if tilt >= 1 else ""
        rows.append(
            ("Axes point to", ", ".join(_direction(c) for c in grid.axis_codes()) + oblique)
        )
    return rows + list(twin.facts)


def _kspace_facts(kspace: AnyKSpace, history: tuple[Step, ...]) -> list[tuple[str, str]]:
    rows = [
        ("Origin", f"{kspace.origin} k-space"),
        ("Receive coils", str(kspace.n_coils)),
    ]
    if isinstance(kspace, NonCartesian):
        _, _, n_shots, n_samples = kspace.data.shape
        rows.append(("Samples", f"{n_shots} shots of {n_samples} per slice and coil"))
        rows.append(("Encoding", "2-D, slice by slice, along a trajectory"))
        return rows
    rows += [
        ("Samples", _times(kspace.data.shape[1:]) + " per coil"),
        ("Encoding", "3-D" if kspace.slice_axis is None else "2-D, slice by slice"),
    ]
    requested = [
        value
        for step in history
        if step.stage == "acquire"
        for name, value in step.parameters
        if name == "acceleration"
    ]
    if requested:
        rows.append(("Acceleration requested", f"{requested[0]:g}"))
    rows.append(("Acceleration reached", f"{kspace.acceleration:.2f}"))
    rows.append(("Points measured", f"{1 / kspace.acceleration:.1%}".replace("%", " %")))
    return rows


def _direction(code: str) -> str:
    names = {"R": "right", "L": "left", "A": "front", "P": "back", "S": "top", "I": "bottom"}
    return names[code]


def _times(values: tuple[Any, ...]) -> str:
    return " × ".join(str(value) for value in values)  # noqa: RUF001


def measure_rows(twin: Twin) -> list[Row]:
    """Return every measure as a row, numbers of an image under the name of their origin."""
    return [_row(measure, _colours(twin)) for measure in twin.measures[:MOST_ROWS]]


def quality_rows(twin: Twin) -> list[Row]:
    """Return the measures that compare an image with the truth."""
    kinds = ("PSNR", "SSIM", "NMSE", "NRMSE")
    return [row for row in measure_rows(twin) if row.name.startswith(kinds)]


def volume_rows(twin: Twin) -> list[dict[str, Any]]:
    """Return the structures that were found, with volume and left-right difference."""
    asymmetries = {m.structure: m.value for m in twin.measures if m.name.startswith("asymmetry")}
    found = [m for m in twin.measures if m.name == "volume" and isfinite(m.value)]
    largest = max((measure.value for measure in found), default=1.0) or 1.0
    return [
        {
            "row": _row(measure, _colours(twin)),
            "share": measure.value / largest,
            "asymmetry": _asymmetry(asymmetries.get(_pair(measure.structure))),
        }
        for measure in found[:MOST_ROWS]
    ]


def _pair(structure: str) -> str:
    return structure.removesuffix("_left").removesuffix("_right")


def _asymmetry(value: float | None) -> str:
    if value is None or not isfinite(value):
        return ""
    return f"{value * 100:+.1f} %".replace("-", "−")  # noqa: RUF001


def missing(twin: Twin) -> list[str]:
    """Return the structures that were looked for and not found."""
    return [
        readable(m.structure) for m in twin.measures if m.name == "volume" and not isfinite(m.value)
    ]


def _colours(twin: Twin) -> dict[str, Colour]:
    table = twin.labels.table.labels if twin.labels else ()
    return {label.name: label.colour for label in table}


def _row(measure: Measure, colours: dict[str, Colour]) -> Row:
    name, _, convention = measure.name.partition("[")
    spread = measure.uncertainty or 0.0
    digits = _decimals(spread) if isfinite(spread) and spread > 0 else None
    return Row(
        readable(measure.structure),
        name.strip(),
        convention.removesuffix("]"),
        _number(measure.value, digits) if isfinite(measure.value) else "none",
        repr(float(measure.value)) if isfinite(measure.value) else "",
        measure.unit,
        f"± {_number(spread, digits)}" if digits is not None else "",
        measure.basis,
        colours.get(measure.structure),
    )


def _number(value: float, digits: int | None = None) -> str:
    """Return a number with so many decimals, or as many as its size deserves."""
    size = abs(value)
    if digits is None:
        if size and (size < 0.001 or size >= 1e6):
            return f"{value:.3g}"
        digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
    return f"{value:,.{digits}f}".replace(",", "\u2009").replace("-", "−")  # noqa: RUF001


def _decimals(spread: float) -> int:
    """Return the decimals that show two figures of an uncertainty."""
    return min(max(1 - floor(log10(spread)), 0), 6)


def surface_rows(twin: Twin) -> list[SurfaceRow]:
    """Return faces, volume, area and closedness of every surface."""
    return [
        SurfaceRow(
            readable(surface.name),
            surface.colour,
            _number(len(surface.faces), 0),
            surface.volume_mm3 / 1000,
            surface.area_mm2 / 100,
            surface.is_closed,
        )
        for surface in twin.surfaces[:MOST_ROWS]
    ]


def check_rows(twin: Twin) -> list[Check]:
    """Return the checks of the whole, the worst first."""
    return _worst_first(check for check in twin.checks if not is_of_structure(check))


def structure_rows(twin: Twin) -> list[tuple[str, Check]]:
    """Return every structure's name and its check, the worst first."""
    checks = _worst_first(filter(is_of_structure, twin.checks))
    return [(check.name.removeprefix(PREFIX), check) for check in checks]


def is_of_structure(check: Check) -> bool:
    """Tell whether a check is that of one structure."""
    return check.name.startswith(PREFIX)


def _worst_first(checks: Iterable[Check]) -> list[Check]:
    order = {"fail": 0, "warn": 1, "pass": 2}
    return sorted(checks, key=lambda check: order[check.verdict])


def step_rows(twin: Twin) -> list[StepRow]:
    """Return the history, each step with its share of the time."""
    longest = max((step.seconds for step in twin.history), default=0.0) or 1.0
    return [
        StepRow(
            _STAGES.get(step.stage, step.stage.replace("_", " ").capitalize()),
            step,
            _seconds(step.seconds),
            step.seconds / longest,
            f"{step.peak_mb / 1000:.2f} GB" if step.peak_mb else "",
            tuple((name.replace("_", " "), _value(value)) for name, value in step.parameters),
            step.inputs[:MOST_FILES],
            step.outputs[:MOST_FILES],
            max(len(step.inputs), len(step.outputs)) - MOST_FILES,
        )
        for step in twin.history
    ]


def total_time(twin: Twin) -> str:
    """Return the time that all steps took, computed in this run or before."""
    return _seconds(sum(step.seconds for step in twin.history))


def _seconds(value: float) -> str:
    if value >= 90:
        return f"{int(value // 60)} min {value % 60:.0f} s"
    return f"{value:.1f} s"


def _value(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_value(v)}" for name, v in value.items())
    return (
        f"{value:g}" if isinstance(value, float) else "automatic" if value is None else str(value)
    )


def readable(name: str) -> str:
    """Return a structure's name as words."""
    return name.replace("_", " ")
