"""Surfaces <-> files, whichever the format: RAS+ [mm] in memory, always.

* ``stl``  binary, one structure per file, for printing and for other programs
* ``glb``  all structures of a twin in one file, named and coloured, for any 3-D viewer
* ``vtp``  VTK's own, one structure per file, for ParaView and for computing
"""

from anatwin.io.glb import read_glb, write_glb
from anatwin.io.stl import read_stl, write_stl
from anatwin.io.titles import safe_name
from anatwin.io.vtp import read_vtp, write_vtp

__all__ = [
    "read_glb",
    "read_stl",
    "read_vtp",
    "safe_name",
    "write_glb",
    "write_stl",
    "write_vtp",
]
