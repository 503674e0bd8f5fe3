"""What a training leaves behind while it runs: a log and checkpoints."""

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from anatwin.train.checkpoint import save_checkpoint
from anatwin.train.state import Model, State

log = logging.getLogger(__name__)


class Recorded(Protocol):
    """A training run that says where, and how often, it leaves something behind."""

    @property
    def out(self) -> Path:
        """Folder of the checkpoint and of ``log.jsonl``."""

    @property
    def save_minutes(self) -> float:
        """Time between checkpoints."""

    @property
    def log_every(self) -> int:
        """Steps between log entries."""


def record(
    training: Recorded,
    state: State[Model],
    steps: Iterable[Sequence[float]],
    *,
    entry: Callable[[Sequence[float]], Mapping[str, float]],
    progress: Callable[[], Mapping[str, float]] | None = None,
) -> State[Model]:
    """Take all steps, with log entries and checkpoints on the way and a checkpoint at the end.

    Parameters
    ----------
    training
        Where and how often.
    state
        What the steps change.
    steps
        Takes a step when asked for the next, and gives the losses since the last log entry.
    entry
        What a log entry says of those losses, beside step and seconds.
    progress
        Measured after every checkpoint, for a log entry of its own.
    """

    def log_now(values: Mapping[str, float]) -> None:
        timed = {"step": state.step, "seconds": round(state.seconds, 1), **values}
        write_log(training.out, timed)

    def save_now() -> None:
        save_checkpoint(training.out, state)
        if progress is not None:
            log_now(progress())

    saved = time.monotonic()
    for losses in steps:
        if state.step % training.log_every == 0:
            log_now(entry(losses))
        if time.monotonic() - saved > 60 * training.save_minutes:
            save_now()
            saved = time.monotonic()
    save_now()
    return state


def write_log(folder: Path, entry: Mapping[str, float]) -> None:
    """Append one line to ``log.jsonl``."""
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
    log.info("%s", entry)


def mean_loss(losses: Sequence[float]) -> float:
    """Return the mean of losses, rounded for a log; 0 without any."""
    return round(sum(losses) / max(len(losses), 1), 5)
