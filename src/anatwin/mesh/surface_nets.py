"""Surfaces of all structures at once, neighbours sharing their boundary."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, Labels, QualityError, Surface, UsageError, track
from anatwin.mesh.partition import Partition, reduced, smoothed, surface_nets


@dataclass(frozen=True, kw_only=True, slots=True)
class SurfaceNets:
    """Surfaces of all structures at once by surface nets; where two touch, they share the boundary.

    The net between the voxels is smoothed without shrinking it (Taubin), no vertex leaving its
    own cell of eight voxels, and reduced where it is flat. Every surface is closed, its normals
    point outwards, and edges and vertices where it would touch itself are split.

    References: S. Frisken, J. Computer Graphics Techniques 11 (2022) 34-54;
    W. Schroeder et al., arXiv:2401.14906; G. Taubin, SIGGRAPH 1995,
    https://doi.org/10.1145/218380.218473.
    """

    spacing_mm: float = 1.0
    """Voxels finer than half of this are first merged, the commonest label winning; a smaller
    value keeps more detail and takes longer [mm]."""

    iterations: int = 30
    """Smoothing steps; 0 keeps the staircase of the voxels."""

    max_faces: int = 400_000
    """Triangles of the whole net, shared ones counted once."""

    min_volume_mm3: float = 20.0
    """Structures smaller than this get no surface [mm^3]."""

    def __post_init__(self) -> None:
        if not self.spacing_mm > 0:
            raise UsageError(f"spacing_mm must be positive, got {self.spacing_mm}.")
        if self.iterations < 0:
            raise UsageError(f"iterations must be 0 or more, got {self.iterations}.")
        if self.max_faces < 1000:
            raise UsageError(f"max_faces must be 1000 or more, got {self.max_faces}.")
        if not self.min_volume_mm3 >= 0:
            raise UsageError(f"min_volume_mm3 must be 0 or more, got {self.min_volume_mm3}.")

    def __call__(self, labels: Labels) -> tuple[Surface, ...]:
        """Return one surface per structure, in the table's order.

        Raises
        ------
        InputError
            If no structure is large enough.
        QualityError
            If a surface is not closed or is inside out.
        """
        if not labels.data.any():
            raise InputError("The label map is all background: there is no structure to mesh.")
        data, grid = _coarsened(*_cropped(labels), self.spacing_mm)
        counts = np.bincount(data.ravel()) * grid.voxel_mm3
        least = max(self.min_volume_mm3, grid.voxel_mm3)
        wanted = [i for i in labels.table.indices if i < len(counts) and counts[i] >= least]
        if not wanted:
            raise InputError(f"No structure of the label map has {least:g} mm^3 or more to mesh.")
        net = smoothed(surface_nets(data), self.iterations)
        return _surfaces(_reduced_but_whole(net, wanted, self.max_faces), grid, labels, wanted)


def _cropped(labels: Labels) -> tuple[NDArray[np.unsignedinteger], Grid]:
    """Return the smallest box that holds every structure, and its grid."""
    filled = labels.data != 0
    box = []
    for axis in range(3):
        line = np.flatnonzero(filled.any(axis=tuple({0, 1, 2} - {axis})))
        box.append(slice(int(line[0]), int(line[-1]) + 1))
    matrix = labels.grid.matrix
    matrix[:3, 3] = labels.grid.at(*(s.start for s in box))
    data = labels.data[tuple(box)]
    return data, Grid.from_matrix(data.shape, matrix, labels.grid.frame)


def _coarsened(
    data: NDArray[np.unsignedinteger], grid: Grid, spacing_mm: float
) -> tuple[NDArray[np.unsignedinteger], Grid]:
    """Merge voxels much finer than ``spacing_mm`` and add a border of background."""
    factors = [max(1, int(spacing_mm / s + 1e-6)) for s in grid.spacing_mm]
    fill = [(f, f + -n % f) for n, f in zip(data.shape, factors, strict=True)]
    merged = _commonest(np.pad(data, fill), factors)
    matrix = grid.matrix
    matrix[:3, 3] = grid.at(*(-f + (f - 1) / 2 for f in factors))
    matrix[:3, :3] *= factors
    return merged, Grid.from_matrix(merged.shape, matrix, grid.frame)


def _commonest(
    data: NDArray[np.unsignedinteger], factors: list[int]
) -> NDArray[np.unsignedinteger]:
    """Return the most frequent label of every block of ``factors`` voxels."""
    if prod(factors) == 1:
        return data
    a, b, c = factors
    parts = [data[i::a, j::b, k::c] for i in range(a) for j in range(b) for k in range(c)]
    best, votes = parts[0].copy(), np.zeros(parts[0].shape, dtype=np.uint16)
    for part in parts:
        agree = np.zeros_like(votes)
        for other in parts:
            agree += part == other
        wins = agree > votes
        best[wins], votes[wins] = part[wins], agree[wins]
    return best


def _reduced_but_whole(net: Partition, wanted: list[int], max_faces: int) -> Partition:
    """Reduce the net as far as ``max_faces`` asks, and less where a structure would vanish."""
    least = net.volumes / 2
    while (smaller := reduced(net, max_faces)) is not net:
        volumes = smaller.volumes
        if all(index < len(volumes) and volumes[index] > least[index] for index in wanted):
            break
        max_faces *= 2
    return smaller


def _surfaces(net: Partition, grid: Grid, labels: Labels, wanted: list[int]) -> tuple[Surface, ...]:
    """Return the checked surfaces of the wanted structures, in world coordinates."""
    linear, origin = grid.matrix[:3, :3], grid.matrix[:3, 3]
    is_mirrored = np.linalg.det(linear) < 0
    net = replace(net, vertices=(net.vertices @ linear.T + origin).astype(np.float32))
    if is_mirrored:
        net = replace(net, sides=net.sides[:, ::-1])
    surfaces = []
    for index in track(wanted, "mesh"):
        label = labels.table[index]
        surface = Surface(*net.boundary(index), label.name, label.colour)
        if not surface.is_closed or surface.volume_mm3 <= 0:
            raise QualityError(
                f"The surface of {label.name} is not closed or inside out; it is too thin for "
                f"its voxels: use a smaller spacing_mm or a larger min_volume_mm3."
            )
        surfaces.append(surface)
    return tuple(surfaces)
