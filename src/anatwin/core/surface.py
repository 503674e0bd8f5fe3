"""Triangle meshes of structures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core.errors import InputError
from anatwin.core.labels import Colour


@dataclass(frozen=True, eq=False, slots=True)
class Surface:
    """The boundary of one structure.

    Parameters
    ----------
    vertices
        Positions in RAS+ [mm], ``vertex xyz``.
    faces
        Vertex indices, counter-clockwise seen from outside, ``face corner``.
    name
        Structure's name.
    colour
        Red, green, blue, 0 to 255.

    Raises
    ------
    InputError
        If the arrays have other shapes, a vertex is not finite or a face names a missing vertex.
    """

    vertices: NDArray[np.floating]
    faces: NDArray[np.integer]
    name: str = "surface"
    colour: Colour = (200, 200, 200)

    def __post_init__(self) -> None:
        for what, array in (("vertices", self.vertices), ("faces", self.faces)):
            if array.ndim != 2 or array.shape[1] != 3:
                raise InputError(f"Surface.{what} must be (n, 3), got {array.shape}.")
        if not np.isfinite(self.vertices).all():
            raise InputError(f"Surface {self.name!r} has vertices that are not finite.")
        if self.faces.size and not 0 <= self.faces.min() <= self.faces.max() < len(self.vertices):
            raise InputError(f"Surface {self.name!r} has faces that name missing vertices.")

    @property
    def volume_mm3(self) -> float:
        """Enclosed volume [mm^3] by the divergence theorem; positive when normals point out."""
        a, b, c = (self.vertices[self.faces[:, n]].astype(np.float64) for n in range(3))
        return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)

    @property
    def area_mm2(self) -> float:
        """Total area [mm^2]."""
        a, b, c = (self.vertices[self.faces[:, n]].astype(np.float64) for n in range(3))
        return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)

    @property
    def is_closed(self) -> bool:
        """Whether every edge is shared in opposite directions equally often."""
        edges = np.concatenate(
            [self.faces[:, [0, 1]], self.faces[:, [1, 2]], self.faces[:, [2, 0]]]
        )
        n = max(len(self.vertices), 1)
        forward = edges[:, 0].astype(np.int64) * n + edges[:, 1]
        backward = edges[:, 1].astype(np.int64) * n + edges[:, 0]
        return bool(len(edges)) and np.array_equal(np.sort(forward), np.sort(backward))
