"""Pictures of surfaces, drawn without a graphics library, so that they look the same anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Surface
from anatwin.report.preview import vertex_normals

Points = NDArray[np.floating]

ENCLOSING_SHARE = 0.7
"""A surface around this share of the others is drawn as glass."""

MOST_STEPS = 24


@dataclass(frozen=True, slots=True)
class View:
    """A direction to look from.

    Parameters
    ----------
    name
        Where the viewer stands.
    right, up, back
        World axes of the picture: to its right, to its top, towards the viewer.
    letters
        What the left, right, top and bottom edges of the picture point to.
    """

    name: str
    right: tuple[int, int, int]
    up: tuple[int, int, int]
    back: tuple[int, int, int]
    letters: tuple[str, str, str, str]


FRONT = View("from the front", (-1, 0, 0), (0, 0, 1), (0, 1, 0), ("R", "L", "S", "I"))
LEFT = View("from the left", (0, -1, 0), (0, 0, 1), (-1, 0, 0), ("A", "P", "S", "I"))
ABOVE = View("from above", (1, 0, 0), (0, 1, 0), (0, 0, 1), ("L", "R", "A", "P"))
VIEWS = (FRONT, LEFT, ABOVE)


@dataclass(frozen=True, eq=False, slots=True)
class _Layer:
    """The nearest points of some surfaces: ``row column`` depth (-inf: none), facing and colour."""

    depth: NDArray[np.float32]
    facing: NDArray[np.float32]
    light: NDArray[np.float32]
    colour: NDArray[np.float32]


def enclosing(meshes: Sequence[Surface]) -> list[bool]:
    """Tell for every surface whether its box holds the centres of most others."""
    boxes = [(mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)) for mesh in meshes]
    centres = np.array([(low + high) / 2 for low, high in boxes]).reshape(-1, 3)
    needed = ENCLOSING_SHARE * (len(meshes) - 1)
    return [
        len(meshes) > 2
        and bool(((centres > low) & (centres < high)).all(axis=1).sum() - 1 >= needed)
        for low, high in boxes
    ]


def draw(meshes: Sequence[Surface], view: View, size: int) -> NDArray[np.uint8]:
    """Return surfaces seen from a direction, ``row column rgb``, on black."""
    glass = enclosing(meshes)
    every = np.concatenate([mesh.vertices for mesh in meshes]) @ _axes(view)
    low, high = every.min(axis=0), every.max(axis=0)
    scale = (size - 8) / float(max(high - low))
    origin = (low + high) / 2
    solid = [mesh for mesh, is_glass in zip(meshes, glass, strict=True) if not is_glass]
    layer = _nearest(solid, view, (origin, scale, size))
    picture = _shade(layer, float(high[2] - low[2]))
    shells = [mesh for mesh, is_glass in zip(meshes, glass, strict=True) if is_glass]
    for shell in sorted(shells, key=lambda each: float(np.ptp(each.vertices, axis=0).prod())):
        outer = _nearest([shell], view, (origin, scale, size))
        opacity = np.where(outer.depth > layer.depth, 0.04 + 0.4 * (1 - outer.facing) ** 3, 0)
        picture += opacity[..., None] * (outer.colour - picture)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _axes(view: View) -> NDArray[np.float32]:
    return np.array([view.right, view.up, view.back], np.float32).T


def _shade(layer: _Layer, depth_range: float) -> NDArray[np.float32]:
    """Return lit colours; what is farther away is darker."""
    hit = np.isfinite(layer.depth)
    nearest = layer.depth.max(initial=-np.inf, where=hit)
    far = np.where(hit, (nearest - np.where(hit, layer.depth, 0)) / max(depth_range, 1e-6), 0)
    strength = (0.25 + 0.75 * layer.light) * (1 - 0.45 * np.clip(far, 0, 1))
    lit = layer.colour * strength[..., None] + 40 * (layer.light**24)[..., None]
    return np.where(hit[..., None], lit, 0).astype(np.float32)


def _nearest(
    meshes: Sequence[Surface], view: View, frame: tuple[NDArray[np.float32], float, int]
) -> _Layer:
    """Return the points nearest to the viewer; ``frame`` is centre [mm], pixels per mm, size."""
    origin, scale, size = frame
    layer = _Layer(
        np.full(size * size, -np.inf, np.float32),
        np.zeros(size * size, np.float32),
        np.zeros(size * size, np.float32),
        np.zeros((size * size, 3), np.float32),
    )
    light = np.array([-0.35, 0.45, 0.82], np.float32)
    for mesh in meshes:
        corners = (mesh.vertices @ _axes(view) - origin) * scale
        normals = vertex_normals(corners, mesh.faces)
        for points, directions in _samples(corners, normals, mesh.faces):
            column, row = (np.round(points[:, axis]).astype(np.intp) for axis in (0, 1))
            pixel = (size // 2 - row) * size + column + size // 2
            depth = points[:, 2] / scale
            candidates = depth > layer.depth[pixel]
            np.maximum.at(layer.depth, pixel, depth)
            front = np.flatnonzero(candidates & (depth == layer.depth[pixel]))
            layer.facing[pixel[front]] = np.clip(directions[front, 2], 0, 1)
            layer.light[pixel[front]] = np.clip(directions[front] @ light, 0, 1)
            layer.colour[pixel[front]] = mesh.colour
    return _Layer(
        layer.depth.reshape(size, size),
        layer.facing.reshape(size, size),
        layer.light.reshape(size, size),
        layer.colour.reshape(size, size, 3),
    )


def _samples(
    corners: Points, normals: Points, faces: NDArray[np.integer]
) -> list[tuple[Points, Points]]:
    """Return points on the faces that look at the viewer, closer than a pixel, and normals."""
    a, b, c = (corners[faces[:, n], :2] for n in range(3))
    towards = (b - a)[:, 0] * (c - a)[:, 1] > (b - a)[:, 1] * (c - a)[:, 0]
    faces = faces[towards]
    edges = np.stack([b - a, c - b, a - c])[:, towards]
    longest = np.linalg.norm(edges, axis=2).max(axis=0, initial=0)
    steps = np.clip(np.ceil(longest * 1.1).astype(int), 1, MOST_STEPS)
    result = []
    for n in np.unique(steps):
        weights = _lattice(int(n))
        chosen = faces[steps == n]
        points = np.tensordot(weights, corners[chosen], (1, 1)).reshape(-1, 3)
        directions = np.tensordot(weights, normals[chosen], (1, 1)).reshape(-1, 3)
        result.append((points, directions))
    return result


def _lattice(n: int) -> Points:
    """Return barycentric weights, ``point corner``, of an even lattice on a triangle."""
    weights = [(i, j, n - i - j) for i in range(n + 1) for j in range(n + 1 - i)]
    return np.array(weights, np.float32) / np.float32(n)
