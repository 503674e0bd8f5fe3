"""Lines at random."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from anatwin.acquire.axes import Coverage
from anatwin.acquire.scan import check_acceleration, scan
from anatwin.core import KSpace, Volume
from anatwin.phantoms.sampling import Mask, draw, measured_count
from anatwin.phantoms.scanner import Scanner


@dataclass(frozen=True, kw_only=True, slots=True)
class RandomLines:
    """Measure lines of k-space at random, all equally likely.

    Nothing makes sure that the middle of k-space is measured, so most of the image's energy is
    often missed.
    """

    coverage: ClassVar[Coverage] = "line"

    acceleration: float = 4.0
    """All lines over measured lines; met to within one line."""

    seed: int = 0
    """Which pattern."""

    scanner: Scanner = field(default_factory=Scanner)
    """Coils, noise and phase."""

    def __post_init__(self) -> None:
        check_acceleration(self.acceleration)

    def __call__(self, volume: Volume) -> KSpace:
        """Return what is measured of ``volume``."""
        return scan(volume, self)

    def pattern(self, shape: tuple[int, ...]) -> Mask:
        """Return True for the measured lines of one phase-encoding axis."""
        return draw(np.zeros(shape), measured_count(shape, self.acceleration), seed=self.seed)
