"""Variable-density Poisson-disc sampling."""

from dataclasses import dataclass, field
from typing import ClassVar

from anatwin.acquire.axes import Coverage
from anatwin.acquire.scan import check_acceleration, check_count, scan
from anatwin.core import KSpace, Volume
from anatwin.phantoms.sampling import (
    Mask,
    calibration_block,
    distance_from_centre,
    measured_count,
)
from anatwin.phantoms.scanner import Scanner


@dataclass(frozen=True, kw_only=True, slots=True)
class PoissonDisc:
    """Measure points at random that keep apart, further from each other towards the edge.

    The distance that a point keeps grows in proportion with its own from the centre. In a slice
    the points lie in its whole plane; in a 3-D scan every point is a complete readout.

    References: Bridson 2007, doi:10.1145/1278780.1278807; Vasanawala et al. 2011,
    doi:10.1109/ISBI.2011.5872579.
    """

    coverage: ClassVar[Coverage] = "plane"

    acceleration: float = 4.0
    """All points over measured points, the middle counted; met to within one point."""

    calibration: int = 24
    """Points measured without a gap around the middle along each axis, at most half of all
    measured points. Coil sensitivities are estimated from them."""

    seed: int = 0
    """Which pattern."""

    scanner: Scanner = field(default_factory=Scanner)
    """Coils, noise and phase."""

    def __post_init__(self) -> None:
        check_acceleration(self.acceleration)
        check_count("Calibration", self.calibration)

    def __call__(self, volume: Volume) -> KSpace:
        """Return what is measured of ``volume``."""
        return scan(volume, self)

    def pattern(self, shape: tuple[int, ...]) -> Mask:
        """Return True for the measured points of a plane of k-space."""
        from anatwin.ops.sampling import fill_with_discs

        wanted = measured_count(shape, self.acceleration)
        centre = calibration_block(shape, self.calibration, wanted)
        return fill_with_discs(centre, distance_from_centre(shape), wanted, seed=self.seed)
