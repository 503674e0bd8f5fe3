"""Geometric multigrid for voxel elasticity: a preconditioner that needs no assembled fine matrix.

The finest level keeps moduli only. On level ``l`` an element covers ``2^l`` voxels along each axis
and its stiffness is exact for its own shape functions (Galerkin): a sum over its voxels of modulus
times a constant matrix, which one matrix product computes. Supports enter as springs as stiff as
the body beside them, so that they need not lie on coarse nodes. Smoothing is Jacobi's with
Chebyshev weights, in single precision.

Sources: Briggs, Henson and McCormick 2000, doi:10.1137/1.9780898719505; Amir, Aage and Lazarov
2014, doi:10.1007/s00158-013-1015-5; Adams et al. 2003, doi:10.1016/S0021-9991(03)00194-3.
"""

from collections.abc import Iterator
from functools import lru_cache, reduce
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.elasticity import Elastic, diagonal, element_stiffness, rows_reached

Array = NDArray[Any]
Springs = tuple[Array, Array]

_COARSEST = 3000  # unknowns that a direct solver takes in no time
_AT_ONCE = 1 << 14  # coarse elements whose matrices are in memory together
_SHIFT = 1e-7
_MIXED = 1.2  # how far a coarse element of several materials may go beyond a uniform one
_SMOOTHED = 6.0  # the smoother damps the upper part of the spectrum, down to this fraction


class Multigrid:
    """One V-cycle per call: an approximate, symmetric inverse of a supported body's stiffness.

    Parameters
    ----------
    elastic
        The body.
    supported
        Where the displacement is prescribed, ``axis node ...``.
    sweeps
        Smoothing steps before and after each correction.
    """

    def __init__(self, elastic: Elastic, supported: NDArray[np.bool_], *, sweeps: int = 2) -> None:
        stiff = diagonal(elastic)
        self.levels: list[_Voxels | _Nodes] = [_Voxels(elastic, supported, stiff)]
        # Most nodes of a porous body have no material; nothing has to hold them.
        held = np.nonzero(supported & (stiff > 0))
        springs = (np.stack(held), stiff[held].astype(np.float32))
        while self.levels[-1].unknowns > _COARSEST and min(self.levels[-1].nodes) > 2:
            self.levels.append(_Nodes(elastic, springs, len(self.levels)))
        self.weights = [_weights(level.largest, sweeps) for level in self.levels]
        self.solve_coarsest = self.levels[-1].factorised()

    def __call__(self, load: Array) -> Array:
        """Return the correction of a load, in single precision."""
        return self._cycle(0, load.astype(np.float32, copy=False))

    def _cycle(self, number: int, load: Array) -> Array:
        if number == len(self.levels) - 1:
            return self.solve_coarsest(load)
        level, weights = self.levels[number], self.weights[number]
        u = np.float32(weights[0]) * level.scale * load
        spare = np.empty_like(u)
        for weight in weights[1:]:
            level.sweep(load, weight, u, spare)
            u, spare = spare, u
        level.force(u, spare)
        np.subtract(load, spare, out=spare)
        spare *= level.scale > 0
        correction = prolonged(self._cycle(number + 1, restricted(spare)), u.shape)
        correction *= level.scale > 0
        u += correction
        for weight in weights[::-1]:
            level.sweep(load, weight, u, spare)
            u, spare = spare, u
        return u


class _Voxels:
    """The finest level: moduli and one element matrix."""

    def __init__(self, elastic: Elastic, supported: NDArray[np.bool_], stiff: Array) -> None:
        modulus = elastic.modulus_kpa.astype(np.float32, order="C")
        element = element_stiffness(elastic.poisson, elastic.spacing_mm).astype(np.float32)
        self.body = (modulus, element, rows_reached(modulus))
        self.nodes = elastic.field_shape[1:]
        self.unknowns = int(np.prod(elastic.field_shape))
        self.scale = _inverse(stiff)
        self.scale[supported] = 0
        self.largest = _largest(element)
        self.elastic, self.supported = elastic, supported

    def force(self, u: Array, out: Array) -> None:
        from anatwin.ops.elasticity_loops import plane_force, solid_force

        loop = plane_force if u.ndim == 3 else solid_force
        loop(self.body, u, out)

    def sweep(self, load: Array, weight: float, u: Array, out: Array) -> None:
        from anatwin.ops.elasticity_loops import plane_sweep, solid_sweep

        loop = plane_sweep if u.ndim == 3 else solid_sweep
        system = (load, self.scale, np.float32(weight))
        loop(self.body, system, u, out)

    def factorised(self) -> Any:  # noqa: ANN401
        from anatwin.ops.elasticity import assemble

        return _factorised(assemble(self.elastic), self.scale)


