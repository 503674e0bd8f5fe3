"""Closed curves: cut from a triangle mesh by a plane, measured, and filled on a lattice."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def plane_section(
    vertices: NDArray[np.floating],
    faces: NDArray[np.integer],
    plane: tuple[NDArray[np.floating], NDArray[np.floating]],
) -> tuple[Points, ...]:
    """Return the closed curves, ``point xyz``, in which a plane cuts a closed mesh.

    Every cut edge of the mesh is one point of a curve and every cut triangle joins two of them,
    so that the curves of a closed mesh close without any tolerance.

    Parameters
    ----------
    vertices
        Positions, ``vertex xyz``.
    faces
        Vertex indices, ``face corner``.
    plane
        A point of the plane, and its normal.
    """
    point, normal = plane
    height = (vertices.astype(np.float64) - point) @ normal
    above = height >= 0
    corners = above[faces].sum(axis=1)
    cut = faces[(corners > 0) & (corners < 3)]
    edges = np.stack([cut, np.roll(cut, -1, axis=1)], axis=2).reshape(-1, 2)
    crossing = above[edges[:, 0]] != above[edges[:, 1]]
    pairs = np.sort(edges[crossing], axis=1)
    ends, index = np.unique(pairs, axis=0, return_inverse=True)
    first, second = height[ends[:, 0]], height[ends[:, 1]]
    share = (first / (first - second))[:, None]
    points = vertices[ends[:, 0]] * (1 - share) + vertices[ends[:, 1]] * share
    return tuple(points[loop] for loop in _loops(index.reshape(-1, 2), len(ends)))


def _loops(links: NDArray[np.integer], n_points: int) -> list[list[int]]:
    """Return the rings that links between points make; every point has two links."""
    neighbours: list[list[int]] = [[] for _ in range(n_points)]
    for a, b in links.tolist():
        neighbours[a].append(b)
        neighbours[b].append(a)
    seen = [False] * n_points
    rings = []
    for start in range(n_points):
        ring, at = [], start
        while not seen[at]:
            seen[at] = True
            ring.append(at)
            at = next((n for n in neighbours[at] if not seen[n]), at)
        if ring:
            rings.append(ring)
    return rings


def area_and_centroid(curve: Points) -> tuple[float, Points]:
    """Return the area inside a plane closed curve, ``point axis``, and its centroid."""
    origin = curve.mean(axis=0)
    a = curve - origin
    b = np.roll(a, -1, axis=0)
    if curve.shape[1] == 2:
        cross = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    else:
        vectors = np.cross(a, b)
        total = vectors.sum(axis=0)
        cross = vectors @ (total / max(float(np.linalg.norm(total)), 1e-300))
    doubled = float(cross.sum())
    return abs(doubled) / 2, origin + ((a + b) * cross[:, None]).sum(axis=0) / (3 * doubled)


def filled(curve: Points, x: Points, y: Points) -> NDArray[np.bool_]:
    """Return which points of a lattice lie inside a closed curve ``point xy``, ``x y``.

    A point is inside if a ray from it crosses the curve an odd number of times.
    """
    start, end = curve, np.roll(curve, -1, axis=0)
    low, high = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
    inside = np.zeros((len(x), len(y)), np.bool_)
    for column, level in enumerate(y):
        hit = (low <= level) & (level < high)
        share = (level - start[hit, 1]) / (end[hit, 1] - start[hit, 1])
        crossings = np.sort(start[hit, 0] + share * (end[hit, 0] - start[hit, 0]))
        inside[:, column] = np.searchsorted(crossings, x) % 2 == 1
    return inside
