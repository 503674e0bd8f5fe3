"""A block of bone squeezed between two platens."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, Measure, UsageError, Volume


@dataclass(frozen=True, eq=False, slots=True)
class Squeezed:
    """What a compression test shows.

    Parameters
    ----------
    energy
        Strain energy of every voxel [uJ].
    measures
        Apparent modulus, force, bone volume fraction, and how well the solution balances.
    """

    energy: Volume
    measures: tuple[Measure, ...]


@dataclass(frozen=True, kw_only=True)
class Compression:
    """Squeeze micro-CT bone between two platens and find its stiffness and force.

    Every bone voxel is one trilinear element. Parts that are not joined to the largest one at a
    face carry nothing and are left out.
    """

    strain: float = 0.01
    """Shortening over height."""
    axis: Literal[0, 1, 2] = 2
    """Index axis along which it is squeezed."""
    platens: Literal["smooth", "clamped"] = "smooth"
    """Whether the ends may slide on the platens."""
    threshold: float | None = None
    """Values above it are bone; Otsu's where none is given."""
    modulus_gpa: float = 18.0
    """Young's modulus of bone tissue [GPa]."""
    poisson: float = 0.3
    """Poisson's ratio of bone tissue."""
    tolerance: float = 1e-6
    """Force that may stay out of balance, relative to the force to be balanced."""

    def __post_init__(self) -> None:
        if not 0 < self.strain < 1:
            raise UsageError(f"Compression.strain must be between 0 and 1, got {self.strain}.")
        if self.modulus_gpa <= 0 or self.tolerance <= 0:
            raise UsageError("Compression needs a positive modulus and a positive tolerance.")

    def __call__(self, image: Volume) -> Squeezed:
        """Return the strain energy and the measures of a block.

        Raises
        ------
        InputError
            If no part of the bone reaches from one platen to the other.
        """
        from anatwin.ops.elasticity import Elastic, strain_energy
        from anatwin.ops.elasticity_solve import solve_elastic

        bone = bone_mask(image, self.threshold)
        body = _load_bearing(bone, self.axis)
        modulus_kpa = np.where(body, np.float32(self.modulus_gpa * 1e6), np.float32(0))
        elastic = Elastic(modulus_kpa, self.poisson, image.grid.spacing_mm)
        prescribed = self._prescribed(body, image.grid)
        found = solve_elastic(elastic, prescribed, tolerance=self.tolerance)
        energy = strain_energy(elastic, found.displacement_mm)
        force_mn = -float(found.reaction_mn[self.axis].take(-1, self.axis).sum())
        rows = self._measures(image.grid, force_mn, float(energy.sum()))
        basis = rows[0].basis
        rows += [
            Measure("bone volume fraction", "bone", float(bone.mean()), basis=basis),
            Measure("residual[force out of balance]", "solver", found.residual, basis=basis),
            Measure("iterations", "solver", found.iterations, basis=basis),
        ]
        return Squeezed(Volume(energy.astype(np.float32), image.grid), tuple(rows))

    def _prescribed(self, body: NDArray[np.bool_], grid: Grid) -> NDArray[np.float64]:
        """Return the displacement [mm] of the ends, NaN elsewhere."""
        axis, height_mm = self.axis, grid.shape[self.axis] * grid.spacing_mm[self.axis]
        prescribed = np.full((3, *(n + 1 for n in body.shape)), np.nan)
        for end, moved in ((0, 0.0), (-1, -self.strain * height_mm)):
            face = np.moveaxis(prescribed, axis + 1, 1)[:, end]
            if self.platens == "clamped":
                face[...] = 0
            face[axis] = moved
        if self.platens == "smooth":
            _stop_sliding(prescribed, body, axis)
        return prescribed

    def _measures(self, grid: Grid, force_mn: float, energy_uj: float) -> list[Measure]:
        """Return what a testing machine would show, and whether energy and force agree."""
        edges = [n * s for n, s in zip(grid.shape, grid.spacing_mm, strict=True)]
        height_mm = edges[self.axis]
        area_mm2 = float(np.prod(edges)) / height_mm
        apparent_mpa = force_mn / area_mm2 / self.strain / 1000
        work_uj = force_mn * self.strain * height_mm / 2
        basis = (
            f"{self.platens} platens along axis {self.axis}, strain {self.strain:g}, tissue "
            f"{self.modulus_gpa:g} GPa, Poisson's ratio {self.poisson:g}, {grid.shape} voxels"
        )
        return [
            Measure("apparent modulus", "bone", apparent_mpa, "MPa", basis=basis),
            Measure("force", "bone", force_mn / 1000, "N", basis=basis),
            Measure("strain energy", "bone", energy_uj, "uJ", basis=basis),
            Measure(
                "energy over work of the platens - 1",
                "solver",
                energy_uj / work_uj - 1,
                basis=basis,
            ),
        ]


def bone_mask(image: Volume, threshold: float | None = None) -> NDArray[np.bool_]:
    """Return which voxels are bone: those above a level, Otsu's where none is given.

    Raises
    ------
    InputError
        If the image is constant, or nothing or everything lies above the level.
    """
    from anatwin.ops.threshold import otsu_threshold

    values = image.magnitude().data
    if values.min() == values.max():
        raise InputError("An image of bone must show bone and space, got one value only.")
    level = otsu_threshold(values) if threshold is None else threshold
    bone = np.asarray(values > level)
    if bone.all() or not bone.any():
        raise InputError(f"Bone must lie above {level:g} and space below; choose a threshold.")
    return bone


def _load_bearing(bone: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Return the largest part that is joined at faces, if it reaches both ends."""
    from scipy.ndimage import label

    parts = label(bone)[0]
    body = np.asarray(parts == np.argmax(np.bincount(parts.ravel())[1:]) + 1)
    if not (body.take(0, axis).any() and body.take(-1, axis).any()):
        raise InputError(
            f"Expected bone that reaches from one end of axis {axis} to the other; its largest "
            "part does not. Choose another axis, threshold or crop."
        )
    return body


def _stop_sliding(prescribed: NDArray[np.float64], body: NDArray[np.bool_], axis: int) -> None:
    """Hold two nodes of the first end, so that the block does not slide or turn on it."""
    first, second = (a for a in range(3) if a != axis)
    places = np.argwhere(body.take(0, axis))
    near, far = places[places[:, 0].argmin()], places[places[:, 0].argmax()]
    for place, held in ((near, (first, second)), (far + np.array([1, 0]), (second,))):
        node = np.insert(place, axis, 0)
        for component in held:
            prescribed[(component, *node)] = 0
