"""Train the network that enhances bone: windows of grown femora, resumable."""

import logging
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from anatwin.core import QualityError, track
from anatwin.train.checkpoint import CHECKPOINT, restore, stored_about
from anatwin.train.descent import descend
from anatwin.train.enhance_data import EnhanceBatch, Example, batch
from anatwin.train.enhance_losses import EnhanceLoss
from anatwin.train.enhance_network import EnhanceNetwork, EnhanceShape
from anatwin.train.record import mean_loss, record
from anatwin.train.schedule import Schedule
from anatwin.train.state import State, started

log = logging.getLogger(__name__)

_AVERAGE = 0.998
_CLIP = 1.0


@dataclass(frozen=True, eq=False, slots=True)
class EnhanceTraining:
    """A training run.

    Parameters
    ----------
    examples
        Femora to learn from.
    schedule
        Length and learning rate.
    out
        Folder of the checkpoint and of ``log.jsonl``.
    loss
        What is minimised.
    edge, count
        Blocks along the edge of a window, and windows of a step.
    seed
        Of the first weights and of every batch.
    save_minutes
        Time between checkpoints.
    log_every
        Steps between log entries.
    """

    examples: Sequence[Example]
    schedule: Schedule
    out: Path
    loss: EnhanceLoss = field(default_factory=EnhanceLoss)
    edge: int = 32
    count: int = 2
    seed: int = 0
    save_minutes: float = 2.0
    log_every: int = 25


def enhance_state(shape: EnhanceShape, *, seed: int = 0) -> State[EnhanceNetwork]:
    """Return the state before the first step; the same seed gives the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = EnhanceNetwork(shape)
    return started(model, torch.optim.Adam(model.parameters(), betas=(0.9, 0.99)))


def start_or_resume_enhance(
    training: EnhanceTraining, shape: EnhanceShape
) -> State[EnhanceNetwork]:
    """Return the state of the checkpoint in the output folder, or a fresh one."""
    training.out.mkdir(parents=True, exist_ok=True)
    path = training.out / CHECKPOINT
    if not path.exists():
        return enhance_state(shape, seed=training.seed)
    state = enhance_state(EnhanceShape(**stored_about(path)["shape"]))
    log.info("going on with %s", path)
    return restore(state, path)


def train_enhance(training: EnhanceTraining, state: State[EnhanceNetwork]) -> State[EnhanceNetwork]:
    """Train until the schedule ends; leave a checkpoint behind.

    Raises
    ------
    QualityError
        If the loss is not finite.
    """
    state.model.train()
    total = training.schedule.steps - state.step if training.schedule.minutes is None else 0
    steps = track(_steps(training, state), "train", total=max(total, 0))
    return record(training, state, steps, entry=lambda losses: {"loss": mean_loss(losses)})


def _steps(training: EnhanceTraining, state: State[EnhanceNetwork]) -> Iterator[list[float]]:
    """Take steps until the schedule ends; yield the losses since the last log entry."""
    schedule, losses = training.schedule, [math.nan]
    while (done := schedule.done(state.step, state.seconds)) < 1.0:
        if state.step % training.log_every == 0:
            losses = []
        began = time.monotonic()
        for group in state.optimiser.param_groups:
            group["lr"] = schedule.learning_rate(state.step, done)
        windows = batch(
            training.examples,
            edge=training.edge,
            count=training.count,
            seed=(training.seed, state.step),
        )
        losses.append(_one_step(training, state, windows))
        state.step += 1
        state.seconds += time.monotonic() - began
        yield losses


def _one_step(
    training: EnhanceTraining, state: State[EnhanceNetwork], windows: EnhanceBatch
) -> float:
    """Change the weights by one batch, return its loss."""
    loss = training.loss(state.model, windows)
    if not descend(state, loss, clip=_CLIP, average=_AVERAGE):
        raise QualityError(
            f"The loss or its gradient was not finite at step {state.step}; lower the rate and go "
            "on from the last checkpoint."
        )
    return float(loss.detach())
