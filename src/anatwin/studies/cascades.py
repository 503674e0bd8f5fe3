"""What the number of cascades is worth: the head-twin paper's Table 3, Figures 3 and 8."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anatwin.core import UsageError, Volume
from anatwin.measure.samples import mean_interval
from anatwin.reconstruct import Cascade, Reconstructor, ZeroFilled
from anatwin.studies.findings import Cell, Figure, Findings, Table
from anatwin.studies.mask_figures import as_png, draw_reconstructions, sheet
from anatwin.studies.slices import middle_slices, read_volumes

if TYPE_CHECKING:
    from anatwin.train.images import Stack

PAPER = {0: (23.88375554, 0.7678294), 3: (25.32230053, 0.82147963), 5: (28.82096367, 0.89147963)}
"""Cascades: mean PSNR [dB] and SSIM of the paper's Table 3."""

FACTORS = (4, 8)
"""Accelerations at which networks are compared."""

Curve = list[tuple[float, float]]
Methods = Mapping[int, Reconstructor]


@dataclass(frozen=True, kw_only=True)
class Cascades:
    """What the number of cascades is worth, each trained alike on the same images.

    Networks of so many cascades are trained for equal numbers of steps on single-coil slices
    undersampled by lines (needs the extra 'train'), and compared on slices of a person kept out,
    beside the head-twin paper's Table 3. No cascade at all is the zero-filled image.
    """

    test: Path
    """Image of a person whom no training image shows."""
    cascades: tuple[int, ...] = (0, 3, 5)
    """Numbers of cascades to compare."""
    steps: int = 2000
    """Training steps of each; the published network takes hundreds of thousands."""
    pixels: int = 16384
    """Pixels of a batch."""
    features: int = 32
    """Channels between convolutions."""
    slices: int = 20
    """Slices of the test image."""
    seed: int = 0
    """Seed of the first weights, of the batches and of the test patterns."""

    def __post_init__(self) -> None:
        if not self.cascades or min(self.cascades) < 0:
            raise UsageError(f"Cascades.cascades must be 0 or more each, got {self.cascades}.")
        for name in ("steps", "pixels", "features", "slices"):
            if getattr(self, name) < 1:
                raise UsageError(f"Cascades.{name} must be 1 or more, got {getattr(self, name)}.")

    def __call__(self, inputs: tuple[Path, ...]) -> Findings:
        """Train on the inputs, then compare on the test image.

        Raises
        ------
        InputError
            If an input cannot be read.
        MissingPartError
            If torch is not installed.
        """
        from anatwin.train.segment import require_torch

        require_torch()
        from anatwin.train.images import read_stacks

        (volume,) = read_volumes((self.test,))
        chosen = middle_slices(volume, self.slices)
        slices = np.stack([one.data.squeeze() for one in chosen], axis=2)
        stacks = read_stacks(inputs)
        with tempfile.TemporaryDirectory() as folder:
            homes = {n: Path(folder) / str(n) for n in sorted({*self.cascades} - {0})}
            for n, home in homes.items():
                self._train(n, stacks, home)
            curves = {n: _curve(home / "log.jsonl") for n, home in homes.items()}
            methods: Methods = {n: Cascade(model=h / "cascade.onnx") for n, h in homes.items()}
            table = self._table(slices, methods)
            picture = self._picture(slices, methods)
        return Findings(
            "What the number of cascades is worth",
            f"synthetic k-space of {self.test.name}: {slices.shape[2]} slices, one coil",
            (*_REMARKS, f"Each network here: {self.steps} steps of {self.pixels} pixels, "
             f"{self.features} channels between its convolutions."),
            (table,),
            (_draw(curves), picture) if curves else (),
        )  # fmt: skip

    def _train(self, n: int, stacks: Sequence["Stack"], out: Path) -> None:
        """Leave a network of ``n`` cascades of the paper's kind in a folder."""
        from anatwin.train.batches import Simulation
        from anatwin.train.cascade import CascadeShape
        from anatwin.train.cascade_export import write_cascade
        from anatwin.train.cascade_loop import (
            CascadeTraining,
            start_or_resume_cascade,
            train_cascade,
        )
        from anatwin.train.schedule import Schedule

        training = CascadeTraining(
            stacks,
            Schedule(steps=self.steps, rate=1e-3, warm_up=100),
            out,
            simulation=Simulation(pixels=self.pixels, points=0.0, several_coils=0.0, noisy=0.0),
            seed=self.seed,
        )
        shape = CascadeShape(cascades=n, features=self.features, strides=(1,))
        write_cascade(train_cascade(training, start_or_resume_cascade(training, shape)), out)

    def _table(self, slices: NDArray[np.float32], methods: Methods) -> Table:
        """Return the scores on the test image, beside the paper's."""
        from anatwin.train.evaluate_reconstruct import evaluate

        named = {str(n): method for n, method in methods.items()}
        rows: list[tuple[Cell, ...]] = []
        for score in evaluate(slices, named, accelerations=FACTORS, seed=self.seed):
            n = 0 if score.method == "zero-filled" else int(score.method)
            spread = mean_interval(score.slice_psnr_db)
            paper = PAPER.get(n, (nan, nan))
            rows.append((n, score.acceleration, slices.shape[2], *spread, score.ssim, *paper))
        columns = ("cascades", "acceleration [x]", "n", "PSNR [dB]", "low", "high", "SSIM",
                   "paper's PSNR", "paper's SSIM")  # fmt: skip
        caption = (
            "PSNR per slice with the volume's maximum as range, mean and 95 % confidence interval "
            "(Student's t) over n slices of one person; SSIM[7 uniform, volume max]; Gaussian "
            "lines with 8 in the middle. The paper names no acceleration for its Table 3."
        )
        return Table("cascades", caption, columns, tuple(rows))

    def _picture(self, slices: NDArray[np.float32], methods: Methods) -> Figure:
        """Return the middle slice by every network, and its error."""
        from anatwin.train.evaluate_reconstruct import undersampled

        everyone: Methods = {0: ZeroFilled(), **methods}
        images: dict[tuple[str, str], Volume] = {}
        for factor in FACTORS:
            kspace, truth = undersampled(
                slices[..., slices.shape[2] // 2, None], factor, seed=self.seed
            )
            for n, method in everyone.items():
                images[_named(n), f"{factor}x"] = method(kspace).magnitude()
        caption = (
            "One test slice by the number of cascades (0: zero-filled) and the magnitude of its "
            "error, from 0 (black) to a fifth of the slice's maximum."
        )
        return draw_reconstructions(images, truth.magnitude(), name="images", caption=caption)


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
    """Return the training curves, smoothed over a fifth of their length."""
    canvas, cells = sheet(1, 1, inch=5.0)
    axes = cells[0, 0]
    axes.set_axis_on()
    for n, curve in curves.items():
        steps, losses = np.array(curve).T
        axes.plot(steps, _smooth(losses), label=_named(n))
    axes.set(xlabel="step", ylabel="mean squared error", yscale="log")
    axes.legend()
    caption = "Training curves: mean squared error in units of typical brightness, running mean."
    return Figure("training", caption, as_png(canvas))


def _named(n: int) -> str:
    return f"{n} cascade{'s' * (n != 1)}"


def _smooth(values: Sequence[float]) -> list[float]:
    """Return the mean of each value and up to a fifth of all before it."""
    width = max(1, len(values) // 5)
    return [float(np.mean(values[max(0, n - width) : n + 1])) for n in range(len(values))]
