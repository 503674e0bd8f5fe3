"""The training on labelled images: patches of real people, one network."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from anatwin.core import QualityError, track
from anatwin.segment.recipe import Recipe
from anatwin.train.checkpoint import CHECKPOINT, restore
from anatwin.train.descent import descend
from anatwin.train.losses import deeply_supervised
from anatwin.train.patches import Patches
from anatwin.train.planned_unet import PlannedShape, PlannedUNet
from anatwin.train.prepared import Prepared
from anatwin.train.record import mean_loss, record
from anatwin.train.segment_plan import SegmentPlan
from anatwin.train.state import State, started

log = logging.getLogger(__name__)

WARM_UP = 20
CLIP = 12.0
AVERAGE = 0.999


@dataclass(frozen=True, slots=True)
class SupervisedTraining:
    """A training run on labelled cases.

    Parameters
    ----------
    plan, recipe
        What is trained.
    cases
        Prepared cases to train on.
    out
        Folder of the checkpoint and of ``log.jsonl``.
    device
        ``cpu`` or ``cuda``.
    seed
        Of the first weights and of every patch.
    minutes
        Training time after which it ends, or None for the plan's number of steps.
    workers
        Processes that make patches; 0 makes them in this one.
    save_minutes
        Time between checkpoints.
    log_every
        Steps between log entries.
    """

    plan: SegmentPlan
    recipe: Recipe
    cases: Sequence[Prepared]
    out: Path
    device: str = "cpu"
    seed: int = 0
    minutes: float | None = None
    workers: int = 0
    save_minutes: float = 2.0
    log_every: int = 25

    def done(self, state: State[PlannedUNet]) -> float:
        """Return the share of the training that is behind us."""
        if self.minutes is None:
            return state.step / self.plan.steps
        return state.seconds / (60 * self.minutes)


def planned_shape(plan: SegmentPlan, recipe: Recipe) -> PlannedShape:
    """Return the size of a plan's network."""
    return PlannedShape(
        channels=len(recipe.channels),
        classes=len(recipe.table) + 1,
        stem=plan.stem,
        widths=plan.widths,
        strides=plan.strides,
        kernels=plan.kernels,
    )


def begin(training: SupervisedTraining) -> State[PlannedUNet]:
    """Return the state of the checkpoint in the output folder, or a fresh one."""
    plan = training.plan
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        model = PlannedUNet(planned_shape(plan, training.recipe))
    model = model.to(training.device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    optimiser = torch.optim.SGD(
        model.parameters(),
        plan.rate,
        momentum=plan.momentum,
        nesterov=True,
        weight_decay=plan.weight_decay,
    )
    state = started(model, optimiser)
    if (training.out / CHECKPOINT).exists():
        restore(state, training.out / CHECKPOINT)
        log.info("resumed at step %d", state.step)
    return state


def train_supervised(training: SupervisedTraining) -> State[PlannedUNet]:
    """Train until the plan's end, on from a checkpoint if there is one; leave one behind.

    Raises
    ------
    QualityError
        If the loss is not finite.
    """
    training.out.mkdir(parents=True, exist_ok=True)
    state = begin(training)
    state.model.train()
    total = training.plan.steps - state.step if training.minutes is None else 0
    steps = track(_steps(training, state), training.out.name, total=max(total, 0))
    return record(
        training,
        state,
        steps,
        entry=lambda losses: {"done": round(training.done(state), 4), "loss": mean_loss(losses)},
    )


def _batches(training: SupervisedTraining, first_step: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield images and labels of every step, from one on, without end."""
    batch = training.plan.batch
    patches = Patches(training.cases, training.plan, training.recipe, training.seed)
    loader: DataLoader[Any] = DataLoader(
        patches,
        batch_sampler=([step * batch + n for n in range(batch)] for step in count(first_step)),
        num_workers=training.workers,
        multiprocessing_context="spawn" if training.workers else None,
        pin_memory=training.device == "cuda",
    )
    yield from loader


def _steps(training: SupervisedTraining, state: State[PlannedUNet]) -> Iterator[list[float]]:
    """Take steps until the end; yield the losses since the last log entry."""
    losses: list[float] = []
    batches = _batches(training, state.step)
    while (done := training.done(state)) < 1.0:
        began = time.monotonic()
        image, target = (array.to(training.device, non_blocking=True) for array in next(batches))
        for group in state.optimiser.param_groups:
            group["lr"] = training.plan.rate * _course(state.step, done)
        losses.append(_one_step(training, state, image, target))
        state.step += 1
        state.seconds += time.monotonic() - began
        yield losses
        if state.step % training.log_every == 0:
            losses = []


def _course(step: int, done: float) -> float:
    """Return the share of the plan's rate: a short rise, then a polynomial decay."""
    return min(1.0, (step + 1) / WARM_UP) * (1 - done) ** 0.9


def _one_step(
    training: SupervisedTraining, state: State[PlannedUNet], image: Tensor, target: Tensor
) -> float:
    """Change the weights by one batch, return its loss."""
    is_card = training.device == "cuda"
    with torch.autocast(training.device, torch.bfloat16, enabled=is_card):
        scores = state.model.supervised(image)
    loss = deeply_supervised(scores, target)
    if not descend(state, loss, clip=CLIP, average=AVERAGE):
        raise QualityError(
            f"The loss or its gradient was not finite at step {state.step}; lower the plan's "
            "rate and start again from the last checkpoint."
        )
    return float(loss.detach())
