"""Points at random."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from anatwin.acquire.axes import Coverage
from anatwin.acquire.scan import check_acceleration, scan
from anatwin.core import KSpace, Volume
from anatwin.phantoms.sampling import Mask, draw, measured_count
from anatwin.phantoms.scanner import Scanner


@dataclass(frozen=True, kw_only=True, slots=True)
class RandomPoints:
    """Measure points of k-space at random, all equally likely, as compressed sensing began with.

    In a slice the points lie in its whole plane, which no scanner can do faster than complete
    lines; in a 3-D scan every point is a complete readout.

    References: Candes et al. 2006, doi:10.1109/TIT.2005.862083.
    """

    coverage: ClassVar[Coverage] = "plane"

    acceleration: float = 4.0
    """All points over measured points; met to within one point."""

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
        """Return True for the measured points of a plane of k-space."""
        return draw(np.zeros(shape), measured_count(shape, self.acceleration), seed=self.seed)
