"""Loops compiled by numba, once per machine."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function on its first call and keep the machine code on disk.

    It runs without the interpreter's lock, so that threads run side by side. Sums may be
    reordered; infinities and NaN keep their meaning.
    """
    fast = {"reassoc", "contract", "arcp", "nsz"}
    try:
        return cast("Function", njit(cache=True, nogil=True, fastmath=fast)(function))
    except RuntimeError:  # no folder that can be written to
        return cast("Function", njit(nogil=True, fastmath=fast)(function))
