"""Cross-validation: every case is labelled by a network that never saw it."""

import csv
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from anatwin.core import InputError, UsageError, track
from anatwin.io.files import atomic_output
from anatwin.io.nifti import write_labels
from anatwin.measure import mean_interval, overlaps
from anatwin.segment.recipe import Recipe
from anatwin.segment.trained_network import NETWORK, TrainedNetwork
from anatwin.train.dataset import Case, Dataset
from anatwin.train.prepared import Prepared, split

log = logging.getLogger(__name__)

N_FOLDS = 5
SCORES = "dice.csv"


@dataclass(frozen=True, slots=True)
class Score:
    """Dice of one structure of one case, whose network did not see it.

    Parameters
    ----------
    fold
        Number of the fold that kept it out.
    case, structure
        Names.
    dice
        0 to 1; NaN where neither the labels nor the truth have the structure.
    """

    fold: int
    case: str
    structure: str
    dice: float


Train = Callable[[Sequence[Prepared], Path], None]
"""Trains on prepared cases, and leaves ``network.onnx`` in a folder."""


def run_fold(
    dataset: Dataset, prepared: dict[str, Prepared], fold: int, out: Path, train: Train
) -> None:
    """Train on all but a fold, label that fold, and write its Dice; nothing if that is done."""
    folder = out / f"fold_{fold}"
    if (folder / SCORES).exists():
        log.info("fold %d is done", fold)
        return
    kept_out = split([case.name for case in dataset.cases], N_FOLDS)[fold]
    if not (folder / NETWORK).exists():
        train([case for name, case in prepared.items() if name not in kept_out], folder)
    method = TrainedNetwork(model=folder / NETWORK)
    cases = [case for case in dataset.cases if case.name in kept_out]
    (folder / "labels").mkdir(exist_ok=True)
    scores = [
        score
        for case in track(cases, f"test fold {fold}")
        for score in _scores(dataset, case, method, fold, folder / "labels")
    ]
    write_scores(scores, folder / SCORES)


def _scores(
    dataset: Dataset, case: Case, method: TrainedNetwork, fold: int, folder: Path
) -> list[Score]:
    """Label a case, keep the labels, and return its scores."""
    volumes, truth = case.read(dataset.table)
    labels = method.label(volumes)
    write_labels(labels, folder / f"{case.name}.nii.gz")
    rows = overlaps(labels, truth)
    return [Score(fold, case.name, r.structure, r.value) for r in rows if r.name == "Dice"]


def write_scores(scores: Sequence[Score], path: Path) -> None:
    """Write scores as CSV."""
    with atomic_output(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["fold", "case", "structure", "dice"])
        writer.writerows([s.fold, s.case, s.structure, f"{s.dice:.6f}"] for s in scores)


def read_scores(out: Path) -> list[Score]:
    """Return the scores of every fold that is done."""
    scores = []
    for path in sorted(out.glob(f"fold_*/{SCORES}")):
        with path.open(newline="", encoding="utf-8") as file:
            scores += [
                Score(int(row["fold"]), row["case"], row["structure"], float(row["dice"]))
                for row in csv.DictReader(file)
            ]
    return scores


def summary(scores: Sequence[Score]) -> list[tuple[str, int, float, float, float]]:
    """Return name, n, mean and ends of its 95 % interval, per structure and of all.

    The last row is the mean over cases of each case's mean over structures.
    """
    names = list(dict.fromkeys(score.structure for score in scores))
    groups = {name: [s.dice for s in scores if s.structure == name] for name in names}
    cases = list(dict.fromkeys(score.case for score in scores))
    by_case = [mean_interval([s.dice for s in scores if s.case == case])[0] for case in cases]
    groups["mean of structures"] = by_case
    return [(name, _finite(values), *mean_interval(values)) for name, values in groups.items()]


def _finite(values: Sequence[float]) -> int:
    return sum(isfinite(value) for value in values)


def summary_text(scores: Sequence[Score]) -> str:
    """Return the summary as a Markdown table."""
    lines = ["| structure | n | Dice | 95 % CI |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {n} | {mean:.3f} | {low:.3f} to {high:.3f} |"
        for name, n, mean, low, high in summary(scores)
    ]
    return "\n".join(lines)


def require_cases(dataset: Dataset) -> None:
    """Raise InputError unless there is a case for every fold."""
    if len(dataset.cases) < N_FOLDS:
        raise InputError(
            f"{dataset.folder} must hold {N_FOLDS} cases or more for {N_FOLDS}-fold "
            f"cross-validation, got {len(dataset.cases)}."
        )


def require_same_channels(dataset: Dataset, recipe: Recipe, plan: Path) -> None:
    """Raise UsageError unless a plan was made for images like the dataset's."""
    planned = tuple(channel.name for channel in recipe.channels)
    if planned != dataset.channels:
        raise UsageError(
            f"{plan} is for the channels {planned}, the dataset has {dataset.channels}; "
            "name another output folder."
        )
