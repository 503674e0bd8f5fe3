"""The short way to write an acquirer on a command line."""

from anatwin.acquire.cartesian import Cartesian
from anatwin.acquire.fully_sampled import FullySampled
from anatwin.core import UsageError


def parse_accelerate(text: str) -> Cartesian | FullySampled:
    """Return the acquirer of ``PATTERN:R``, for example ``cartesian:4``, or of ``full``.

    Raises
    ------
    UsageError
        If the pattern does not exist or R is not a number that it can have.
    """
    pattern, _, factor = text.strip().lower().partition(":")
    expected = (
        f"Expected cartesian:R with R from 1, for example cartesian:4, or full; got {text!r}."
    )
    try:
        acceleration = float(factor) if factor else None
    except ValueError:
        raise UsageError(expected) from None
    if pattern == "full" and acceleration in (None, 1):
        return FullySampled()
    if pattern == "cartesian" and acceleration is not None:
        return Cartesian(acceleration=acceleration)
    raise UsageError(expected)
