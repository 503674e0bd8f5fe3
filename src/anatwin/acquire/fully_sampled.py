"""Complete sampling."""

from dataclasses import dataclass, field

import numpy as np

from anatwin.acquire.axes import scan_axes
from anatwin.core import KSpace, Volume
from anatwin.phantoms.scanner import Scanner, measure


@dataclass(frozen=True, kw_only=True, slots=True)
class FullySampled:
    """Measure every line of k-space."""

    scanner: Scanner = field(default_factory=Scanner)
    """Coils, noise and phase."""

    def __call__(self, volume: Volume) -> KSpace:
        """Return what is measured of ``volume``."""
        axes = scan_axes(volume)
        everything = np.ones((1, 1, 1), bool)
        return measure(
            volume,
            self.scanner,
            everything,
            readout_axis=axes.readout,
            slice_axis=axes.slice_axis,
        )
