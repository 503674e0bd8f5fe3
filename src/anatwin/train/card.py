"""The model card of networks that were trained on a user's own data."""

import datetime
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from anatwin.io.files import atomic_output
from anatwin.train.dataset import Dataset
from anatwin.train.folds import N_FOLDS, Score, summary_text
from anatwin.train.segment_plan import SegmentPlan

if TYPE_CHECKING:
    from anatwin.train.views import TrainViews


def write_card(dataset: Dataset, plan: SegmentPlan, scores: Sequence[Score], path: Path) -> None:
    """Write what the networks are, what they were trained on and how good they are."""
    folds = sorted({score.fold for score in scores})
    labels = dataset.table.labels
    patch = " x ".join(map(str, plan.patch))
    text = f"""# Model card: {dataset.folder.resolve().name}

| | |
|---|---|
| files | `fold_K/network.onnx` (to run), `fold_K/network.safetensors` (to continue training) |
| architecture | {_architecture(plan)}; the rest is in `plan.json` |
| input | {", ".join(dataset.channels)}; right, anterior and superior upwards, \
{_voxels(plan)}, windows of {patch} voxels |
| output | scores of background and {", ".join(label.name for label in labels)} |
| trained on | {len(dataset.cases)} labelled cases, {N_FOLDS - 1} of {N_FOLDS} parts a network |
{_origin()}

## How good it is

Dice of every case, labelled on its own grid by the network that never saw it; folds \
{", ".join(map(str, folds))} of {N_FOLDS}; n = cases; 95 % confidence interval of the mean by \
Student's t. Each case's value stands in `dice.csv`.

{summary_text(scores)}

## Limits

The cases that were kept out come from the same source as the others: another scanner, another
sequence or another kind of patient was not tested. Nothing here was made for diagnosis.
"""
    with atomic_output(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_views_card(training: "TrainViews", plan: SegmentPlan, people: int, path: Path) -> None:
    """Write what a network for views is and what it was trained on.

    Parameters
    ----------
    training
        How it was trained.
    plan
        Of the network.
    people
        Number of labelled volumes.
    path
        File to write.
    """
    text = f"""# Model card: views of {training.volumes.resolve().name}

| | |
|---|---|
| files | `network.onnx` (to run), `network.safetensors` (to continue training) |
| architecture | {_architecture(plan)} |
| input | stacks of slices of any direction, {_voxels(plan)}, cut to what is not dark, whole |
| output | scores of background and the object |
| trained on | views of {people} labelled volumes in 3 directions, {training.poses} of each, \
turned by up to {training.rotation_deg:g} degrees and shifted by up to {training.shift_mm:g} mm; \
{training.steps} steps alone, {training.together_steps} with the alignment |
{_origin()}

## How good it is

That was not measured: all volumes were trained on. `anatwin study supermask` keeps some out.

## Limits

The views are simulated (synthetic): whole slices of one kind of image, which lie evenly. All
structures are one object, so left and right are not told apart. Nothing here was made for
diagnosis.
"""
    with atomic_output(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _architecture(plan: SegmentPlan) -> str:
    return f"3-D U-Net, widths {'-'.join(map(str, plan.widths))}, group normalisation"


def _voxels(plan: SegmentPlan) -> str:
    return f"{' x '.join(f'{mm:g}' for mm in plan.spacing_mm)} mm"


def _origin() -> str:
    """Return the rows that say when it was made and whose it is."""
    today = datetime.datetime.now(tz=datetime.UTC)
    return f"""| made | {today:%Y-%m-%d} by anatwin {version("anatwin")} |
| licence | the makers of the data decide; add it here |"""
