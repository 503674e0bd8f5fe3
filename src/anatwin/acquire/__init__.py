"""From an image to the k-space that a scanner would have measured of it.

Contract of an acquirer:

* The k-space lies on the grid of the image, its origin is ``synthetic``, and the samples that the
  mask leaves out are exactly zero.
* The coils' root sum of squares is one, and the noise is set relative to the image: a perfect
  reconstruction is the image itself, in its own scale.
* Which axes are encoded is decided by the image alone (``scan_axes``).
* The same image and the same method give the same k-space.
"""

from collections.abc import Callable

from anatwin.acquire.axes import ScanAxes, scan_axes
from anatwin.acquire.cartesian import Cartesian
from anatwin.acquire.fully_sampled import FullySampled
from anatwin.acquire.pattern import parse_accelerate
from anatwin.core import KSpace, Volume

Acquirer = Callable[[Volume], KSpace]
AcquireMethod = Cartesian | FullySampled

__all__ = [
    "AcquireMethod",
    "Acquirer",
    "Cartesian",
    "FullySampled",
    "ScanAxes",
    "parse_accelerate",
    "scan_axes",
]
