"""From a coarse image of bone to a fine one.

Contract of an enhancer:

* It takes a volume whose values are the share of bone in every voxel, 0 to 1 up to noise, and
  returns one on a grid that is finer by its factor along every axis with more than one voxel, and
  covers the same place.
* What it returns is between 0 and 1. The mean over the fine voxels of a coarse one is the measured
  share, up to rounding to whole voxels.
* The same volume gives the same result.
"""

from collections.abc import Callable

from anatwin.core import Volume
from anatwin.enhance.bicubic import Bicubic
from anatwin.enhance.nearest import Nearest

Enhancer = Callable[[Volume], Volume]
EnhanceMethod = Nearest | Bicubic

__all__ = ["Bicubic", "EnhanceMethod", "Enhancer", "Nearest"]
