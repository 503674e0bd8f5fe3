"""A body to be loaded: what fills it, what holds it, what pushes it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core.errors import GeometryError, InputError, UsageError
from anatwin.core.grid import Grid


@dataclass(frozen=True, eq=False, slots=True)
class Body:
    """Voxels of one elastic material with supports and load cases.

    A grid with one voxel along its last axis is a plane in plane stress, 1 mm thick; its nodes
    are the corners of its pixels, ``axis i+1 j+1``. Any other is a solid, with nodes
    ``axis i+1 j+1 k+1``.

    Parameters
    ----------
    grid
        Where the voxels are.
    density
        How full of material each voxel is, 0 to 1, ``i j k``; 0 outside the body.
    fixed
        Where nodes cannot move, ``axis node ...``.
    forces_mn
        Forces on the nodes [mN], ``case axis node ...``.
    weights
        How much each load case counts.
    solid
        Voxels that are and stay full, ``i j k``; None for none.
    modulus_kpa
        Young's modulus of the full material [kPa].
    poisson
        Its Poisson's ratio.

    Raises
    ------
    GeometryError
        If an array does not have the grid's shape.
    InputError
        If a density is not in 0 to 1, nothing is fixed, or a force is not finite.
    UsageError
        If there is not one positive weight for every load case.
    """

    grid: Grid
    density: NDArray[Any]
    fixed: NDArray[np.bool_]
    forces_mn: NDArray[Any]
    weights: tuple[float, ...]
    solid: NDArray[np.bool_] | None = None
    modulus_kpa: float = 17e6
    poisson: float = 0.3

    def __post_init__(self) -> None:
        nodes = self.field_shape
        for name, found, expected in (
            ("density", self.density.shape, self.grid.shape),
            ("fixed", self.fixed.shape, nodes),
            ("forces_mn", self.forces_mn.shape[1:], nodes),
            ("solid", self.grid.shape if self.solid is None else self.solid.shape, self.grid.shape),
        ):
            if found != expected:
                raise GeometryError(f"Body.{name} must have the shape {expected}, got {found}.")
        if not (self.density.min() >= 0 and self.density.max() <= 1 and self.density.any()):
            raise InputError("Body.density must be from 0 to 1 and not all 0.")
        if not self.fixed.any() or not np.isfinite(self.forces_mn).all():
            raise InputError("Body needs a fixed node and finite forces.")
        if len(self.weights) != len(self.forces_mn) or not min(self.weights, default=0) > 0:
            raise UsageError(
                f"Body needs a positive weight for each of {len(self.forces_mn)} load cases, got "
                f"{self.weights}."
            )

    @property
    def spacing_mm(self) -> tuple[float, ...]:
        """Edges of a voxel [mm], two in a plane."""
        return self.grid.spacing_mm[: 2 if self.grid.shape[2] == 1 else 3]

    @property
    def cells(self) -> tuple[int, ...]:
        """Number of voxels along each axis, two in a plane."""
        return self.grid.shape[: len(self.spacing_mm)]

    @property
    def field_shape(self) -> tuple[int, ...]:
        """Shape of a displacement."""
        return (len(self.cells), *(n + 1 for n in self.cells))
