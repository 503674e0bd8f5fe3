"""What the interactive view shows: a small image, small labels and simplified surfaces."""

import base64
import gzip
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, Labels, Surface, Volume
from anatwin.report.figures import GreyWindow

MOST_VOXELS_PER_AXIS = 256
MOST_VOXELS = 6_000_000
IMAGE_BYTES = 2_000_000
LABEL_BYTES = 600_000
GREY_LEVELS = 64
MOST_FACES = 150_000
MOST_STRUCTURES = 255


def preview_image(volume: Volume, window: GreyWindow) -> tuple[str, Grid]:
    """Return a NIfTI file in base64 text, coarse enough for a page, and its grid.

    Every coarse voxel is the mean of the fine ones that it covers, so nothing aliases.
    """
    magnitude = volume.magnitude()
    most = MOST_VOXELS
    for _ in range(4):
        shape = _coarse_shape(volume.grid, most)
        grid = _coarse_grid(volume.grid, shape)
        data = _compress(_levels(_average(magnitude.data, shape), window), grid)
        if len(data) <= IMAGE_BYTES:
            break
        most = round(grid.n_voxels * 0.9 * IMAGE_BYTES / len(data))
    return base64.b64encode(data).decode(), grid


def preview_labels(labels: Labels, shown: Sequence[int]) -> str:
    """Return a NIfTI file in base64 text; the n-th structure of ``shown`` has the value n."""
    look_up = np.zeros(max(labels.table.indices, default=0) + 1, np.uint8)
    look_up[list(shown)] = np.arange(1, len(shown) + 1)
    most = MOST_VOXELS
    for _ in range(4):
        shape = _coarse_shape(labels.grid, most)
        grid = _coarse_grid(labels.grid, shape)
        nearest = np.ix_(
            *(
                ((np.arange(m) + 0.5) * n / m).astype(np.intp)
                for n, m in zip(labels.grid.shape, shape, strict=True)
            )
        )
        data = _compress(look_up[labels.data[nearest]], grid)
        if len(data) <= LABEL_BYTES:
            break
        most = round(grid.n_voxels * 0.8 * LABEL_BYTES / len(data))
    return base64.b64encode(data).decode()


def _coarse_shape(grid: Grid, most: int) -> tuple[int, int, int]:
    """Return a shape of at most ``most`` voxels; the axes with the finest voxels lose theirs."""
    edges = [n * s for n, s in zip(grid.shape, grid.spacing_mm, strict=True)]
    spacing_mm = max(min(grid.spacing_mm), max(edges) / MOST_VOXELS_PER_AXIS)
    while True:
        i, j, k = (
            min(n, max(round(e / spacing_mm), 1)) for n, e in zip(grid.shape, edges, strict=True)
        )
        if i * j * k <= most or i * j * k == 1:
            return (i, j, k)
        spacing_mm *= 1.02


def _coarse_grid(grid: Grid, shape: tuple[int, int, int]) -> Grid:
    """Return the grid of ``shape`` voxels that covers the same box."""
    ratio = np.array(grid.shape) / np.array(shape)
    matrix = grid.matrix
    matrix[:3, 3] += matrix[:3, :3] @ ((ratio - 1) / 2)
    matrix[:3, :3] *= ratio
    return Grid.from_matrix(shape, matrix, grid.frame)


