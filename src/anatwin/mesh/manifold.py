"""Closed surfaces without edges or vertices at which they touch themselves."""

import numpy as np
from numpy.typing import NDArray

Faces = NDArray[np.int64]


def without_opposite_faces(faces: Faces) -> Faces:
    """Drop pairs of faces that have the same corners and face each other: they enclose nothing."""
    corners = np.sort(faces, axis=1)
    order = np.lexsort(corners.T)
    begins = np.any(np.diff(corners[order], axis=0, prepend=-1), axis=1)
    if begins.all():
        return faces
    group = np.cumsum(begins) - 1
    # Corners that ascend twice in a cycle are an even permutation, seen from one side: +1.
    sign = np.where((faces < np.roll(faces, -1, axis=1)).sum(axis=1) == 2, 1, -1)[order]
    net = np.add.reduceat(sign, np.flatnonzero(begins))[group]
    agrees = sign == np.sign(net)
    before = np.cumsum(agrees) - agrees
    rank = before - before[begins][group]
    return faces[order[agrees & (rank < np.abs(net))]]


def manifold(vertices: NDArray[np.floating], faces: Faces) -> tuple[NDArray[np.floating], Faces]:
    """Return a closed surface as a manifold: two faces at every edge, one fan at every vertex.

    Where voxels touch along an edge or at a corner, four faces or more share an edge, or two fans
    a vertex. There the vertices are doubled, in the same place, so that each belongs to one solid
    corner. Vertices that no face uses are dropped.

    Parameters
    ----------
    vertices
        Positions, ``vertex xyz``.
    faces
        Vertex indices, ``face corner``; every edge used equally often in both directions.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = _paired_half_edges(vertices, faces)
    row = np.concatenate([first, _next_corner(first)])
    column = np.concatenate([_next_corner(second), second])
    graph = coo_array((np.ones(len(row), np.bool_), (row, column)), shape=(faces.size,) * 2)
    n, fan = connected_components(graph, directed=False)
    split = np.empty((n, 3), dtype=vertices.dtype)
    split[fan] = vertices[faces.ravel()]
    faces = fan.reshape(-1, 3).astype(np.int64)
    return _with_single_edges(split, faces, np.stack([first, second], axis=1))


def _with_single_edges(
    vertices: NDArray[np.floating], faces: Faces, pairs: NDArray[np.int64]
) -> tuple[NDArray[np.floating], Faces]:
    """Put a vertex in the middle of an edge wherever two edges join the same two vertices."""
    ends = np.sort(np.stack([faces.ravel(), faces[:, [1, 2, 0]].ravel()], axis=1)[pairs[:, 0]])
    _, kept = np.unique(ends[:, 0] * np.int64(len(vertices)) + ends[:, 1], return_index=True)
    repeated = np.delete(pairs, kept, axis=0)
    if not len(repeated):
        return vertices, faces
    # A face is cut once in a round: of the pairs that want it, the first one goes ahead.
    claim = np.full(len(faces), len(repeated))
    np.minimum.at(claim, repeated // 3, np.arange(len(repeated))[:, np.newaxis])
    ready = repeated[(claim[repeated // 3] == np.arange(len(repeated))[:, np.newaxis]).all(axis=1)]
    start, end = faces.ravel()[ready[:, 0]], faces.ravel()[_next_corner(ready[:, 0])]
    middle = np.tile(np.arange(len(ready)) + len(vertices), 2)
    cut = ready.T.ravel()
    far_half, near_half = faces[cut // 3], faces[cut // 3]
    near_half[np.arange(len(cut)), _next_corner(cut) % 3] = middle
    far_half[np.arange(len(cut)), cut % 3] = middle
    faces = np.concatenate([np.delete(faces, cut // 3, axis=0), near_half, far_half])
    vertices = np.concatenate([vertices, (vertices[start] + vertices[end]) / 2])
    return manifold(vertices, faces)


def _next_corner(corner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the corner that follows in the same face; corner ``3 f + c`` is corner c of face f."""
    return np.where(corner % 3 == 2, corner - 2, corner + 1)


def _paired_half_edges(
    vertices: NDArray[np.floating], faces: Faces
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the half edges, named by the corner they start at, that bound the same solid wedge.

    Turning around an edge, a backward half edge begins a wedge of the solid and the next forward
    one ends it.
    """
    start, end = faces.ravel(), faces[:, [1, 2, 0]].ravel()
    is_forward = start < end
    key = np.minimum(start, end) * np.int64(len(vertices)) + np.maximum(start, end)
    angle = _angles_at_crowded_edges(vertices, faces, key)
    order = np.lexsort((angle, is_forward, key))
    begins = np.flatnonzero(np.diff(key[order], prepend=-1))
    half = np.diff(begins, append=len(order)) // 2
    backward, forward = begins, begins + half
    turn = (angle[order[forward]] < angle[order[backward]]).astype(np.int64)
    rank = np.arange(len(order) // 2) - np.repeat(np.cumsum(half) - half, half)
    partner = (rank + np.repeat(turn, half)) % np.repeat(half, half)
    return order[np.repeat(backward, half) + rank], order[np.repeat(forward, half) + partner]


def _angles_at_crowded_edges(
    vertices: NDArray[np.floating], faces: Faces, key: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the angle [rad] of every half edge's face around its edge; 0 where two faces meet."""
    _, edge, count = np.unique(key, return_inverse=True, return_counts=True)
    crowded = np.flatnonzero(count[edge] > 2)
    low, high = key[crowded] // len(vertices), key[crowded] % len(vertices)
    opposite = faces.ravel()[_next_corner(_next_corner(crowded))]
    origin = vertices[low].astype(np.float64)
    along = vertices[high] - origin
    across = np.cross(along, np.eye(3)[np.abs(along).argmin(axis=1)])
    up = np.cross(along, across) / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-12)
    towards = vertices[opposite] - origin
    angle = np.zeros(faces.size)
    angle[crowded] = np.arctan2(
        np.einsum("ij,ij->i", towards, up), np.einsum("ij,ij->i", towards, across)
    )
    return angle
