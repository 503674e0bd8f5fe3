"""Copies of a network that train side by side, each on patches of its own, and are averaged.

One thread a copy: a step's layers are too short for threads to share, while copies meet only
once a minute. After Stich 2019 (local SGD, arXiv:1805.09767).
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch
from torch import distributed

from anatwin.train.checkpoint import save_checkpoint
from anatwin.train.loop import Training, start_or_resume, train
from anatwin.train.processes import parting
from anatwin.train.state import State
from anatwin.train.unet import UNet

ROUND_SECONDS = 60.0


def train_copies(training: Training, copies: int, *, start: Path | None = None) -> State[UNet]:
    """Train copies until the schedule ends, averaging them; return the first one's state.

    Parameters
    ----------
    training
        The run of the first copy. The others differ from it in their patches, and keep their
        checkpoints in ``copy-1``, ``copy-2`` and so on in its output folder.
    copies
        Number of copies, one process each.
    start
        Weights that a fresh training begins with.
    """
    if copies == 1:
        return train(training, start_or_resume(training, start=start))
    training.out.mkdir(parents=True, exist_ok=True)
    meeting = training.out / f".meeting-{os.getpid()}"
    context = get_context("spawn")
    others = [
        context.Process(target=_run, args=(training, rank, copies, meeting, start), daemon=False)
        for rank in range(1, copies)
    ]
    with _running(others):
        state = _run(training, 0, copies, meeting, start)
    meeting.unlink(missing_ok=True)
    return state


@contextmanager
def _running(others: Sequence[BaseProcess]) -> Iterator[None]:
    """Keep the other copies running; end them when the first one fails or is interrupted."""
    for other in others:
        other.start()
    try:
        yield
        for other in others:
            other.join()
    finally:
        for other in others:
            other.terminate()


def _run(
    training: Training, rank: int, copies: int, meeting: Path, start: Path | None
) -> State[UNet]:
    """Train one copy."""
    if rank:
        source = replace(training.source, seed=training.source.seed + rank)
        training = replace(training, source=source, out=training.out / f"copy-{rank}")
    state = start_or_resume(training, start=start)
    distributed.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=copies
    )
    with parting():
        clock = torch.tensor(state.seconds, dtype=torch.float64)
        distributed.broadcast(clock, 0)
        state.seconds, before = float(clock), state.step
        train(training, state, after_step=_averager(state))
        average_copies(state, steps=state.step - before)
        save_checkpoint(training.out, state)
        return state


def _averager(state: State[UNet]) -> Callable[[State[UNet]], None]:
    """Return what averages the copies whenever one more round of training time is over."""
    rounds = int(state.seconds // ROUND_SECONDS)
    last_step = state.step

    def average(state: State[UNet]) -> None:
        nonlocal rounds, last_step
        while state.seconds // ROUND_SECONDS > rounds:
            average_copies(state, steps=state.step - last_step)
            rounds, last_step = rounds + 1, state.step

    return average


@torch.no_grad()
def average_copies(state: State[UNet], *, steps: int) -> None:
    """Replace the weights by the mean over the copies, each counted by the steps it took."""
    total = torch.tensor(float(steps))
    distributed.all_reduce(total)
    share = steps / max(float(total), 1.0)
    weights = [*state.model.parameters(), *state.averaged.values()]
    flat = torch.cat([weight.flatten() for weight in weights]) * share
    distributed.all_reduce(flat)
    means = torch.split(flat, [weight.numel() for weight in weights])
    for weight, mean in zip(weights, means, strict=True):
        weight.copy_(mean.view(weight.shape))
