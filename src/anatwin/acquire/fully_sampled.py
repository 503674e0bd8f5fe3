"""Complete sampling."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from anatwin.acquire.axes import Coverage
from anatwin.acquire.scan import scan
from anatwin.core import KSpace, Volume
from anatwin.phantoms.sampling import Mask
from anatwin.phantoms.scanner import Scanner


@dataclass(frozen=True, kw_only=True, slots=True)
class FullySampled:
    """Measure every line of k-space."""

    coverage: ClassVar[Coverage] = "line"

    scanner: Scanner = field(default_factory=Scanner)
    """Coils, noise and phase."""

    def __call__(self, volume: Volume) -> KSpace:
        """Return what is measured of ``volume``."""
        return scan(volume, self)

    def pattern(self, shape: tuple[int, ...]) -> Mask:
        """Return True everywhere."""
        return np.ones(shape, bool)
