"""Linear elasticity on voxels: bilinear elements in plane stress, trilinear elements in 3-D.

Every voxel is one element with its own Young's modulus; Poisson's ratio is shared. A plane is 1 mm
thick. Displacements [mm] and forces [mN] live on the corners of voxels, as arrays
``axis i+1 j+1`` or ``axis i+1 j+1 k+1``. Energies are in uJ, which is mN mm and kPa mm^3.

Source: Zienkiewicz, Taylor and Zhu 2013, doi:10.1016/C2009-0-24909-9.
"""

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import UsageError

Array = NDArray[Any]


@dataclass(frozen=True)
class Elastic:
    """An elastic body made of voxels.

    Parameters
    ----------
    modulus_kpa
        Young's modulus of every voxel [kPa], ``i j`` or ``i j k``; 0 where there is nothing.
    poisson
        Poisson's ratio.
    spacing_mm
        Edges of a voxel [mm], one per axis.

    Raises
    ------
    UsageError
        If a value makes no material.
    """

    modulus_kpa: Array
    poisson: float
    spacing_mm: tuple[float, ...]

    def __post_init__(self) -> None:
        axes = self.modulus_kpa.ndim
        if axes not in (2, 3) or len(self.spacing_mm) != axes or min(self.spacing_mm) <= 0:
            raise UsageError(
                f"An elastic body needs 2 or 3 axes and a positive spacing for each, got moduli "
                f"of shape {self.modulus_kpa.shape} and spacing {self.spacing_mm}."
            )
        if not -1 < self.poisson < 0.5:
            raise UsageError(f"Poisson's ratio must be in (-1, 0.5), got {self.poisson}.")
        low, high = self.modulus_kpa.min(), self.modulus_kpa.max()
        if not (low >= 0 and np.isfinite(high)):
            raise UsageError(f"Moduli must be finite and not negative, got {low} to {high} kPa.")

    @property
    def field_shape(self) -> tuple[int, ...]:
        """Shape of a displacement or force."""
        return (self.modulus_kpa.ndim, *(n + 1 for n in self.modulus_kpa.shape))


