"""The state of a topology optimisation: densities, and displacements that follow them."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Body, QualityError, UsageError
from anatwin.ops.density_filter import ConeFilter
from anatwin.ops.design_update import Masses, MovingAsymptotes, Step, optimality_criteria
from anatwin.ops.elasticity import Elastic
from anatwin.ops.elasticity_solve import held
from anatwin.simulate.equilibria import Equilibria

if TYPE_CHECKING:
    from anatwin.simulate.topology import Topology

Field = NDArray[np.float64]

_FIRST_STEPS, _STARTED = 200, 0.01
_CORRECTIONS = 4
_LEAST = 1e-3  # keeps the filtered gradient of an empty voxel finite


class Growth:
    """One design on its way.

    Parameters
    ----------
    method
        The settings.
    body
        What is optimised.

    Raises
    ------
    InputError
        If a load acts on nothing, or the supports hold nothing.
    UsageError
        If the voxels that stay full are more than the mass.
    """

    def __init__(self, method: "Topology", body: Body) -> None:
        self.method, self.body = method, body
        self.domain = _held_domain(body)
        solid = np.zeros(body.grid.shape, bool) if body.solid is None else body.solid
        self.solid = solid.reshape(body.cells) & self.domain
        self.filter = ConeFilter(self.domain, method.radius)
        self.design = self._start()
        self.masses = self._masses()
        self.equilibria = Equilibria(body, self.domain)
        criteria = method.update == "criteria"
        self.update = optimality_criteria if criteria else MovingAsymptotes()
        self.density = self._material(self.design, method.grown(0)[1])
        self.cases_uj: tuple[float, ...] = ()

    def advance(self, iteration: int) -> tuple[float, float, int]:
        """Balance, then move material; return compliance [uJ], largest change and steps."""
        power, sharpness = self.method.grown(iteration)
        self.density = self._material(self.design, sharpness)
        modulus = self._modulus(power)
        steps = self.equilibria.follow(
            modulus,
            iterations=_FIRST_STEPS if iteration == 0 else self.method.cycles,
            tolerance=self.method.tolerance,
        )
        if iteration == 0 and not self.equilibria.unbalanced(modulus) < _STARTED:
            raise QualityError(
                "The first equilibrium was not found; the supports may not hold the body, or hold "
                "it by single nodes only: fix more of them."
            )
        energy = self.equilibria.energies_uj(np.where(self.domain, self.body.modulus_kpa, 0.0))
        compliance = self._compliance(modulus, energy)
        change = self._move(self._slope(energy, power, sharpness), sharpness)
        return compliance, change, steps

    def unbalanced(self) -> float:
        """Return the force out of balance relative to the load, of the worst load case."""
        return self.equilibria.unbalanced(self._modulus(self.method.penalty))

    def _start(self) -> Field:
        """Return the first density: even, or the body's own."""
        fraction = self.method.volume_fraction
        density = self.body.density.reshape(self.body.cells).astype(np.float64)
        if fraction is not None:
            room = int(self.domain.sum()) - int(self.solid.sum())
            rest = fraction * self.domain.sum() - self.solid.sum()
            if not 0 < rest <= room:
                raise UsageError(
                    f"volume_fraction {fraction} leaves nothing to move: {self.solid.sum()} of "
                    f"{self.domain.sum()} voxels stay full."
                )
            density = np.where(self.domain, rest / room, 0.0)
        return np.where(self.solid, 1.0, density * self.domain)

    def _masses(self) -> Masses:
        """Return which parts keep which mass."""
        if self.method.keep == "total":
            parts = np.zeros(self.design.size, np.int64)
        else:
            places = np.indices(self.design.shape) // self.method.block
            counts = tuple(int(p.max()) + 1 for p in places)
            parts = np.ravel_multi_index(tuple(places), counts).ravel()
        sums = np.bincount(parts, weights=self.design.ravel())
        return Masses(parts, sums.astype(np.float64))

    def _material(self, design: Field, sharpness: float) -> Field:
        """Return the density that the material of a design has."""
        if self.method.filter == "sensitivity":
            return design
        filtered = self.filter(design)
        if sharpness:
            filtered = _projected(filtered, sharpness)
        return np.where(self.solid, 1.0, filtered)

    def _modulus(self, power: float) -> Field:
        void = self.method.void
        share = np.where(self.domain, void + self.density**power * (1 - void), 0.0)
        return self.body.modulus_kpa * share

    def _compliance(self, modulus: Field, energy: Field) -> float:
        """Return the weighted compliance; what is out of balance enters only squared."""
        self.cases_uj = self.equilibria.works_uj()
        works = float(np.dot(self.body.weights, self.cases_uj))
        return 2 * works - 2 * float(np.vdot(modulus / self.body.modulus_kpa, energy))

    def _slope(self, energy: Field, power: float, sharpness: float) -> Field:
        """Return the filtered derivative of compliance by the design."""
        slope = -2 * power * (1 - self.method.void) * self.density ** (power - 1) * energy
        if self.method.filter == "density":
            return self._pulled_back(slope, sharpness)
        mean = self.filter(self.design * slope)
        return mean / np.maximum(self.design, _LEAST)

    def _weight(self, sharpness: float) -> Field:
        """Return the mass that a change of the design brings."""
        if self.method.filter == "sensitivity":
            return self.domain.astype(np.float64)
        return self._pulled_back(self.domain.astype(np.float64), sharpness)

    def _pulled_back(self, slope: Field, sharpness: float) -> Field:
        """Return the derivative by the design of a function of the density."""
        slope = np.where(self.solid, 0.0, slope)
        if sharpness:
            slope = slope * _projected_slope(self.filter(self.design), sharpness)
        return self.filter.adjoint(slope)

    def _move(self, slope: Field, sharpness: float) -> float:
        """Move material down the slope within the mass; return the largest change."""
        low = np.where(self.solid, 1.0, np.maximum(self.design - self.method.move, 0.0))
        high = np.where(self.solid, 1.0, np.minimum(self.design + self.method.move, 1.0))
        high *= self.domain
        arrays = (self.design, slope, self._weight(sharpness), low, high)
        step = Step(*(array.ravel() for array in arrays))
        if self.method.filter == "sensitivity":
            moved = self.update(step, self.masses).reshape(self.design.shape)
        else:
            moved = self._moved_to_mass(step, sharpness)
        change = float(np.abs(moved - self.design).max())
        self.design = moved
        return change

    def _moved_to_mass(self, step: Step, sharpness: float) -> Field:
        """Return the design whose material has the mass, which a projection bends."""
        wanted = float(self.masses.target.sum())
        target = float(np.vdot(step.weight, step.density)) + wanted - float(self.density.sum())
        attempts = _CORRECTIONS if sharpness else 1
        for _ in range(attempts):
            masses = Masses(self.masses.parts, np.array([target]))
            moved = self.update(step, masses).reshape(self.design.shape)
            if attempts > 1:
                target += wanted - float(self._material(moved, sharpness).sum())
        return moved


def _held_domain(body: Body) -> NDArray[np.bool_]:
    """Return the voxels that the supports hold; loose parts are left out."""
    full = (body.density > 0).astype(np.float64).reshape(body.cells)
    elastic = Elastic(full, body.poisson, body.spacing_mm)
    return held(elastic, np.where(body.fixed, 0.0, np.nan)).modulus_kpa > 0


def _projected(density: Field, sharpness: float) -> Field:
    """Return densities pushed towards 0 and 1.

    Source: Wang, Lazarov and Sigmund 2011, doi:10.1007/s00158-010-0602-y.
    """
    ends = np.tanh(sharpness / 2)
    return (ends + np.tanh(sharpness * (density - 0.5))) / (2 * ends)


def _projected_slope(density: Field, sharpness: float) -> Field:
    """Return the derivative of the projection."""
    ends = np.tanh(sharpness / 2)
    return sharpness * (1 - np.tanh(sharpness * (density - 0.5)) ** 2) / (2 * ends)
