"""From a loaded body to how it answers: where material goes, how it moves.

Contract of a simulator:

* It takes a ``Body``: densities on a grid, what holds it, and load cases; in a plane or in 3-D.
* The same body gives the same answer, to rounding. It has the body's grid, and nothing outside
  the body changes.
* Where the supports do not hold the body, or a solver does not get there, it raises a
  QualityError; it never returns a state out of balance without saying how far.

``Compression`` and ``Restoration`` stand beside the contract: the one takes an image of bone and
brings its own loads, the other returns the bone that fits a coarse image.
"""

from collections.abc import Callable

from anatwin.core import Body
from anatwin.simulate.beam import beam
from anatwin.simulate.compression import Compression, Squeezed
from anatwin.simulate.pressed import pressed
from anatwin.simulate.restoration import Restoration
from anatwin.simulate.topology import Design, Topology

Simulator = Callable[[Body], Design]
SimulateMethod = Topology

__all__ = [
    "Compression",
    "Design",
    "Restoration",
    "SimulateMethod",
    "Simulator",
    "Squeezed",
    "Topology",
    "beam",
    "pressed",
]
