"""A ring of receive coils around the head, and the smooth phase of an object."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from anatwin.core import Grid

_ORDER = 13
_SEGMENTS = 24


@dataclass(frozen=True, eq=False, slots=True)
class SmoothMaps:
    """Complex maps as smooth polynomials, cheap to sample block by block.

    At every voxel they are scaled to a root sum of squares of one.

    Parameters
    ----------
    coefficients
        Chebyshev coefficients of every map, ``coil i j k``, on the box that the grid fills.
    shape
        Number of voxels of that grid.
    """

    coefficients: NDArray[np.complex64]
    shape: tuple[int, int, int]

    @property
    def n_coils(self) -> int:
        """Number of maps: coils, or one."""
        return int(self.coefficients.shape[0])

    def blocks(self, thickness: int) -> Iterator[tuple[slice, NDArray[np.complex64]]]:
        """Yield slabs of the first axis with every coil's sensitivity there, ``coil i j k``.

        The root sum of squares over the coils is one at every voxel.
        """
        basis = [_basis(_nodes_of(n)) for n in self.shape]
        plane = np.einsum("cabd,jb,kd->cajk", self.coefficients, *basis[1:], optimize=True)
        plane = plane.reshape(self.n_coils, _ORDER, -1).astype(np.complex64).view(np.float32)
        for start in range(0, self.shape[0], thickness):
            rows = slice(start, min(start + thickness, self.shape[0]))
            maps = (basis[0][rows] @ plane).view(np.complex64)
            maps /= np.sqrt(np.einsum("cip,cip->ip", maps.real, maps.real)
                            + np.einsum("cip,cip->ip", maps.imag, maps.imag))  # fmt: skip
            yield rows, maps.reshape(self.n_coils, -1, *self.shape[1:])

    def maps(self) -> NDArray[np.complex64]:
        """Return the sensitivities of all coils at every voxel, ``coil i j k``."""
        return np.concatenate([maps for _, maps in self.blocks(16)], axis=1)


def coil_ring(grid: Grid, n_coils: int, *, seed: int = 0) -> SmoothMaps:
    """Return loops spread over a cylinder around the grid's middle, its axis along the magnet's.

    The field of every loop is found by the law of Biot and Savart with the current as a polygon;
    what a coil receives is the field's component that turns with the spins (Roemer et al. 1990,
    doi:10.1002/mrm.1910160203).

    Parameters
    ----------
    grid
        What the coils surround.
    n_coils
        Number of loops, in two staggered rows when more than four.
    seed
        Small differences between the loops, and their phases.
    """
    nodes = chebyshev.chebpts1(_ORDER)
    index = [(nodes + 1) / 2 * (n - 1) for n in grid.shape]
    mesh = np.stack([*np.meshgrid(*index, indexing="ij"), np.ones((_ORDER,) * 3)])
    points = np.einsum("ab,bijk->ijka", grid.matrix[:3], mesh)
    inverse = np.linalg.inv(chebyshev.chebvander(nodes, _ORDER - 1))
    loops = _loops(grid, n_coils, np.random.default_rng(seed))
    fields = np.stack([_received(points, *loop) for loop in loops])
    fields /= np.abs(fields).max()
    coefficients = np.einsum("cijk,ai,bj,dk->cabd", fields, *[inverse] * 3, optimize=True)
    return SmoothMaps(coefficients.astype(np.complex64), grid.shape)


def object_phase(grid: Grid, amplitude_rad: float, *, seed: int = 0) -> SmoothMaps:
    """Return a smooth phase of the object as one map of unit magnitude.

    It stands for field inhomogeneity and delays: a random quadratic polynomial whose largest
    value over the box is ``amplitude_rad``.
    """
    rng = np.random.default_rng(seed)
    nodes = chebyshev.chebpts1(_ORDER)
    x, y, z = np.meshgrid(nodes, nodes, nodes, indexing="ij")
    terms = np.stack([x, y, z, x * y, y * z, z * x, x * x, y * y, z * z])
    angle = np.tensordot(rng.standard_normal(len(terms)), terms, axes=1)
    angle *= amplitude_rad / np.abs(angle).max()
    inverse = np.linalg.inv(chebyshev.chebvander(nodes, _ORDER - 1))
    values = np.exp(1j * angle)[None]
    coefficients = np.einsum("cijk,ai,bj,dk->cabd", values, *[inverse] * 3, optimize=True)
    return SmoothMaps(coefficients.astype(np.complex64), grid.shape)


def _nodes_of(n: int) -> NDArray[np.float64]:
    return np.linspace(-1, 1, n) if n > 1 else np.zeros(1)


def _basis(positions: NDArray[np.float64]) -> NDArray[np.float32]:
    return chebyshev.chebvander(positions, _ORDER - 1).astype(np.float32)


Loop = tuple[NDArray[np.float64], NDArray[np.float64], float, complex]


def _loops(grid: Grid, n_coils: int, rng: np.random.Generator) -> list[Loop]:
    """Return centre, inward direction, radius [mm] and phase factor of every loop."""
    middle = np.array(grid.at(*((n - 1) / 2 for n in grid.shape)))
    extent = np.array(grid.shape) @ np.abs(grid.matrix[:3, :3].T)
    ring_mm = 0.85 * float(max(extent[:2].max(), 0.5 * extent[2]))
    rows = 2 if n_coils > 4 else 1
    loops: list[Loop] = []
    for coil in range(n_coils):
        angle = 2 * np.pi * (coil + rng.uniform(-0.1, 0.1)) / n_coils
        outward = np.array([np.cos(angle), np.sin(angle), 0.0])
        height = 0.25 * extent[2] * (2 * (coil % rows) - (rows - 1))
        centre = middle + ring_mm * outward + np.array([0, 0, height])
        radius = 0.45 * ring_mm * rng.uniform(0.9, 1.1)
        loops.append((centre, -outward, float(radius), complex(np.exp(2j * np.pi * rng.random()))))
    return loops


def _received(
    points: NDArray[np.float64],
    centre: NDArray[np.float64],
    inward: NDArray[np.float64],
    radius_mm: float,
    phase: complex,
) -> NDArray[np.complex128]:
    up = np.array([0.0, 0.0, 1.0])
    across = np.cross(up, inward)
    turn = 2 * np.pi * np.arange(_SEGMENTS + 1)[:, None] / _SEGMENTS
    corner = centre + radius_mm * (np.cos(turn) * across + np.sin(turn) * up)
    field = np.zeros(points.shape)
    for a, b in pairwise(corner):
        away = points - (a + b) / 2
        field += np.cross(b - a, away) / np.linalg.norm(away, axis=-1, keepdims=True) ** 3
    return phase * (field[..., 0] - 1j * field[..., 1])
