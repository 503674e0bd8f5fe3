"""The command line: parse, call, print. Nothing else."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import tyro

from anatwin.commands import TWO_WORDS, Command
from anatwin.core import AnatwinError

_PROGRAM = """From what an MRI scanner measured to a digital twin of a person's anatomy.

Start with:  anatwin build SCAN -o CASE   and open CASE/report.html in a browser.

Exit codes: 0 done, 1 unexpected, 2 usage, 3 bad input data, 4 failed quality check,
5 out of memory or disk, 130 interrupted."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(guarded(lambda: _parse(arguments).run()))


def _parse(arguments: list[str] | None) -> Any:  # noqa: ANN401
    """Return the command that the words name, with its options."""
    words = sys.argv[1:] if arguments is None else arguments
    if tuple(words[:2]) in TWO_WORDS:
        words = ["-".join(words[:2]), *words[2:]]
    return tyro.cli(Command, prog="anatwin", description=_PROGRAM, args=words)


def guarded(work: Callable[[], int | None]) -> int:
    """Run a command; turn what goes wrong into one line and an exit code."""
    try:
        return work() or 0
    except KeyboardInterrupt:
        # CPython remembers that code made from text (by dataclasses or numba) was interrupted,
        # and would then end by the signal, not by our code. Some more text makes it forget.
        exec("")
        return _fail("interrupted; nothing was written.", 130)
    except AnatwinError as error:
        return _fail(str(error), error.exit_code)
    except MemoryError as error:
        return _fail(f"out of memory ({error}); use a smaller scan or a coarser plan.", 5)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        return 0
    except OSError as error:
        return _fail(f"{error.strerror or error}: {error.filename or 'a file'}.", 5)
    except Exception as error:
        if os.environ.get("ANATWIN_DEBUG"):
            raise
        kind = type(error).__name__
        return _fail(f"unexpected {kind}: {error}. Set ANATWIN_DEBUG=1 for the traceback.", 1)


def _fail(message: str, code: int) -> int:
    print(f"anatwin: {' '.join(message.split())}", file=sys.stderr)
    return code


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
