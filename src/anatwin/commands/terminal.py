"""Progress and tables: bars on a terminal, plain lines elsewhere."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from anatwin.core import Step, listening
from anatwin.core.progress import Listener


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
    """Show the progress of everything inside the block, and stop it for good when asked to."""
    with _stopping() as stop_if_asked, _bars() if sys.stderr.isatty() else _lines() as show:

        def tell(what: str, done: int, total: int) -> None:
            stop_if_asked()
            show(what, done, total)

        with listening(tell):
            yield


@contextmanager
def _stopping() -> Iterator[Callable[[], None]]:
    """Remember a request to stop, and give what raises it again.

    A library that catches everything, while it imports something optional for instance, may
    swallow the first one.
    """
    asked = False

    def ask(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    def stop_if_asked() -> None:
        if asked:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop_if_asked
    except Exception:
        stop_if_asked()  # an import that was interrupted may fail in any way
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _bars() -> Iterator[Listener]:
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

        yield show


@contextmanager
def _lines(*, every_s: float = 15.0) -> Iterator[Listener]:
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

    yield show