class _Nodes:
    """A coarse level: the stiffness between every node and its neighbours."""

    def __init__(self, elastic: Elastic, springs: Springs, number: int) -> None:
        axes = elastic.modulus_kpa.ndim
        cells = tuple(-(-n // 2**number) for n in elastic.modulus_kpa.shape)
        self.nodes = tuple(n + 1 for n in cells)
        self.unknowns = axes * int(np.prod(self.nodes))
        self.offsets = np.array(list(product((-1, 0, 1), repeat=axes)))
        self.stencil = np.zeros((3**axes, axes, axes, *self.nodes), np.float32)
        self._add_elements(elastic, number)
        self._add_springs(springs, number)
        middle = self.stencil[3**axes // 2]
        self.scale = _inverse(np.stack([middle[axis, axis] for axis in range(axes)]))
        element = element_stiffness(elastic.poisson, elastic.spacing_mm)
        self.largest = _MIXED * _largest(element)
        if axes == 2:
            self.offsets = np.insert(self.offsets, 0, 0, axis=1)

    def _add_elements(self, elastic: Elastic, number: int) -> None:
        """Add the exact stiffness of every coarse element, some layers of elements at a time."""
        axes = elastic.modulus_kpa.ndim
        parts = _parts(elastic.poisson, elastic.spacing_mm, number)
        pairs = _pairs(axes)
        for start, moduli in _blocks(elastic.modulus_kpa, 2**number):
            cells = moduli.shape[:-1]
            matrices = (parts.T @ moduli.reshape(-1, len(parts)).T).reshape(
                (2**axes, axes, 2**axes, axes, *cells)
            )
            for a, b, here, neighbour in pairs:
                place = [slice(c, c + n) for c, n in zip(here, cells, strict=True)]
                place[0] = slice(start + here[0], start + here[0] + cells[0])
                where: Any = (neighbour, ..., *place)
                self.stencil[where] += matrices[a, :, b]

    def _add_springs(self, springs: Springs, number: int) -> None:
        """Add what a spring on a fine node means for the coarse nodes around it."""
        (axis, *fine), strength = springs
        axes, size = len(fine), 2**number
        low = [np.minimum(f // size, n - 2) for f, n in zip(fine, self.nodes, strict=True)]
        part = [f / size - c for f, c in zip(fine, low, strict=True)]
        shares = [
            np.prod([p if c else 1 - p for p, c in zip(part, corner, strict=True)], axis=0)
            for corner in product((0, 1), repeat=axes)
        ]
        for a, b, here, neighbour in _pairs(axes):
            place = tuple(c + h for c, h in zip(low, here, strict=True))
            values = strength * shares[a] * shares[b]
            np.add.at(self.stencil, (neighbour, axis, axis, *place), values)

    def force(self, u: Array, out: Array) -> None:
        from anatwin.ops.elasticity_loops import stencil_force

        stencil_force(self._solid(self.stencil), self.offsets, self._solid(u), self._solid(out))

    def sweep(self, load: Array, weight: float, u: Array, out: Array) -> None:
        from anatwin.ops.elasticity_loops import stencil_sweep

        system = (self._solid(load), self._solid(self.scale), np.float32(weight))
        stencil_sweep(
            self._solid(self.stencil), self.offsets, system, self._solid(u), self._solid(out)
        )

    def _solid(self, array: Array) -> Array:
        """Return a view with three axes of nodes."""
        if len(self.nodes) == 3:
            return array
        return array.reshape(*array.shape[:-2], 1, *array.shape[-2:])

    def factorised(self) -> Any:  # noqa: ANN401
        """Return a direct solver."""
        from scipy.sparse import csr_array

        axes = len(self.nodes)
        numbers = np.arange(self.unknowns).reshape(axes, *self.nodes)
        entries = []
        for n, offset in enumerate(self.offsets[:, 3 - axes :]):
            here, there = _overlap(offset, self.nodes), _overlap(-offset, self.nodes)
            for c, d in product(range(axes), repeat=2):
                values = self.stencil[n, c, d][here]
                entries.append((values, numbers[c][here], numbers[d][there]))
        values, rows, columns = (np.concatenate([e[k].ravel() for e in entries]) for k in range(3))
        matrix = csr_array((values.astype(float), (rows, columns)), shape=(self.unknowns,) * 2)
        return _factorised(matrix, self.scale)


def restricted(field: Array) -> Array:
    """Return a field of forces gathered on every second node: the transpose of ``prolonged``."""
    for axis in range(1, field.ndim):
        n = field.shape[axis]
        line = np.moveaxis(field, axis, 0)
        out = np.zeros((n // 2 + 1, *line.shape[1:]), field.dtype)
        out[: (n + 1) // 2] = line[::2]
        half = 0.5 * line[1::2]
        out[: len(half)] += half
        out[1 : 1 + len(half)] += half[: len(out) - 1]
        field = np.moveaxis(out, 0, axis)
    return np.ascontiguousarray(field)


def prolonged(field: Array, shape: tuple[int, ...]) -> Array:
    """Return a field of displacements interpolated to twice as many elements, cut to a shape."""
    for axis in range(1, field.ndim):
        line = np.moveaxis(field, axis, 0)
        out = np.empty((shape[axis], *line.shape[1:]), field.dtype)
        out[::2] = line[: (shape[axis] + 1) // 2]
        out[1::2] = 0.5 * (line[:-1] + line[1:])[: shape[axis] // 2]
        field = np.moveaxis(out, 0, axis)
    return np.ascontiguousarray(field)


@lru_cache(maxsize=32)
def _parts(poisson: float, spacing_mm: tuple[float, ...], number: int) -> NDArray[np.float32]:
    """Return what each voxel of a coarse element adds to its stiffness, ``voxel entry``."""
    axes, n = len(spacing_mm), 2**number
    element = element_stiffness(poisson, spacing_mm)
    steps = [np.array([[1 - t, t], [1 - t - 1 / n, t + 1 / n]]) for t in np.arange(n) / n]
    out = np.empty((n**axes, element.size), np.float32)
    for voxel, place in enumerate(product(range(n), repeat=axes)):
        weights = reduce(np.kron, [*(steps[p] for p in place), np.eye(axes)])
        out[voxel] = (weights.T @ element @ weights).ravel()
    return out


def _blocks(values: Array, size: int) -> Iterator[tuple[int, Array]]:
    """Yield layers of blocks of voxels, ``block ... voxel``, padded with nothing.

    With them comes the number of their first layer.
    """
    axes = values.ndim
    counts = [-(-n // size) for n in values.shape]
    step = max(1, _AT_ONCE // prod(counts[1:]))
    for start in range(0, counts[0], step):
        part = values[start * size : (start + step) * size]
        cells = [-(-part.shape[0] // size), *counts[1:]]
        padded = np.zeros([n * size for n in cells], np.float32)
        padded[tuple(slice(n) for n in part.shape)] = part
        split = padded.reshape([m for n in cells for m in (n, size)])
        order = [*range(0, 2 * axes, 2), *range(1, 2 * axes, 2)]
        yield start, split.transpose(order).reshape(*cells, -1)


@lru_cache(maxsize=4)
def _pairs(axes: int) -> list[tuple[int, int, tuple[int, ...], int]]:
    """Return, for each pair of an element's nodes, both, the first's corner and their offset.

    The offset is the number of the neighbour among the 3^axes.
    """
    corners = list(product((0, 1), repeat=axes))
    numbers = np.arange(3**axes).reshape((3,) * axes)
    return [
        (a, b, here, int(numbers[tuple(np.subtract(there, here) + 1)]))
        for a, here in enumerate(corners)
        for b, there in enumerate(corners)
    ]


def _overlap(offset: Array, nodes: tuple[int, ...]) -> tuple[slice, ...]:
    """Return the nodes that have a neighbour at an offset."""
    return tuple(
        slice(max(0, -o), n - max(0, o)) for o, n in zip(offset.tolist(), nodes, strict=True)
    )


def _inverse(values: Array) -> NDArray[np.float32]:
    """Return the inverse of what is not zero."""
    out = np.zeros(values.shape, np.float32)
    np.divide(1, values, out=out, where=values > 0)
    return out


def _largest(element: Array) -> float:
    """Return a bound on the largest eigenvalue of stiffness over diagonal, from one element."""
    root = np.diag(element) ** -0.5
    return float(np.linalg.eigvalsh(root[:, None] * element * root)[-1])


def _weights(largest: float, sweeps: int) -> list[float]:
    """Return the steps of Chebyshev's smoother for the upper part of the spectrum."""
    middle, radius = largest * (1 + 1 / _SMOOTHED) / 2, largest * (1 - 1 / _SMOOTHED) / 2
    angles = np.pi * (np.arange(sweeps) + 0.5) / sweeps
    return [float(1 / (middle + radius * np.cos(angle))) for angle in angles]


def _factorised(matrix: Any, scale: Array) -> Any:  # noqa: ANN401 - scipy has no types
    """Return a direct solver for the unknowns whose scale is not zero."""
    from scipy.sparse.linalg import splu

    active = np.flatnonzero(scale)
    reduced = matrix[active][:, active].tocsc()
    # A part that only a coarse grid sees loose would make the matrix singular.
    reduced.setdiag(reduced.diagonal() * (1 + _SHIFT))
    factor = splu(
        reduced, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
    )

    def solve(load: Array) -> Array:
        out = np.zeros(load.size, load.dtype)
        out[active] = factor.solve(load.ravel()[active].astype(np.float64))
        return out.reshape(load.shape)

    return solve
