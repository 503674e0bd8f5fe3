"""Surface <-> binary STL.

The 80-byte header says ``SPACE=RAS``, which 3D Slicer honours (it takes an STL without that word
for LPS), and names the structure and its colour.
"""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, Surface
from anatwin.io.files import atomic_output, naming
from anatwin.io.titles import name_and_colour, title_of

_FACE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_START = 84


def write_stl(surface: Surface, path: Path) -> None:
    """Write one surface as binary STL in RAS+ [mm].

    Raises
    ------
    ResourceError
        If the file cannot be written.
    """
    header = title_of(surface).encode("ascii")[:80].ljust(80)
    faces = np.zeros(len(surface.faces), dtype=_FACE)
    faces["corners"] = surface.vertices[surface.faces]
    a, b, c = np.moveaxis(faces["corners"], 1, 0)
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    faces["normal"] = normal / np.where(length > 0, length, 1)
    with atomic_output(path) as temporary, temporary.open("wb") as stream:
        stream.write(header + struct.pack("<I", len(faces)))
        faces.tofile(stream)


def read_stl(path: Path) -> Surface:
    """Return the surface of a binary STL file; coincident corners become one vertex.

    Coordinates are taken as RAS+ [mm] unless the header says ``SPACE=LPS``. Name and colour come
    from the header, or else the name is the file's.

    Raises
    ------
    InputError
        If it is not a binary STL file, or is shorter or longer than its face count says.
    """
    path = Path(path)
    with naming(path), path.open("rb") as stream:
        start = stream.read(_START)
        if len(start) < _START or (start.startswith(b"solid") and b"facet" in start):
            raise InputError("expected a binary STL file; export it as binary STL in mm.")
        (n_faces,) = struct.unpack("<I", start[80:])
        expected, actual = _START + n_faces * _FACE.itemsize, path.stat().st_size
        if expected != actual:
            raise InputError(
                f"the STL header claims {n_faces} faces, which take {expected} bytes, and the "
                f"file has {actual}; it is damaged, export it again."
            )
        corners = np.fromfile(stream, dtype=_FACE)["corners"].reshape(-1, 3)
        header = start[:80].decode("latin-1")
        if "SPACE=LPS" in header:
            corners = corners * np.array([-1, -1, 1], dtype=np.float32)
        vertices, faces = _joined(corners)
        return Surface(vertices, faces, *name_and_colour(header, path))


def _joined(corners: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return distinct vertices and the faces that every three corners make."""
    key = np.ascontiguousarray(corners + np.float32(0)).view("V12").ravel()
    _, first, index = np.unique(key, return_index=True, return_inverse=True)
    return corners[first], index.reshape(-1, 3).astype(np.int64)
