"""From an image to the k-space that a scanner would have measured of it.

Contract of an acquirer:

* The k-space lies on the grid of the image, its origin is ``synthetic``, and the samples that the
  mask leaves out are exactly zero.
* The coils' root sum of squares is one, and the noise is set relative to the image: a perfect
  reconstruction is the image itself, in its own scale.
* Which axes are encoded is decided by the image alone (``scan_axes``).
* The same image and the same method give the same k-space.
* ``pattern(shape)`` draws what is measured without an image, along the axes that ``coverage``
  names: ``line`` patterns leave out whole lines of one phase-encoding axis and take ``(lines,)``;
  ``plane`` patterns leave out points and take two lengths, those of a slice's two encoded axes
  (phase, readout) or of a 3-D scan's two phase-encoding axes; ``phase`` patterns take every
  phase-encoding axis, one in slices and two in a 3-D scan. It returns booleans of that shape, zero
  frequency at ``n // 2``, True where measured.
"""

from collections.abc import Callable

from anatwin.acquire.account import Account, account, account_scan, point_spread
from anatwin.acquire.axes import ScanAxes, scan_axes
from anatwin.acquire.cartesian import Cartesian
from anatwin.acquire.centred_gaussian_lines import CentredGaussianLines
from anatwin.acquire.fast_mri import FastMri
from anatwin.acquire.fully_sampled import FullySampled
from anatwin.acquire.gaussian_lines import GaussianLines
from anatwin.acquire.pattern import PATTERNS, parse_accelerate
from anatwin.acquire.poisson_disc import PoissonDisc
from anatwin.acquire.radial import Radial
from anatwin.acquire.radial_grid import RadialGrid
from anatwin.acquire.random_lines import RandomLines
from anatwin.acquire.random_points import RandomPoints
from anatwin.acquire.scan import Sampler, slice_pattern
from anatwin.acquire.spiral import Spiral
from anatwin.acquire.spiral_grid import SpiralGrid
from anatwin.acquire.thick_slices import ThickSlices, View
from anatwin.acquire.upper_half import UpperHalf
from anatwin.core import KSpace, Volume

Acquirer = Callable[[Volume], KSpace]
AcquireMethod = (
    Cartesian
    | FullySampled
    | RandomLines
    | RandomPoints
    | GaussianLines
    | CentredGaussianLines
    | UpperHalf
    | RadialGrid
    | SpiralGrid
    | PoissonDisc
    | FastMri
)

NonCartesianAcquireMethod = Radial | Spiral
"""Volume to samples along trajectories."""

__all__ = [
    "PATTERNS",
    "Account",
    "AcquireMethod",
    "Acquirer",
    "Cartesian",
    "CentredGaussianLines",
    "FastMri",
    "FullySampled",
    "GaussianLines",
    "NonCartesianAcquireMethod",
    "PoissonDisc",
    "Radial",
    "RadialGrid",
    "RandomLines",
    "RandomPoints",
    "Sampler",
    "ScanAxes",
    "Spiral",
    "SpiralGrid",
    "ThickSlices",
    "UpperHalf",
    "View",
    "account",
    "account_scan",
    "parse_accelerate",
    "point_spread",
    "scan_axes",
    "slice_pattern",
]