def _average(data: NDArray[Any], shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Return the mean over the box of every coarse voxel, the longest axis first."""
    result = data
    for axis in np.argsort([m / n for m, n in zip(shape, data.shape, strict=True)]):
        n, m = data.shape[axis], shape[axis]
        if m < n:
            slabs = np.tensordot(
                _box_weights(n, m), result.astype(np.float32, copy=False), (1, axis)
            )
            result = np.moveaxis(slabs, 0, axis)
    return np.asarray(result, dtype=np.float32)


def _box_weights(n: int, m: int) -> NDArray[np.float32]:
    """Return the share of every fine interval in every coarse one, ``coarse fine``."""
    edges = np.arange(m + 1) * (n / m)
    low = np.maximum(edges[:-1, None], np.arange(n))
    high = np.minimum(edges[1:, None], np.arange(1, n + 1))
    return (np.maximum(high - low, 0) * (m / n)).astype(np.float32)


def _levels(values: NDArray[np.float32], window: GreyWindow) -> NDArray[np.uint8]:
    """Return few grey levels, spread over 0 to 255: noise that nobody sees costs no bytes."""
    share = np.clip((values - window[0]) / (window[1] - window[0]), 0, 1)
    return (np.round(share * (GREY_LEVELS - 1)) * (255 / (GREY_LEVELS - 1))).astype(np.uint8)


def _compress(data: NDArray[np.uint8], grid: Grid) -> bytes:
    import nibabel

    image: Any = nibabel.Nifti1Image(data, grid.matrix)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")
    return gzip.compress(image.to_bytes(), 6, mtime=0)


def simplify(surfaces: Sequence[Surface], most_faces: int) -> tuple[Surface, ...]:
    """Return lighter surfaces, small ones kept finer than large ones.

    Vertices that share a cubic cell become their mean (Rossignac and Borrel, 1993), whose cost is
    linear in the number of faces. The two sides of a thin shell never merge.
    """
    largest = sorted(surfaces, key=lambda each: -len(each.faces))[:MOST_STRUCTURES]
    kept = [surface for surface in surfaces if any(surface is each for each in largest)]
    areas = np.array([max(surface.area_mm2, 1e-6) for surface in kept])
    budgets = most_faces * areas**0.7 / (areas**0.7).sum() if len(kept) else areas
    return tuple(
        _cluster(surface, float(np.sqrt(2 * area / budget)) if len(surface.faces) > budget else 0.0)
        for surface, area, budget in zip(kept, areas, budgets, strict=True)
    )


def _cluster(surface: Surface, cell_mm: float) -> Surface:
    vertices, faces = surface.vertices, surface.faces
    if cell_mm > 0:
        cells = np.floor((vertices - vertices.min(axis=0)) / cell_mm).astype(np.int64)
        n_x, n_y, _ = cells.max(axis=0) + 1
        keys = ((cells[:, 2] * n_y + cells[:, 1]) * n_x + cells[:, 0]) * 2 + _faces_out(surface)
        _, member, count = np.unique(keys, return_inverse=True, return_counts=True)
        vertices = np.stack(
            [np.bincount(member, vertices[:, axis]) / count for axis in range(3)], axis=1
        )
        faces = member[faces]
        a, b, c = faces.T
        faces = faces[(a != b) & (b != c) & (c != a)]
    return Surface(
        vertices.astype(np.float32), faces.astype(np.int32), surface.name, surface.colour
    )


def _faces_out(surface: Surface) -> NDArray[np.bool_]:
    """Tell for every vertex whether its normal points away from the middle of the surface."""
    outward = surface.vertices - surface.vertices.mean(axis=0)
    normals = vertex_normals(surface.vertices, surface.faces)
    return np.einsum("vx,vx->v", normals, outward) > 0


def vertex_normals(
    vertices: NDArray[np.floating], faces: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Return outward unit normals of the vertices, faces weighted by their area."""
    a, b, c = (vertices[faces[:, n]] for n in range(3))
    across = np.cross(b - a, c - a)
    total = np.zeros((len(vertices), 3))
    for axis in range(3):
        for corner in range(3):
            total[:, axis] += np.bincount(faces[:, corner], across[:, axis], len(vertices))
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.maximum(length, 1e-12)).astype(np.float32)


def pack(mesh: Surface) -> dict[str, Any]:
    """Return a mesh as plain values and one compressed base64 text.

    Vertices are 16-bit steps within the bounding box. Each face is the step from the face before
    it and from its own first corner; the bytes of equal weight lie together, which compresses well.
    """
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    steps = np.round((mesh.vertices - low) / np.maximum(high - low, 1e-6) * 65535)
    faces = mesh.faces[np.argsort(mesh.faces[:, 0], kind="stable")]
    corners = faces - faces[:, :1]
    corners[:, 0] = np.diff(faces[:, 0], prepend=0)
    body = _byte_planes(steps.astype("<u2")) + _byte_planes(corners.astype("<i4"))
    return {
        "low": [round(float(x), 3) for x in low],
        "high": [round(float(x), 3) for x in high],
        "vertices": len(mesh.vertices),
        "faces": len(mesh.faces),
        "data": base64.b64encode(gzip.compress(body, 6, mtime=0)).decode(),
    }


def _byte_planes(values: NDArray[Any]) -> bytes:
    flat = np.ascontiguousarray(values.T).reshape(-1)
    return flat.view(np.uint8).reshape(-1, flat.itemsize).T.tobytes()


def size_note(grid: Grid, full: Grid) -> str:
    """Return one sentence on how the preview differs from the image."""
    if grid.shape == full.shape:
        return f"Shown at full resolution, {_times(full)}."
    coarse = " × ".join(f"{edge:.2f}" for edge in grid.spacing_mm)  # noqa: RUF001
    return f"Preview on {coarse} mm voxels ({_times(grid)}); the image has {_times(full)}."


def _times(grid: Grid) -> str:
    return " × ".join(str(n) for n in grid.shape) + " voxels"  # noqa: RUF001
