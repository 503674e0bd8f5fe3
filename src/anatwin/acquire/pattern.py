"""The short way to write an acquirer on a command line."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from anatwin.acquire.cartesian import Cartesian
from anatwin.acquire.centred_gaussian_lines import CentredGaussianLines
from anatwin.acquire.fast_mri import FastMri
from anatwin.acquire.fully_sampled import FullySampled
from anatwin.acquire.gaussian_lines import GaussianLines
from anatwin.acquire.poisson_disc import PoissonDisc
from anatwin.acquire.radial_grid import RadialGrid
from anatwin.acquire.random_lines import RandomLines
from anatwin.acquire.random_points import RandomPoints
from anatwin.acquire.spiral_grid import SpiralGrid
from anatwin.acquire.upper_half import UpperHalf
from anatwin.core import UsageError

if TYPE_CHECKING:
    from anatwin.acquire import AcquireMethod

PATTERNS: "dict[str, Callable[..., AcquireMethod]]" = {
    "cartesian": Cartesian,
    "random-lines": RandomLines,
    "random-points": RandomPoints,
    "gaussian-lines": GaussianLines,
    "centred-gaussian-lines": CentredGaussianLines,
    "upper-half": UpperHalf,
    "radial-grid": RadialGrid,
    "spiral-grid": SpiralGrid,
    "poisson": PoissonDisc,
    "fastmri-random": partial(FastMri, kind="random"),
    "fastmri-equispaced": partial(FastMri, kind="equispaced"),
    "fastmri-equispaced-fraction": partial(FastMri, kind="equispaced_fraction"),
    "fastmri-magic": partial(FastMri, kind="magic"),
}
"""Short name of every pattern; call it with an ``acceleration``."""


def parse_accelerate(text: str) -> "AcquireMethod":
    """Return the acquirer of ``PATTERN:R``, for example ``cartesian:4``, or of ``full``.

    Raises
    ------
    UsageError
        If the pattern does not exist or R is not a number that it can have.
    """
    pattern, _, factor = text.strip().lower().partition(":")
    try:
        acceleration = float(factor) if factor else None
    except ValueError:
        raise _unknown(text) from None
    if pattern == "full" and acceleration in (None, 1):
        return FullySampled()
    if pattern in PATTERNS and acceleration is not None:
        return PATTERNS[pattern](acceleration=acceleration)
    raise _unknown(text)


def _unknown(text: str) -> UsageError:
    return UsageError(
        f"Expected PATTERN:R with R from 1, for example cartesian:4, or full; got {text!r}. "
        f"Patterns: {', '.join(PATTERNS)}."
    )
