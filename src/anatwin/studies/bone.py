"""Ten-fold enhancement of trabecular bone: the bone paper's Table 1 and Figures 2 and 3."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, UsageError, Volume, track
from anatwin.enhance import Bicubic, Nearest
from anatwin.measure import bone_stiffness, mean_interval
from anatwin.ops.apparent import BoundaryCondition
from anatwin.phantoms import DAILY_LOADS, REGIONS, Femur, coarse_scan, femora, femur_section
from anatwin.studies.bone_growth import grown_femur, restored
from anatwin.studies.findings import Cell, Figure, Findings, Table
from anatwin.studies.mask_figures import as_png, sheet

Mask = NDArray[np.bool_]

_PAPER = {
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

_REMARKS = (
    "The fine femora are grown by topology optimisation with 25-pixel blocks of prescribed "
    "density; the coarse images are their block means with noise. Optimisation restores them with "
    "other blocks, but the same mechanics made the truth: real bone is not as obedient.",
    "The paper does not name the condition at the faces of its regions, and its networks were "
    "trained and tested on other femora: its column is beside ours for orientation, not as a "
    "comparison on the same data.",
)


class Error(NamedTuple):
    """How far one modulus of one region is from the truth [%]."""

    femur: int
    region: str
    method: str
    condition: str
    modulus: str
    percent: float


@dataclass(frozen=True, kw_only=True)
class Bone:
    """Enhance coarse images of femora ten-fold and compare their apparent stiffness.

    Inputs, where there are any, are surfaces of whole femora (.stl) whose frontal sections take
    the place of invented outlines.
    """

    femora: tuple[int, ...] = (7, 8, 9, 10)
    """Which of the eleven femora; the paper keeps the last four out of training."""
    spacing_mm: float = 0.2
    """Edge of a fine pixel [mm]; the paper's are 0.05 mm."""
    factor: int = 10
    """Fine pixels along the edge of a coarse one."""
    noise: float = 0.02
    """Standard deviation of the coarse image's noise, in shares of bone."""
    conditions: tuple[BoundaryCondition, ...] = ("KUBC", "MUBC")
    """Conditions at the faces of the regions."""
    iterations: int = 60
    """Steps of every topology optimisation."""
    seed: int = 0
    """Which eleven femora and which noise."""

    def __post_init__(self) -> None:
        if not self.femora or not set(self.femora) <= set(range(11)):
            raise UsageError(f"Bone.femora must be numbers from 0 to 10, got {self.femora}.")
        if not 0.05 <= self.spacing_mm <= 0.5 or self.iterations < 1 or not self.conditions:
            raise UsageError("Bone needs spacing_mm 0.05 to 0.5, an iteration and a condition.")

    def __call__(self, inputs: tuple[Path, ...]) -> Findings:
        """Grow, coarsen, enhance and measure every femur."""
        errors: list[Error] = []
        figures: list[Figure] = []
        for number in track(self.femora, "femora"):
            femur, grid = self._femur(number, inputs)
            pictures = self._pictures(femur, grid, number)
            errors += self._errors(femur, grid, pictures, number)
            figures.append(_figure(pictures, number))
        data = (
            f"n = {len(self.femora)} femora (synthetic, {1000 * self.spacing_mm:g} um, "
            f"{self.factor}x coarser, noise {self.noise:g})"
        )
        tables = [_summary(errors, condition, data) for condition in self.conditions]
        tables.append(Table("every_error", f"Signed error [%]; {data}.", Error._fields,
                            tuple(errors)))  # fmt: skip
        title = f"{self.factor}-fold enhancement of trabecular bone"
        return Findings(title, "synthetic femora", _REMARKS, tuple(tables), tuple(figures))

    def _femur(self, number: int, inputs: tuple[Path, ...]) -> tuple[Femur, Grid]:
        """Return a femur and its fine grid, of whole blocks."""
        from anatwin.io.surfaces import read_stl

        femur = femora(self.seed)[number]
        if inputs:
            section = femur_section(read_stl(inputs[number % len(inputs)]))
            femur = replace(femur, outline=section)
        full = femur.outline.grid(self.spacing_mm)
        shape = [n // self.factor * self.factor for n in full.shape[:2]]
        return femur, Grid.from_matrix((*shape, 1), full.matrix, full.frame)

    def _pictures(self, femur: Femur, grid: Grid, number: int) -> dict[str, Mask]:
        """Return the truth, the coarse image and what every method makes of it, ``x y``."""
        truth = grown_femur(femur, grid, iterations=self.iterations)
        fine = Volume(truth[..., None].astype(np.float32), grid)
        seed = 100 * self.seed + number
        coarse = coarse_scan(fine, self.factor, noise=self.noise, seed=seed)
        shares = coarse.data[..., 0]
        stranger = replace(femur, loads=DAILY_LOADS)
        return {
            "truth": truth,
            "nearest > 0.5": Nearest(factor=self.factor)(coarse).data[..., 0] > 0.5,
            "bicubic": Bicubic(factor=self.factor)(coarse).data[..., 0] > 0.5,
            "optimised": restored(femur, shares, grid, iterations=self.iterations),
            "optimised, mean loads": restored(stranger, shares, grid, iterations=self.iterations),
        }

    def _errors(
        self, femur: Femur, grid: Grid, pictures: dict[str, Mask], number: int
    ) -> Iterable[Error]:
        """Yield the error of every modulus of every region."""
        for region in REGIONS:
            square = femur.region(region, grid)
            for condition in self.conditions:
                true = _moduli(pictures["truth"][square], grid, condition)
                for method, picture in list(pictures.items())[1:]:
                    found = _moduli(picture[square], grid, condition)
                    for name, value in found.items():
                        percent = 100 * (value / true[name] - 1) if true[name] > 1 else np.nan
                        yield Error(number, region, method, condition, name, float(percent))


def _moduli(bone: Mask, grid: Grid, condition: BoundaryCondition) -> dict[str, float]:
    """Return the apparent moduli [MPa] of a region."""
    square = Grid.isotropic((*bone.shape, 1), grid.spacing_mm[0])
    if not bone.any():
        return dict.fromkeys(("E_x", "E_y", "G_xy"), 0.0)
    rows = bone_stiffness(bone[..., None], square, condition)
    return {row.name.split("[")[0]: row.value for row in rows}


def _summary(errors: list[Error], condition: str, data: str) -> Table:
    """Return the mean absolute error by region, modulus and method, with the paper's."""
    methods = list(dict.fromkeys(error.method for error in errors))
    rows: list[tuple[Cell, ...]] = []
    for (region, modulus), paper in _PAPER.items():
        row: list[Cell] = [region, modulus, *paper]
        for method in methods:
            row.append(_mean_absolute(errors, (region, modulus, method, condition)))
        rows.append(tuple(row))
    overall: list[Cell] = ["all, 95 % interval", "all", "", ""]
    for method in methods:
        chosen = [e for e in errors if (e.method, e.condition) == (method, condition)]
        numbers = sorted({e.femur for e in chosen})
        of_femora = [_mean(e.percent for e in chosen if e.femur == n) for n in numbers]
        mean, low, high = mean_interval(of_femora)
        overall.append(
            f"{mean:.1f} ({low:.1f} to {high:.1f})" if np.isfinite(low) else f"{mean:.1f}"
        )
    caption = (
        f"Mean absolute error of the apparent stiffness [%], {condition}, plane stress, squares of "
        f"12 mm; {data}. A modulus below 1 MPa in truth is left out. Paper: ResNet, L1 and L2."
    )
    columns = ("region", "modulus", "paper L1", "paper L2", *methods)
    return Table(f"stiffness_{condition}", caption, columns, (*rows, tuple(overall)))


def _mean_absolute(errors: list[Error], key: tuple[str, str, str, str]) -> float:
    return _mean(e.percent for e in errors if (e.region, e.modulus, e.method, e.condition) == key)


def _mean(percents: Iterable[float]) -> float:
    """Return the mean absolute value of what is known."""
    known = [abs(value) for value in percents if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _figure(pictures: dict[str, Mask], number: int) -> Figure:
    """Return the pictures side by side, and below each what is missing and what is too much."""
    canvas, cells = sheet(2, len(pictures), inch=2.2)
    truth = pictures["truth"]
    for (name, picture), (above, below) in zip(pictures.items(), cells.T, strict=True):
        above.imshow(picture.T[::-1], cmap="gray", interpolation="antialiased")
        above.set_title(name, fontsize=7, pad=2)
        colours = np.full((*truth.T.shape, 3), 255, np.uint8)
        colours[truth.T] = 205
        colours[(picture & ~truth).T] = (33, 102, 172)
        colours[(truth & ~picture).T] = (178, 24, 43)
        below.imshow(colours[::-1], interpolation="antialiased")
    caption = (
        f"Femur {number}: bone (white) in truth and as enhanced; below, bone that is missing (red) "
        "and too much (blue)."
    )
    return Figure(f"femur_{number}", caption, as_png(canvas))
