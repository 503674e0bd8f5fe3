"""Progress and tables: bars on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from anatwin.core import Step, listening


def say(text: str = "") -> None:
    """Print one line."""
    print(text, flush=True)


def announce(step: Step) -> None:
    """Print what a stage did."""
    cost = (
        "unchanged, reused" if step.is_cached else f"{step.seconds:6.1f} s {step.peak_mb:6.0f} MB"
    )
    say(f"  {step.stage:<12} {step.method:<18} {cost}")


@contextmanager
def progress() -> Iterator[None]:
    """Show the progress of everything inside the block."""
    with _bars() if sys.stderr.isatty() else _lines():
        yield


@contextmanager
def _bars() -> Iterator[None]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("  {task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total or None)
            bars.update(tasks[what], completed=done)
            if done == total:
                bars.remove_task(tasks.pop(what))

        with listening(show):
            yield


@contextmanager
def _lines(*, every_s: float = 15.0) -> Iterator[None]:
    started: dict[str, float] = {}
    spoken: dict[str, float] = {}

    def show(what: str, done: int, total: int) -> None:
        now = time.monotonic()
        begun = started.setdefault(what, now)
        if done == total:
            started.pop(what, None)
        elif done and total and now - spoken.get(what, begun) >= every_s:
            spoken[what] = now
            left = (now - begun) / done * (total - done)
            say(f"  {what}: {done} of {total}, {left:.0f} s left")

    with listening(show):
        yield
