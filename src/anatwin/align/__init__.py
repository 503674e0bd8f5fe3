"""From two scans of one person to the map between them.

Contract of an aligner:

* It takes the moving and the fixed volume, of any two grids, and returns a ``Transform`` from the
  fixed world to the moving one, both RAS+ in mm. ``resampled`` brings the moving volume onto the
  fixed grid.
* The same volumes give the same transform, to rounding.
* Where the volumes do not overlap enough to be aligned it raises QualityError; it never returns
  a guess.
"""

from collections.abc import Callable

from anatwin.align.free_form import FreeForm
from anatwin.align.global_rigid import GlobalRigid
from anatwin.align.resampled import resampled
from anatwin.align.rigid import Rigid
from anatwin.align.unbent import unbent, unbent_labels
from anatwin.core import Transform, Volume

Aligner = Callable[[Volume, Volume], Transform]
AlignMethod = GlobalRigid | Rigid

__all__ = [
    "AlignMethod",
    "Aligner",
    "FreeForm",
    "GlobalRigid",
    "Rigid",
    "resampled",
    "unbent",
    "unbent_labels",
]
