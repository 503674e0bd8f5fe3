"""Variable-density Cartesian sampling."""

from dataclasses import dataclass, field
from typing import ClassVar

from anatwin.acquire.axes import Coverage
from anatwin.acquire.scan import check_acceleration, check_count, scan
from anatwin.core import KSpace, Volume
from anatwin.phantoms.sampling import Mask, variable_density
from anatwin.phantoms.scanner import Scanner


@dataclass(frozen=True, kw_only=True, slots=True)
class Cartesian:
    """Measure some lines of k-space: all in the middle, fewer outside.

    The readout is always complete. In a 2-D scan whole lines of every slice are left out; in a
    3-D scan lines are left out along both phase-encoding axes.

    References: Lustig et al. 2007, doi:10.1002/mrm.21391.
    """

    coverage: ClassVar[Coverage] = "phase"

    acceleration: float = 4.0
    """All lines over measured lines, the middle counted; met to within one line."""

    calibration: int = 24
    """Lines measured without a gap around the middle along each phase-encoding axis, at most
    half of all measured lines. Coil sensitivities are estimated from them."""

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
        """Return True for what is measured of one or two phase-encoding axes."""
        return variable_density(
            shape, self.acceleration, calibration=self.calibration, seed=self.seed
        )
