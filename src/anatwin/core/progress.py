"""How long work tells a listener, if there is one, how far it is."""

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

Listener = Callable[[str, int, int], None]
"""Called with what is being done, how many parts are done and how many there are."""

_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send the progress of everything called inside the block to ``listener``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def track(items: Iterable[T], what: str, *, total: int | None = None) -> Iterator[T]:
    """Yield ``items``, telling the listener after each one.

    Call it in the thread that started the work: other threads have no listener.
    """
    listener = _listener.get()
    n = total if total is not None else (len(items) if isinstance(items, Sized) else 0)
    for done, item in enumerate(items):
        if listener:
            listener(what, done, n)
        yield item
    if listener:
        listener(what, n, n)
