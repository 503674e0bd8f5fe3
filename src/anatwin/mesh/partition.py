"""The net of faces between all the structures of a label map, shared by the two on either side."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import QualityError
from anatwin.mesh.manifold import manifold, without_opposite_faces

_SHRINK = 0.5
"""Taubin's first step: every vertex goes half the way to the mean of its neighbours."""

_INFLATE = -0.515
"""Taubin's second step, a little larger and the other way: what is wider than 13 voxels stays."""


@dataclass(frozen=True, eq=False, slots=True)
class Partition:
    """Faces that separate structures.

    Parameters
    ----------
    vertices
        Positions in voxel indices, ``vertex ijk``.
    faces
        Vertex indices, ``face corner``.
    sides
        Labels that a face separates, ``face 2``: its normal points from the first to the second.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int64]
    sides: NDArray[np.unsignedinteger]

    def boundary(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return vertices and faces of one label's closed surface, normals outwards."""
        inside, outside = self.sides[:, 0] == index, self.sides[:, 1] == index
        faces = np.concatenate([self.faces[inside], self.faces[outside][:, ::-1]])
        return manifold(self.vertices, without_opposite_faces(faces))

    @property
    def volumes(self) -> NDArray[np.float64]:
        """Volume that every label's surface encloses, in voxels, from label 0 on."""
        a, b, c = (self.vertices[self.faces[:, n]].astype(np.float64) for n in range(3))
        share = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
        n = int(self.sides.max()) + 1
        inside, outside = (np.bincount(s, share, n).astype(np.float64) for s in self.sides.T)
        return inside - outside


def surface_nets(data: NDArray[np.unsignedinteger]) -> Partition:
    """Return the faces between the labels of ``data``, whose border must be background.

    Vertices lie midway between voxels, so that a structure encloses exactly its voxels' volume.

    References
    ----------
    W. Schroeder, S. Tsalikis, M. Halle, S. Frisken. A High-Performance SurfaceNets Discrete
    Isocontouring Algorithm. arXiv:2401.14906, 2024.
    """
    from vtkmodules.util import numpy_support
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersCore import vtkSurfaceNets3D

    convert: Any = numpy_support
    image = vtkImageData()
    image.SetDimensions(*data.shape)
    scalars = np.ravel(data, order="F")
    image.GetPointData().SetScalars(convert.numpy_to_vtk(scalars))
    net = vtkSurfaceNets3D()
    net.SetInputData(image)
    for position, label in enumerate(np.flatnonzero(np.bincount(scalars))[1:]):
        net.SetLabel(position, float(label))
    net.SetBackgroundLabel(0)
    net.SetOutputMeshTypeToTriangles()
    net.SmoothingOff()
    net.DataCachingOff()
    net.Update()
    output = net.GetOutput()
    vertices = convert.vtk_to_numpy(output.GetPoints().GetData())
    faces = convert.vtk_to_numpy(output.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    sides = convert.vtk_to_numpy(output.GetCellData().GetArray("BoundaryLabels")).astype(data.dtype)
    return _with_shared_vertices(Partition(vertices, faces, sides))


def _with_shared_vertices(net: Partition) -> Partition:
    """Join the coincident vertices that VTK keeps apart, so that smoothing cannot part them."""
    cell = np.rint(2 * net.vertices).astype(np.int64)
    size = cell.max(axis=0) + 1
    key = np.ravel_multi_index(tuple(cell.T), tuple(size))
    _, first, shared = np.unique(key, return_index=True, return_inverse=True)
    return replace(net, vertices=net.vertices[first], faces=shared[net.faces])


def smoothed(net: Partition, iterations: int) -> Partition:
    """Return the net without its staircase, each vertex still inside its cell of eight voxels.

    References
    ----------
    G. Taubin. A signal processing approach to fair surface design. SIGGRAPH 1995.
    https://doi.org/10.1145/218380.218473
    """
    mean, moved = _neighbour_mean(net), net.vertices
    for _ in range(iterations):
        for step in (_SHRINK, _INFLATE):
            moved = moved + np.float32(step) * (mean @ moved - moved)
    return replace(net, vertices=net.vertices + np.clip(moved - net.vertices, -0.5, 0.5))


def _neighbour_mean(net: Partition):  # type: ignore[no-untyped-def]  # noqa: ANN202
    """Return the sparse matrix that averages every vertex's neighbours.

    Where three structures meet, only neighbours along that line count: it stays a clean line.
    """
    from scipy.sparse import coo_array, diags_array

    edges, is_junction = _edges(net)
    n = len(net.vertices)
    on_junction = np.zeros(n, dtype=np.bool_)
    on_junction[edges[is_junction]] = True
    ends = np.concatenate([edges, edges[:, ::-1]])
    use = np.tile(is_junction, 2) | ~on_junction[ends[:, 0]]
    row, column = ends[use].T
    adjacency = coo_array((np.ones(len(row), np.float32), (row, column)), shape=(n, n)).tocsr()
    return diags_array(1 / np.bincount(row, minlength=n).astype(np.float32)) @ adjacency


def _edges(net: Partition) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return every edge once, and whether more than two structures meet there."""
    n = np.int64(len(net.vertices))
    ends = np.concatenate([net.faces[:, [0, 1]], net.faces[:, [1, 2]], net.faces[:, [2, 0]]])
    key = ends.min(axis=1) * n + ends.max(axis=1)
    low, high = net.sides.min(axis=1), net.sides.max(axis=1)
    pair = np.tile(low.astype(np.int64) * 65536 + high, 3)
    order = np.argsort(key, kind="stable")
    key, pair = key[order], pair[order]
    start = np.flatnonzero(np.diff(key, prepend=-1))
    several = np.minimum.reduceat(pair, start) != np.maximum.reduceat(pair, start)
    return np.stack([key[start] // n, key[start] % n], axis=1), several


def reduced(net: Partition, max_faces: int) -> Partition:
    """Return the net with at most about ``max_faces``, merged where it is flattest.

    The whole net is reduced at once, so neighbours still share their boundary; merging vertices
    cannot open a closed surface.

    References
    ----------
    M. Garland, P. S. Heckbert. Surface simplification using quadric error metrics. SIGGRAPH 1997.
    https://doi.org/10.1145/258734.258849
    """
    if len(net.faces) <= max_faces:
        return net
    from fast_simplification import simplify

    vertices, faces, merges = simplify(
        net.vertices,
        net.faces.astype(np.int32),
        target_reduction=1 - max_faces / len(net.faces),
        return_collapses=True,
    )
    goes_to = np.arange(len(net.vertices))
    goes_to[merges[:, 1]] = merges[:, 0]
    while not np.array_equal(final := goes_to[goes_to], goes_to):
        goes_to = final
    a, b, c = goes_to[net.faces].T
    kept = (a != b) & (b != c) & (c != a)
    if np.count_nonzero(kept) != len(faces):
        raise QualityError(
            "Reducing the surfaces lost track of their structures; use a larger max_faces."
        )
    return Partition(vertices, faces.astype(np.int64), net.sides[kept])
