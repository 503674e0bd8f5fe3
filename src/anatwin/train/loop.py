"""The training: a patch or a few a step, growing patches, averaged weights, resumable."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from anatwin.core import QualityError, track
from anatwin.train.checkpoint import (
    CHECKPOINT,
    load_checkpoint,
    load_weights,
    state_from_weights,
)
from anatwin.train.descent import descend
from anatwin.train.feed import Feed, Source, feeding
from anatwin.train.losses import dice_and_cross_entropy
from anatwin.train.numbering import parents_of
from anatwin.train.record import mean_loss, record
from anatwin.train.schedule import Schedule
from anatwin.train.state import State, fresh_state, move
from anatwin.train.unet import STRIDE, UNet, UNetShape, space_to_depth

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Training:
    """A training run: data, schedule and where it is kept.

    Parameters
    ----------
    source
        Patches.
    schedule
        Length, patch sizes and learning rate.
    out
        Folder of the checkpoint and of ``log.jsonl``.
    workers
        Processes that make patches; 0 makes them in this one.
    threads
        Threads of the network.
    device
        Where the network is: ``cpu`` or ``cuda``.
    batch
        Patches a step.
    save_minutes
        Time between checkpoints.
    bfloat16
        Compute in bfloat16 where that is safe.
    average
        Decay of the average of the weights.
    clip
        Largest norm of the gradient.
    log_every
        Steps between log entries.
    corners
        How many of the eight voxels of a block the loss looks at, others in every step; with many
        structures the loss costs as much as the network.
    """

    source: Source
    schedule: Schedule
    out: Path
    workers: int = 1
    threads: int = 2
    device: str = "cpu"
    batch: int = 1
    save_minutes: float = 5.0
    bfloat16: bool = True
    average: float = 0.999
    clip: float = 2.0
    log_every: int = 25
    corners: int = 8


def train(
    training: Training,
    state: State[UNet],
    *,
    after_step: Callable[[State[UNet]], None] | None = None,
) -> State[UNet]:
    """Train until the schedule ends; leave a checkpoint behind.

    Parameters
    ----------
    training
        The run.
    state
        Where it starts; changed in place.
    after_step
        Called with the state after every step.

    Raises
    ------
    QualityError
        If the loss is not finite ten times in a row.
    """
    torch.set_num_threads(training.threads)
    move(state, training.device)
    state.model.train()
    total = training.schedule.steps - state.step if training.schedule.minutes is None else 0
    with feeding(training.source, workers=training.workers) as feed:
        steps = _steps(training, state, feed, after_step or (lambda _: None))
        return record(
            training,
            state,
            track(steps, "train", total=max(total, 0)),
            entry=lambda losses: _entry(training, state, losses),
        )


def start_or_resume(training: Training, *, start: Path | None = None) -> State[UNet]:
    """Return the state of the checkpoint in the output folder, or a fresh one.

    Parameters
    ----------
    training
        The run.
    start
        Weights that a fresh state begins with, instead of random ones.
    """
    training.out.mkdir(parents=True, exist_ok=True)
    if (training.out / CHECKPOINT).exists():
        state = load_checkpoint(training.out)
        log.info("resumed at step %d", state.step)
        return state
    table = training.source.table()
    classes = len(table) + 1
    if start is None:
        return fresh_state(training.source.seed, UNetShape(classes=classes))
    other = classes != load_weights(start)[0].classes
    return state_from_weights(start, parents=parents_of(table) if other else None)


def _steps(
    training: Training,
    state: State[UNet],
    feed: Feed,
    after_step: Callable[[State[UNet]], None],
) -> Iterator[list[float]]:
    """Take steps until the schedule ends; yield the losses since the last log entry."""
    losses: list[float] = []
    bad = 0
    while (done := training.schedule.done(state.step, state.seconds)) < 1.0:
        began = time.monotonic()
        image, target = make_batch(training, feed, state.step, done)
        rate = training.schedule.learning_rate(state.step, done)
        for group in state.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        loss = _one_step(training, state, (image, target), even=training.schedule.even(done))
        bad = 0 if math.isfinite(loss) else bad + 1
        if bad == 10:
            raise QualityError(
                "The loss or its gradient was not finite ten times in a row; lower the rate."
            )
        if bad == 0:
            losses.append(loss)
        state.step += 1
        state.seconds += time.monotonic() - began
        after_step(state)
        yield losses
        if state.step % training.log_every == 0:
            losses = []


def make_batch(training: Training, feed: Feed, step: int, done: float) -> tuple[Tensor, Tensor]:
    """Return the images ``n 1 i j k`` and the indices ``n i j k`` of one step."""
    edge = training.schedule.patch(done)
    first = step * training.batch
    samples = [
        feed.take(first + n, (edge, edge, edge), easy=training.schedule.easy(done))
        for n in range(training.batch)
    ]
    image = torch.from_numpy(np.stack([sample.image for sample in samples])[:, None])
    target = torch.from_numpy(np.stack([sample.target for sample in samples]))
    return image.to(training.device).float(), target.to(training.device)


def _one_step(
    training: Training, state: State[UNet], sample: tuple[Tensor, Tensor], *, even: float
) -> float:
    """Change the weights by one patch, return its loss, or NaN where it could not."""
    image, target = sample
    order = np.random.default_rng((training.source.seed, state.step)).permutation(STRIDE**3)
    corners = torch.from_numpy(np.sort(order[: training.corners])).to(image.device)
    with torch.autocast(image.device.type, torch.bfloat16, enabled=training.bfloat16):
        scores = state.model.blocks(image, corners)
    classes = state.model.shape.classes
    wanted = space_to_depth(target[:, None])[:, corners]
    loss = dice_and_cross_entropy(scores, wanted, classes=classes, even=even)
    if not descend(state, loss, clip=training.clip, average=training.average):
        return math.nan
    return float(loss.detach())


def _entry(training: Training, state: State[UNet], losses: Sequence[float]) -> dict[str, float]:
    """Return what the log says of the last steps."""
    done = training.schedule.done(state.step, state.seconds)
    return {
        "done": round(done, 4),
        "edge": training.schedule.patch(done),
        "patches": len(losses),
        "loss": mean_loss(losses),
    }
