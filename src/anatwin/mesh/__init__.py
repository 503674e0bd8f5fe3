"""Labels -> surfaces: the boundary of every structure, ready to look at, measure or print.

The contract of every mesher: one surface per structure of the label map, named and coloured by its
table, in RAS+ [mm] whichever way the grid's axes point. Each is closed, every edge belongs to two
faces, and its normals point outwards, so that its volume is positive. Where two structures touch,
both surfaces have the same vertices there: no gap and no overlap. How far the volume of a surface
is from its voxels' is told by :func:`anatwin.mesh.fidelity.volume_error`.
"""

from collections.abc import Callable

from anatwin.core import Labels, Surface
from anatwin.mesh.fidelity import volume_error
from anatwin.mesh.surface_nets import SurfaceNets

Mesher = Callable[[Labels], tuple[Surface, ...]]
"""Labels in, one surface per structure out."""

MeshMethod = SurfaceNets
"""Every method that ships."""

__all__ = ["MeshMethod", "Mesher", "SurfaceNets", "volume_error"]
