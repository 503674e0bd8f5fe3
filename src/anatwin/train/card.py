"""The model card of networks that were trained on a user's own data."""

import datetime
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from anatwin.io.files import atomic_output
from anatwin.train.dataset import Dataset
from anatwin.train.folds import N_FOLDS, Score, summary_text
from anatwin.train.segment_plan import SegmentPlan


def write_card(dataset: Dataset, plan: SegmentPlan, scores: Sequence[Score], path: Path) -> None:
    """Write what the networks are, what they were trained on and how good they are."""
    folds = sorted({score.fold for score in scores})
    labels = dataset.table.labels
    spacing = " x ".join(f"{mm:g}" for mm in plan.spacing_mm)
    patch, widths = " x ".join(map(str, plan.patch)), "-".join(map(str, plan.widths))
    text = f"""# Model card: {dataset.folder.resolve().name}

| | |
|---|---|
| files | `fold_K/network.onnx` (to run), `fold_K/network.safetensors` (to continue training) |
| architecture | 3-D U-Net, widths {widths}, group normalisation; the rest is in `plan.json` |
| input | {", ".join(dataset.channels)}; right, anterior and superior upwards, {spacing} mm, \
windows of {patch} voxels |
| output | scores of background and {", ".join(label.name for label in labels)} |
| trained on | {len(dataset.cases)} labelled cases, {N_FOLDS - 1} of {N_FOLDS} parts a network |
| made | {datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d} by anatwin {version("anatwin")} |
| licence | the makers of the data decide; add it here |

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
