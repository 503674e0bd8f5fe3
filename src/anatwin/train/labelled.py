"""``anatwin train segment``: train on a user's labelled images, as the data itself suggests.

This module can be imported without torch, so that the command line starts at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from anatwin.core import UsageError
from anatwin.nets import Device
from anatwin.train.segment import require_torch

if TYPE_CHECKING:
    from anatwin.segment.recipe import Recipe
    from anatwin.train.dataset import Dataset
    from anatwin.train.planning import Machine
    from anatwin.train.prepared import Prepared
    from anatwin.train.segment_plan import SegmentPlan

Fold = Literal["all", "0", "1", "2", "3", "4"]

PLAN = "plan.json"
CARD = "model-card.md"


@dataclass(frozen=True, kw_only=True)
class TrainLabelled:
    """Train a segmentation network on labelled images.

    The plan (voxel size, patch, network, schedule) follows from the data and the machine in
    nnU-Net's manner (Isensee et al. 2021, doi:10.1038/s41592-020-01008-z). It is written to
    plan.json in the output folder and may be changed there before the training is started
    again. Five-fold cross-validation tells how good the networks are.
    """

    dataset: Path
    """Folder with dataset.json, imagesTr and labelsTr: nnU-Net's raw layout or the Medical
    Segmentation Decathlon's."""

    out: Path
    """Folder for the plan, the networks, their Dice on cases they never saw, and the card."""

    fold: Fold = "all"
    """Fifth of the cases that is kept out to test on, or all five in turn."""

    steps: int | None = None
    """Number of training steps of a fold, instead of the plan's."""

    minutes: float | None = None
    """Training time of a fold, instead of a number of steps."""

    device: Device = "auto"
    """What it is planned for and trained on; auto takes a graphics card where there is one."""

    memory_gb: float | None = None
    """Memory that a training step may take; the plan's patch and batch follow from it."""

    seed: int = 0
    """Seed of the first weights and of every patch."""

    workers: int = 0
    """Processes that make patches; several keep a graphics card busy, 0 suits a processor."""

    threads: int = 0
    """Processor threads of the network; 0 uses every core."""

    def __post_init__(self) -> None:
        lengths = [n for n in (self.steps, self.minutes, self.memory_gb) if n is not None]
        if any(n <= 0 for n in lengths):
            raise UsageError(
                "steps, minutes and memory_gb must be more than 0, got "
                f"{self.steps}, {self.minutes} and {self.memory_gb}."
            )
        if self.steps is not None and self.minutes is not None:
            raise UsageError("Give steps or minutes, not both.")
        if min(self.workers, self.threads) < 0:
            raise UsageError(
                f"workers and threads must be 0 or more, got {self.workers} and {self.threads}."
            )

    def run(self) -> str:
        """Train and test; return the Dice of the cases that were kept out, as a table.

        Raises
        ------
        InputError
            If the dataset cannot be used.
        MissingPartError
            If torch is not installed, or a graphics card is asked for and there is none.
        """
        from anatwin.train.dataset import read_dataset
        from anatwin.train.folds import (
            N_FOLDS,
            read_scores,
            require_cases,
            run_fold,
            summary_text,
            write_scores,
        )

        dataset = read_dataset(self.dataset)
        require_cases(dataset)
        require_torch()
        import torch

        from anatwin.train.card import write_card
        from anatwin.train.prepared import prepare_cases

        if self.threads:
            torch.set_num_threads(self.threads)
        self.out.mkdir(parents=True, exist_ok=True)
        plan, recipe = self._plan(dataset)
        cases = prepare_cases(dataset, recipe, self.out / "prepared")

        def train(chosen: "Sequence[Prepared]", folder: Path) -> None:
            self._train(plan, recipe, chosen, folder)

        for fold in range(N_FOLDS) if self.fold == "all" else [int(self.fold)]:
            run_fold(dataset, cases, fold, self.out, train)
        scores = read_scores(self.out)
        write_scores(scores, self.out / "dice.csv")
        write_card(dataset, plan, scores, self.out / CARD)
        return summary_text(scores)

    def _plan(self, dataset: "Dataset") -> "tuple[SegmentPlan, Recipe]":
        """Return the plan in the output folder, or a new one."""
        from anatwin.segment.recipe import Recipe
        from anatwin.train.fingerprint import take_fingerprint
        from anatwin.train.folds import require_same_channels
        from anatwin.train.planning import make_plan
        from anatwin.train.segment_plan import read_plan, write_plan

        path = self.out / PLAN
        if not path.exists():
            fingerprint = take_fingerprint(dataset)
            write_plan(make_plan(fingerprint, self._machine()), fingerprint, path)
        plan = read_plan(path)
        recipe = Recipe(plan.channels, dataset.table, plan.spacing_mm, plan.patch)
        require_same_channels(dataset, recipe, path)
        return plan, recipe

    def _machine(self) -> "Machine":
        from anatwin.train.planning import Machine
        from anatwin.train.processes import card_or_processor

        device, memory_gb = card_or_processor(self.device)
        return Machine(device, self.memory_gb or memory_gb)

    def _train(
        self, plan: "SegmentPlan", recipe: "Recipe", cases: "Sequence[Prepared]", folder: Path
    ) -> None:
        """Train one network and write it."""
        from dataclasses import replace

        from anatwin.train.planned_export import write_planned
        from anatwin.train.supervised import SupervisedTraining, train_supervised

        training = SupervisedTraining(
            replace(plan, steps=self.steps or plan.steps),
            recipe,
            cases,
            folder,
            device=self._machine().device,
            seed=self.seed,
            minutes=self.minutes,
            workers=self.workers,
        )
        state = train_supervised(training)
        weights = {name: weight.cpu() for name, weight in state.averaged.items()}
        write_planned(state.model.shape, weights, recipe, folder)
