"""From several views of one person to one mask, or to one image.

Contract of a mask fuser:

* It takes views with labels and their poses (``Posed``), and a grid of the world that they share,
  and returns the structures on that grid.
* One view alone gives its own labels exactly on its own grid.
* The order of the views does not matter.

Contract of an image fuser: the same, with images in place of labels.

``assemble`` finds the poses, names the views that do not fit the others and says why.
``evened`` takes out the shading that all views share.
"""

from collections.abc import Callable, Sequence

from anatwin.core import Grid, Labels, Volume
from anatwin.fuse.assemble import Assembly, LeftOut, assemble
from anatwin.fuse.gaussian import GaussianFusion
from anatwin.fuse.majority import MajorityVote
from anatwin.fuse.nearest import NearestFusion
from anatwin.fuse.posed import Posed, fine_grid
from anatwin.fuse.shading import evened
from anatwin.fuse.staple import Staple
from anatwin.fuse.super_resolution import SuperResolution
from anatwin.fuse.unanimity import Unanimity

MaskFuser = Callable[[Sequence[Posed], Grid], Labels]
ImageFuser = Callable[[Sequence[Posed], Grid], Volume]
FuseMethod = GaussianFusion | MajorityVote | NearestFusion | Staple | Unanimity
ImageFuseMethod = SuperResolution

__all__ = [
    "Assembly",
    "FuseMethod",
    "GaussianFusion",
    "ImageFuseMethod",
    "ImageFuser",
    "LeftOut",
    "MajorityVote",
    "MaskFuser",
    "NearestFusion",
    "Posed",
    "Staple",
    "SuperResolution",
    "Unanimity",
    "assemble",
    "evened",
    "fine_grid",
]
