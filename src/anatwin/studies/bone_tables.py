"""The tables of the bone study: how far every modulus is from the truth, beside the paper's."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from anatwin.measure import mean_interval
from anatwin.studies.findings import Cell, Table

PAPER = {
    ("head", "E_x"): (83.84, 55.35),
    ("head", "E_y"): (72.88, 42.92),
    ("head", "G_xy"): (81.13, 30.73),
    ("neck", "E_x"): (98.67, 69.13),
    ("neck", "E_y"): (91.17, 57.13),
    ("neck", "G_xy"): (95.66, 55.41),
    ("intertrochanteric", "E_x"): (92.38, 36.88),
    ("intertrochanteric", "E_y"): (96.99, 49.22),
    ("intertrochanteric", "G_xy"): (97.79, 44.15),
}
"""Mean error [%] of the paper's networks, with L1 and with L2 loss."""

LEAST_MPA = 10.0
"""Moduli below this in truth are left out: under a mixed condition a region can hang by a strut."""


class Error(NamedTuple):
    """How far one modulus of one region is from the truth [%]."""

    femur: int
    region: str
    method: str
    condition: str
    modulus: str
    percent: float


class Cost(NamedTuple):
    """What one method made of one femur, and at which price."""

    femur: int
    method: str
    wrong_percent: float
    cpu_s: float
    wall_s: float


def stiffness_table(errors: Sequence[Error], condition: str, data: str) -> Table:
    """Return the mean absolute error by region, modulus and method, with the paper's."""
    methods = list(dict.fromkeys(error.method for error in errors))
    rows: list[tuple[Cell, ...]] = []
    for (region, modulus), paper in PAPER.items():
        row: list[Cell] = [region, modulus, *paper]
        for method in methods:
            row.append(_mean_absolute(errors, (region, modulus, method, condition)))
        rows.append(tuple(row))
    overall: list[Cell] = ["all, 95 % interval", "all", *np.mean(list(PAPER.values()), axis=0)]
    overall += [_over_femora(errors, method, condition) for method in methods]
    caption = (
        f"Mean absolute error of the apparent stiffness [%], {condition}, plane stress, squares of "
        f"12 mm; {data}. A modulus below {LEAST_MPA:g} MPa in truth is left out. Intervals: over "
        "femora, Student's t. Paper: ResNet, L1 and L2."
    )
    columns = ("region", "modulus", "paper L1", "paper L2", *methods)
    return Table(f"stiffness_{condition}", caption, columns, (*rows, tuple(overall)))


def methods_table(errors: Sequence[Error], costs: Sequence[Cost], data: str) -> Table:
    """Return every method's error under every condition, share of wrong pixels and time."""
    conditions = list(dict.fromkeys(error.condition for error in errors))
    rows: list[tuple[Cell, ...]] = []
    for method in dict.fromkeys(cost.method for cost in costs):
        chosen = [cost for cost in costs if cost.method == method]
        row: list[Cell] = [method]
        for condition in conditions:
            row += [_over_femora(errors, method, condition)]
            row += _median_and_worst(errors, method, condition)
        row.append(_interval([cost.wrong_percent for cost in chosen]))
        rows.append((*row, max(c.cpu_s for c in chosen), max(c.wall_s for c in chosen)))
    words = ("{} [%]", "median, {}", "worst, {}")
    columns = [word.format(condition) for condition in conditions for word in words]
    caption = (
        "Mean absolute error of the apparent stiffness, the median and the largest of the single "
        "ones; pixels inside the outline that are bone where there is none, or none where there is "
        "bone; the longest time of a femur on one thread. 95 % intervals over femora; "
        f"{data}."
    )
    ends = ("wrong pixels [%]", "CPU [s]", "wall [s]")
    return Table("methods", caption, ("method", *columns, *ends), tuple(rows))


def _over_femora(errors: Sequence[Error], method: str, condition: str) -> str:
    """Return the mean over femora of their mean absolute errors, and its interval, as text."""
    chosen = [e for e in errors if (e.method, e.condition) == (method, condition)]
    numbers = sorted({e.femur for e in chosen})
    return _interval([_mean(e.percent for e in chosen if e.femur == n) for n in numbers])


def _median_and_worst(errors: Sequence[Error], method: str, condition: str) -> list[Cell]:
    """Return the median and the largest of the single absolute errors."""
    chosen = [abs(e.percent) for e in errors if (e.method, e.condition) == (method, condition)]
    known = [value for value in chosen if np.isfinite(value)]
    return [float(np.median(known)), max(known)] if known else [float("nan")] * 2


def _interval(values: Sequence[float]) -> str:
    """Return a mean and its interval as text."""
    mean, low, high = mean_interval(values)
    return f"{mean:.1f} ({low:.1f} to {high:.1f})" if np.isfinite(low) else f"{mean:.1f}"


def _mean_absolute(errors: Sequence[Error], key: tuple[str, str, str, str]) -> float:
    return _mean(e.percent for e in errors if (e.region, e.modulus, e.method, e.condition) == key)


def _mean(percents: Iterable[float]) -> float:
    """Return the mean absolute value of what is known."""
    known = [abs(value) for value in percents if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
