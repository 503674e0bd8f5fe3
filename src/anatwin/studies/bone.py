"""Ten-fold enhancement of trabecular bone: the bone paper's Table 1 and Figures 2 and 3."""

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, UsageError, track
from anatwin.io.files import naming
from anatwin.measure import bone_stiffness
from anatwin.nets import find
from anatwin.ops.apparent import BoundaryCondition
from anatwin.phantoms import REGIONS, Femur, femora, femur_section
from anatwin.simulate.kept_femora import kept_femur, whole_blocks
from anatwin.studies.bone_figures import directions_figure, regions_figure, whole_figure
from anatwin.studies.bone_parts import Moduli, Parts, check_settings
from anatwin.studies.bone_pictures import FACTOR, NETWORK, PUBLISHED, Enhancers, Picture, Sample
from anatwin.studies.bone_tables import LEAST_MPA, Cost, Error, methods_table, stiffness_table
from anatwin.studies.findings import Figure, Findings, Table

Mask = NDArray[np.bool_]

_REMARKS = (
    "The fine femora are grown by topology optimisation with 25-pixel blocks of prescribed "
    "density; the coarse images are their block means with noise. Optimisation restores them with "
    "other blocks, but the same mechanics made the truth: real bone is not as obedient.",
    "The paper does not name the condition at the faces of its regions, and its networks were "
    "trained and tested on other femora: its column is beside ours for orientation, not as a "
    "comparison on the same data.",
    "ResNet-L1 and ResNet-L2 are the paper's networks made again: residual networks from patch to "
    "patch, in which pixels above one half are bone. Their patches are laid over one another, or "
    "quilted. They learned from seven femora in minutes, not from as many patches in 15 hours, and "
    "see the products of strains instead of displacements.",
)


