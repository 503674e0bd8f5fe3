"""What the number of cascades is worth: the head-twin paper's Table 3 and Figure 3."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

import numpy as np

from anatwin.acquire import scan_axes
from anatwin.core import UsageError
from anatwin.measure.samples import mean_interval
from anatwin.reconstruct import Cascade, Reconstructor
from anatwin.studies.findings import Cell, Figure, Findings, Table
from anatwin.studies.mask_figures import as_png, sheet
from anatwin.studies.slices import read_volumes
from anatwin.train.reconstruct import TrainReconstruct

PAPER = {0: (23.88375554, 0.7678294), 3: (25.32230053, 0.82147963), 5: (28.82096367, 0.89147963)}
"""Cascades: mean PSNR [dB] and SSIM of the paper's Table 3."""

Curve = list[tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Cascades:
    """What the number of cascades is worth, each trained alike on the same images.

    Networks of so many cascades are trained for equal numbers of steps (needs the extra
    'train') and compared on slices of a person kept out, beside the head-twin paper's Table 3.
    No cascade at all is the zero-filled image.
    """

    test: Path
    """Image of a person whom no training image shows."""
    cascades: tuple[int, ...] = (0, 3, 5)
    """Numbers of cascades to compare."""
    steps: int = 2000
    """Training steps of each; the published network takes hundreds of thousands."""
    features: int = 32
    """Channels between convolutions."""
    slices: int = 20
    """Slices of the test image."""
    seed: int = 0
    """Seed of the first weights, of the batches and of the test patterns."""

    def __post_init__(self) -> None:
        if not self.cascades or min(self.cascades) < 0 or self.steps < 1:
            raise UsageError("cascades must be 0 or more each, and steps 1 or more.")

    def __call__(self, inputs: tuple[Path, ...]) -> Findings:
        """Train on the inputs, then compare on the test image.

        Raises
        ------
        InputError
            If an input cannot be read.
        MissingPartError
            If torch is not installed.
        """
        with tempfile.TemporaryDirectory() as folder:
            trained = {n: self._train(n, inputs, Path(folder) / str(n)) for n in self._deep}
            methods: dict[str, Reconstructor] = {
                str(n): Cascade(model=out / "cascade.onnx") for n, out in trained.items()
            }
            table = self._table(methods)
            curves = {n: _curve(out / "log.jsonl") for n, out in trained.items()}
        return Findings(
            "What the number of cascades is worth",
            f"synthetic k-space of {self.test.name}: {self.slices} slices, one coil",
            _REMARKS,
            (table,),
            (_draw(curves),) if curves else (),
        )

    @property
    def _deep(self) -> list[int]:
        return [n for n in self.cascades if n]

    def _train(self, n: int, inputs: tuple[Path, ...], out: Path) -> Path:
        """Return the folder of a network of ``n`` cascades of the paper's kind."""
        TrainReconstruct(
            images=inputs,
            out=out,
            steps=self.steps,
            cascades=n,
            features=self.features,
            strides=(1,),
            seed=self.seed,
        ).run()
        return out

    def _table(self, methods: dict[str, Reconstructor]) -> Table:
        """Return the scores on the test image, beside the paper's."""
        from anatwin.train.evaluate_reconstruct import evaluate, middle_slices

        (volume,) = read_volumes((self.test,))
        axes = scan_axes(volume)
        axis = axes.readout if axes.slice_axis is None else axes.slice_axis
        slices = middle_slices(volume, axis, count=self.slices)
        rows: list[tuple[Cell, ...]] = []
        for score in evaluate(slices, methods, seed=self.seed):
            n = 0 if score.method == "zero-filled" else int(score.method)
            if n in self.cascades:
                spread = mean_interval(score.slice_psnr_db)
                paper = PAPER.get(n, (nan, nan))
                rows.append((n, score.acceleration, len(slices.T), *spread, score.ssim, *paper))
        columns = ("cascades", "acceleration [x]", "n", "PSNR [dB]", "low", "high", "SSIM",
                   "paper's PSNR", "paper's SSIM")  # fmt: skip
        caption = (
            "PSNR per slice with the volume's maximum as range, mean and 95 % confidence interval "
            "(Student's t) over n slices of one person; SSIM[7 uniform, volume max]; Gaussian "
            "lines with 8 in the middle. The paper names no acceleration for its Table 3."
        )
        return Table("cascades", caption, columns, tuple(rows))


_REMARKS = (
    "The paper's networks were trained for 100 epochs on 36 scans; these for the steps that were "
    "asked for. Compare the order and the steps between rows, not the decibels.",
    "More cascades have more weights and more operations, so equal steps are not equal cost.",
)


def _curve(log: Path) -> Curve:
    """Return step and loss of a training's log."""
    entries = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    return [(entry["step"], entry["loss"]) for entry in entries if "loss" in entry]


def _draw(curves: dict[int, Curve]) -> Figure:
    """Return the training curves, smoothed over a tenth of their length."""
    canvas, cells = sheet(1, 1, inch=5.0)
    axes = cells[0, 0]
    axes.set_axis_on()
    for n, curve in curves.items():
        steps, losses = np.array(curve).T
        axes.plot(steps, _smooth(losses), label=f"{n} cascades")
    axes.set(xlabel="step", ylabel="mean squared error", yscale="log")
    axes.legend()
    caption = "Training curves: mean squared error in units of typical brightness, running mean."
    return Figure("training", caption, as_png(canvas))


def _smooth(values: Sequence[float]) -> list[float]:
    """Return the mean of each value and up to a tenth of all before it."""
    width = max(1, len(values) // 10)
    return [float(np.mean(values[max(0, n - width) : n + 1])) for n in range(len(values))]