def element_stiffness(poisson: float, spacing_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the stiffness [mN/mm] of one element with a modulus of 1 kPa.

    Rows and columns are (node, axis), nodes in C order. Two Gauss points per axis integrate it
    exactly.
    """
    axes = len(spacing_mm)
    material = _plane_stress(poisson) if axes == 2 else _solid(poisson)
    total = np.zeros((axes * 2**axes, axes * 2**axes))
    for point in product((0.5 - 12**-0.5, 0.5 + 12**-0.5), repeat=axes):
        strain = _strain(np.array(point), spacing_mm)
        total += strain.T @ material @ strain
    return total * prod(spacing_mm) / 2**axes


def stiffness_product(elastic: Elastic, displacement_mm: Array) -> Array:
    """Return the force [mN] that a displacement [mm] takes, without assembling a matrix."""
    from anatwin.ops.elasticity_loops import plane_force, solid_force

    force = np.empty(displacement_mm.shape, displacement_mm.dtype)
    modulus = np.ascontiguousarray(elastic.modulus_kpa, force.dtype)
    element = element_stiffness(elastic.poisson, elastic.spacing_mm).astype(force.dtype)
    loop = plane_force if modulus.ndim == 2 else solid_force
    body = (modulus, element, rows_reached(modulus))
    loop(body, np.ascontiguousarray(displacement_mm), force)
    return force


def strain_energy(elastic: Elastic, displacement_mm: Array) -> NDArray[np.float64]:
    """Return the elastic energy [uJ] of every voxel, ``i j`` or ``i j k``."""
    from anatwin.ops.elasticity_loops import plane_energy, solid_energy

    modulus = np.ascontiguousarray(elastic.modulus_kpa, np.float64)
    out = np.empty(modulus.shape)
    loop = plane_energy if modulus.ndim == 2 else solid_energy
    element = element_stiffness(elastic.poisson, elastic.spacing_mm)
    loop(modulus, element, np.ascontiguousarray(displacement_mm), out)
    return out


def diagonal(elastic: Elastic) -> NDArray[np.float64]:
    """Return the diagonal of the stiffness [mN/mm] as a field on nodes."""
    axes = elastic.modulus_kpa.ndim
    own = np.diag(element_stiffness(elastic.poisson, elastic.spacing_mm)).reshape(-1, axes)
    out = np.zeros(elastic.field_shape)
    for corner, weights in zip(product((0, 1), repeat=axes), own, strict=True):
        place = tuple(
            slice(c, c + n) for c, n in zip(corner, elastic.modulus_kpa.shape, strict=True)
        )
        for axis, weight in enumerate(weights):
            out[axis][place] += weight * elastic.modulus_kpa
    return out


def assemble(elastic: Elastic) -> Any:  # noqa: ANN401 - scipy has no types
    """Return the stiffness [mN/mm] as a sparse CSR matrix over raveled fields."""
    from scipy.sparse import csr_array

    shape = elastic.field_shape
    numbers = np.arange(prod(shape)).reshape(shape)
    axes = shape[0]
    solid = elastic.modulus_kpa > 0
    corners = [
        numbers[axis][tuple(slice(c, c + n) for c, n in zip(corner, solid.shape, strict=True))]
        for corner in product((0, 1), repeat=axes)
        for axis in range(axes)
    ]
    places = np.stack([numbers[solid] for numbers in corners], axis=-1)
    element = element_stiffness(elastic.poisson, elastic.spacing_mm)
    values = elastic.modulus_kpa[solid].astype(np.float64)[:, None, None] * element
    rows = np.broadcast_to(places[:, :, None], values.shape)
    columns = np.broadcast_to(places[:, None, :], values.shape)
    pairs = (rows.ravel(), columns.ravel())
    return csr_array((values.ravel(), pairs), shape=(numbers.size, numbers.size))


def rigid_modes(elastic: Elastic) -> NDArray[np.float64]:
    """Return the displacements that deform nothing, ``mode axis node ...``.

    Translations come first, then rotations, about the centre of the body.
    """
    shape = elastic.field_shape
    axes = shape[0]
    edges = [
        s * (np.arange(n) - (n - 1) / 2) for s, n in zip(elastic.spacing_mm, shape[1:], strict=True)
    ]
    places = np.meshgrid(*edges, indexing="ij")
    pairs = [(0, 1)] if axes == 2 else [(0, 1), (1, 2), (2, 0)]
    modes = np.zeros((axes + len(pairs), *shape))
    for axis in range(axes):
        modes[axis, axis] = 1
    for mode, (a, b) in enumerate(pairs, start=axes):
        modes[mode, a], modes[mode, b] = -places[b], places[a]
    return modes


def rows_reached(modulus: Array) -> NDArray[np.int64]:
    """Return, for every row along the last axis, where material begins and the place past it."""
    solid = modulus > 0
    some = solid.any(axis=-1)
    first = np.where(some, solid.argmax(axis=-1), 0)
    end = np.where(some, solid.shape[-1] - solid[..., ::-1].argmax(axis=-1), 0)
    return np.stack([first, end], axis=-1).astype(np.int64)


def _plane_stress(poisson: float) -> NDArray[np.float64]:
    shear = (1 - poisson) / 2
    return np.array([[1, poisson, 0], [poisson, 1, 0], [0, 0, shear]]) / (1 - poisson**2)


def _solid(poisson: float) -> NDArray[np.float64]:
    out = np.zeros((6, 6))
    out[:3, :3] = poisson
    out[range(3), range(3)] = 1 - poisson
    out[range(3, 6), range(3, 6)] = (1 - 2 * poisson) / 2
    return out / ((1 + poisson) * (1 - 2 * poisson))


def _strain(point: NDArray[np.float64], spacing_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the strain at a point of the element for every (node, axis): normal, then shear."""
    axes = len(spacing_mm)
    pairs = [(0, 1)] if axes == 2 else [(0, 1), (1, 2), (2, 0)]
    out = np.zeros((axes + len(pairs), 2**axes, axes))
    for node, corner in enumerate(product((0, 1), repeat=axes)):
        weights = np.where(corner, point, 1 - point)
        slopes = [
            (2 * corner[a] - 1) / spacing_mm[a] * prod(np.delete(weights, a)) for a in range(axes)
        ]
        for axis in range(axes):
            out[axis, node, axis] = slopes[axis]
        for row, (a, b) in enumerate(pairs, start=axes):
            out[row, node, a], out[row, node, b] = slopes[b], slopes[a]
    return out.reshape(len(out), -1)
