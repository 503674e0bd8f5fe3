"""Train the deep cascade: end to end, mean squared error of the image, resumable."""

import logging
import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, distributed, nn

from anatwin.core import QualityError, track
from anatwin.train.batches import Batch, Simulation
from anatwin.train.cascade import Cascade, CascadeShape
from anatwin.train.cascade_progress import mean_gains, watched_batches
from anatwin.train.cascade_state import averaged_model, cascade_state, stored_cascade
from anatwin.train.checkpoint import (
    CHECKPOINT,
    begin_with,
    restore,
)
from anatwin.train.descent import descend
from anatwin.train.images import Stack
from anatwin.train.record import mean_loss, record
from anatwin.train.schedule import Schedule
from anatwin.train.state import State

log = logging.getLogger(__name__)

Loss = Literal["mse", "rmse", "decibels"]

_TYPICAL = 0.005
"""Squared error of a slice late in a training, where all losses have gradients of equal size."""


@dataclass(frozen=True, eq=False, slots=True)
class CascadeTraining:
    """A training run: images, schedule and where it is kept.

    Parameters
    ----------
    stacks
        Images.
    schedule
        Length and learning rate.
    out
        Folder of the checkpoint and of ``log.jsonl``.
    watched
        Images of other people, on which progress is measured.
    simulation
        How batches are made of the images.
    seed
        Start of every batch's own seed.
    threads
        Threads of the network.
    save_minutes
        Time between checkpoints, and between measurements of progress.
    bfloat16
        Compute convolutions in bfloat16.
    loss
        What is minimised.
    average
        Decay of the average of the weights.
    clip
        Largest norm of the gradient.
    log_every
        Steps between log entries.
    device
        Where the network is.
    """

    stacks: Sequence[Stack]
    schedule: Schedule
    out: Path
    watched: Sequence[Stack] = ()
    simulation: Simulation = field(default_factory=Simulation)
    seed: int = 0
    threads: int = 1
    save_minutes: float = 3.0
    bfloat16: bool = True
    loss: Loss = "mse"
    average: float = 0.999
    clip: float = 0.5
    log_every: int = 25
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


def start_or_resume_cascade(
    training: CascadeTraining, shape: CascadeShape, *, start: Path | None = None
) -> State[Cascade]:
    """Return the state of the checkpoint in the output folder, or a fresh one.

    Parameters
    ----------
    training
        The run.
    shape
        Size of a fresh network; a stored one keeps its own.
    start
        Weights that a fresh state begins with, instead of random ones.
    """
    training.out.mkdir(parents=True, exist_ok=True)
    path = training.out / CHECKPOINT
    if path.exists():
        state = restore(cascade_state(stored_cascade(path)), path)
        log.info("resumed at step %d", state.step)
        return state
    if start is not None:
        return begin_with(cascade_state(stored_cascade(start)), start)
    return cascade_state(shape, seed=training.seed)


def train_cascade(training: CascadeTraining, state: State[Cascade]) -> State[Cascade]:
    """Train until the schedule ends; leave a checkpoint behind.

    Several processes that torchrun started take batches of their own and average their gradients.

    Raises
    ------
    QualityError
        If the loss is not finite ten times in a row.
    """
    torch.set_num_threads(training.threads)
    state.model.to(training.device).train()
    state.averaged = {name: x.to(training.device) for name, x in state.averaged.items()}
    watched = {factor: watched_batches(training.watched, factor) for factor in (4, 8)}
    first = not distributed.is_initialized() or distributed.get_rank() == 0
    total = training.schedule.steps - state.step if training.schedule.minutes is None else 0
    steps = track(_steps(training, state), "train", total=max(total, 0))
    if not first:
        deque(steps, maxlen=0)
        return state
    return record(
        training,
        state,
        steps,
        entry=lambda losses: {"loss": mean_loss(losses)},
        progress=lambda: mean_gains(averaged_model(state), watched),
    )


def _steps(training: CascadeTraining, state: State[Cascade]) -> Iterator[list[float]]:
    """Take steps until the schedule ends; yield the losses since the last log entry."""
    schedule, losses, bad = training.schedule, [math.nan], 0
    rank = distributed.get_rank() if distributed.is_initialized() else 0
    while (done := schedule.done(state.step, state.seconds)) < 1.0:
        if state.step % training.log_every == 0:
            losses = []
        began = time.monotonic()
        for group in state.optimiser.param_groups:
            group["lr"] = schedule.learning_rate(state.step, done) * group["share"]
        batch = training.simulation.batch(training.stacks, (training.seed, rank, state.step))
        loss = _one_step(training, state, batch.to(training.device))
        bad = 0 if math.isfinite(loss) else bad + 1
        if bad == 10:
            raise QualityError(
                "The loss or its gradient was not finite ten times in a row; lower the rate."
            )
        losses += [loss] if bad == 0 else []
        state.step += 1
        state.seconds += _agreed(time.monotonic() - began)
        yield losses


def _one_step(training: CascadeTraining, state: State[Cascade], batch: Batch) -> float:
    """Change the weights by one batch, return its loss, or NaN where it could not."""
    with torch.autocast(training.device.type, torch.bfloat16, enabled=training.bfloat16):
        image = state.model(batch.scan)
    errors = torch.view_as_real(image - batch.truth).square().mean((1, 2, 3))
    loss = summary(errors, training.loss)
    if not descend(
        state, loss, clip=training.clip, average=training.average, meet=_average_gradients
    ):
        return math.nan
    return float(errors.detach().mean())


def summary(errors: Tensor, loss: Loss) -> Tensor:
    """Return the loss of squared errors, one for every slice.

    The mean squared error is ruled by the slices that are hardest to reconstruct, the mean in
    decibels counts all alike, and the mean root lies between them.
    """
    if loss == "decibels":
        return _TYPICAL * errors.log().mean()
    if loss == "rmse":
        return 2 * _TYPICAL**0.5 * errors.sqrt().mean()
    return errors.mean()


def _average_gradients(model: nn.Module) -> None:
    """Replace the gradients by their mean over the processes."""
    if not distributed.is_initialized():
        return
    for weight in model.parameters():
        if weight.grad is None:  # this process's batch did not need it, another's may
            weight.grad = torch.zeros_like(weight)
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    means = torch.split(flat, [gradient.numel() for gradient in gradients])
    for gradient, mean in zip(gradients, means, strict=True):
        gradient.copy_(mean.view(gradient.shape))


def _agreed(seconds: float) -> float:
    """Return the mean over the processes, so that all end with the same step."""
    if not distributed.is_initialized():
        return seconds
    total = torch.tensor(seconds)
    distributed.all_reduce(total)
    return float(total) / distributed.get_world_size()