@dataclass(frozen=True, kw_only=True)
class Bone:
    """Enhance coarse images of femora ten-fold and compare their apparent stiffness.

    Inputs, where there are any, are surfaces of whole femora (.stl) whose frontal sections take
    the place of invented outlines.
    """

    femora: tuple[int, ...] = (7, 8, 9, 10)
    """Which of the eleven femora; the paper keeps the last four out of training."""
    spacing_mm: float = 0.05
    """Edge of a fine pixel [mm]; 0.05 are the paper's 1883 x 2080 pixels, minutes a femur."""
    noise: float = 0.02
    """Standard deviation of the coarse image's noise, in shares of bone."""
    conditions: tuple[BoundaryCondition, ...] = ("KUBC", "MUBC")
    """Conditions at the faces of the regions."""
    growth: int = 60
    """Steps of the optimisation that grows a femur."""
    iterations: int = 30
    """Steps of the optimisation that restores it from an even start."""
    repairs: int = 15
    """Steps of the optimisation that starts from the network's guess."""
    grown: Path | None = None
    """Folder of grown femora; those that are not there are grown and added."""
    model: Path | None = None
    """A network of one's own (enhance.onnx of anatwin train enhance) instead of the packaged."""
    published: Path | None = None
    """Folder with the published networks, l1/enhance.onnx and l2/enhance.onnx, as anatwin train
    enhance makes them with --loss l1 and l2; they are left out otherwise."""
    keep: Path | None = None
    """Folder for every femur's pictures and moduli, so that an interrupted study goes on there."""
    seed: int = 0
    """Which eleven femora and which noise."""

    def __post_init__(self) -> None:
        if not self.femora or not set(self.femora) <= set(range(11)):
            raise UsageError(f"Bone.femora must be numbers from 0 to 10, got {self.femora}.")
        steps = min(self.growth, self.iterations, self.repairs)
        if not 0.05 <= self.spacing_mm <= 0.5 or steps < 1 or not self.conditions:
            raise UsageError("Bone needs spacing_mm 0.05 to 0.5, steps and a condition.")

    def __call__(self, inputs: tuple[Path, ...]) -> Findings:
        """Grow, coarsen, enhance and measure every femur.

        Raises
        ------
        UsageError
            If the folder keeps parts of a study with other settings.
        """
        errors: list[Error] = []
        costs: list[Cost] = []
        figures: list[Figure] = []
        with tempfile.TemporaryDirectory() as folder:
            home = self.keep or Path(folder)
            check_settings(home, self._settings(inputs))
            for number in track(self.femora, "femora"):
                sample, parts = self.sample(number, inputs), Parts(home / f"femur_{number:02d}")
                methods = self.enhancers().methods(sample)
                pictures = {name: parts.picture(name, make) for name, make in methods}
                errors += self.errors(sample, pictures, number, parts)
                costs += _costs(sample, pictures, number)
                figures += (
                    whole_figure(pictures, sample, number),
                    regions_figure(pictures, sample, number),
                    directions_figure(sample, number),
                )
        return self.findings(errors, costs, figures)

    def _settings(self, inputs: tuple[Path, ...]) -> dict[str, object]:
        """Return what every part depends on."""
        names = ("spacing_mm", "noise", "growth", "iterations", "repairs", "seed")
        folders = [self.published / loss for loss in PUBLISHED] if self.published else []
        networks = [self.model or find("bone"), *(folder / NETWORK for folder in folders)]
        return {
            **{name: getattr(self, name) for name in names},
            "networks": [_sha256(path) for path in networks],
            "inputs": [path.name for path in inputs],
        }

    def findings(self, errors: list[Error], costs: list[Cost], figures: list[Figure]) -> Findings:
        """Return the tables of all femora."""
        data = (
            f"n = {len(self.femora)} femora (synthetic, {1000 * self.spacing_mm:g} um, "
            f"{FACTOR}x coarser, noise {self.noise:g})"
        )
        tables = [stiffness_table(errors, condition, data) for condition in self.conditions]
        tables += [
            methods_table(errors, costs, data),
            Table("every_error", f"Signed error [%]; {data}.", Error._fields, tuple(errors)),
            Table("every_picture", f"Pixels and time; {data}.", Cost._fields, tuple(costs)),
        ]
        title = f"{FACTOR}-fold enhancement of trabecular bone"
        return Findings(title, "synthetic femora", _REMARKS, tuple(tables), tuple(figures))

    def enhancers(self) -> Enhancers:
        """Return the methods to compare."""
        return Enhancers(
            iterations=self.iterations,
            repairs=self.repairs,
            model=self.model,
            published=self.published,
        )

    def sample(self, number: int, inputs: tuple[Path, ...] = ()) -> Sample:
        """Return a femur, grown or out of the folder, and its coarse image."""
        femur = _femur(number, inputs, self.seed)
        grid = whole_blocks(femur, self.spacing_mm, FACTOR)
        truth = kept_femur(number, femur, grid, folder=self.grown, iterations=self.growth)
        seed = 100 * self.seed + number
        return Sample.of(femur, grid, truth, noise=self.noise, seed=seed)

    def errors(
        self, sample: Sample, pictures: Mapping[str, Picture], number: int, parts: Parts
    ) -> Iterable[Error]:
        """Yield the error of every modulus of every region."""
        for condition in self.conditions:
            true = parts.moduli(
                "truth", condition, partial(_moduli, sample.truth, sample, condition)
            )
            for method, picture in pictures.items():
                measured = partial(_moduli, picture.bone, sample, condition)
                found = parts.moduli(method, condition, measured)
                for region, values in found.items():
                    for name, value in values.items():
                        truth = true[region][name]
                        percent = 100 * (value / truth - 1) if truth > LEAST_MPA else np.nan
                        yield Error(number, region, method, condition, name, float(percent))


def _sha256(path: Path) -> str:
    with naming(path):
        return hashlib.sha256(path.read_bytes()).hexdigest()


def _femur(number: int, inputs: tuple[Path, ...], seed: int) -> Femur:
    """Return one of eleven femora, with an input's outline if there is one."""
    from anatwin.io.surfaces import read_stl

    femur = femora(seed)[number]
    if inputs:
        section = femur_section(read_stl(inputs[number % len(inputs)]))
        femur = replace(femur, outline=section)
    return femur


def _costs(sample: Sample, pictures: Mapping[str, Picture], number: int) -> Iterable[Cost]:
    """Yield every method's share of wrong pixels and its time."""
    inside = sample.inside
    for method, picture in pictures.items():
        wrong = 100 * float(np.mean(picture.bone[inside] != sample.truth[inside]))
        yield Cost(number, method, wrong, picture.cpu_s, picture.wall_s)


def _moduli(bone: Mask, sample: Sample, condition: BoundaryCondition) -> Moduli:
    """Return the apparent moduli [MPa] of every region."""
    return {
        region: _region_moduli(bone[sample.femur.region(region, sample.grid)], sample, condition)
        for region in REGIONS
    }


def _region_moduli(bone: Mask, sample: Sample, condition: BoundaryCondition) -> dict[str, float]:
    """Return the apparent moduli [MPa] of a region."""
    square = Grid.isotropic((*bone.shape, 1), sample.grid.spacing_mm[0])
    if not bone.any():
        return dict.fromkeys(("E_x", "E_y", "G_xy"), 0.0)
    rows = bone_stiffness(bone[..., None], square, condition)
    return {row.name.split("[")[0]: row.value for row in rows}
