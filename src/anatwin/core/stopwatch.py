"""What a block of work costs: time and memory."""

import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def stopwatch() -> Iterator[dict[str, float]]:
    """Measure wall time and the peak of resident memory of a block.

    Yields
    ------
    dict
        Filled at the end with ``seconds`` and ``peak_mb``.
    """
    spent: dict[str, float] = {}
    _reset_peak_memory()
    started = time.perf_counter()
    yield spent
    spent["seconds"] = round(time.perf_counter() - started, 3)
    spent["peak_mb"] = round(_peak_memory_mb(), 1)


def _reset_peak_memory() -> None:
    """Start a new high-water mark where the system can (Linux)."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        try:
            clear.write_text("5")
        except OSError:
            return


def _peak_memory_mb() -> float:
    """Return the highest resident memory since the reset, or of the process elsewhere."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = [x for x in status.read_text().splitlines() if x.startswith("VmHWM")]
        if lines:
            return int(lines[0].split()[1]) / 1024
    import resource

    per_mb = 1024**2 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_mb
