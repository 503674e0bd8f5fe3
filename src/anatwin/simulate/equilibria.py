"""The displacements of a body under its load cases, followed while its material changes."""

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Body, InputError
from anatwin.ops.elasticity import Elastic, diagonal, stiffness_product, strain_energy
from anatwin.ops.elasticity_solve import descend
from anatwin.ops.multigrid import Multigrid

Field = NDArray[np.float64]


class Equilibria:
    """One displacement per load case, never far from balance.

    Parameters
    ----------
    body
        What is loaded; its densities are not used.
    domain
        Voxels that take part, ``i j`` or ``i j k``.

    Raises
    ------
    InputError
        If a load acts on nothing.
    """

    def __init__(self, body: Body, domain: NDArray[np.bool_]) -> None:
        self.body = body
        self.displacement_mm = np.zeros(body.forces_mn.shape)
        present = diagonal(self._elastic(domain.astype(np.float64))) > 0
        if not all(load.any() and not load[~present].any() for load in body.forces_mn):
            raise InputError(
                "A load case has no force, or one on a node that the supports do not hold; put "
                "forces on corners of voxels whose density is above 0 and that hang together."
            )
        self.free = present & ~body.fixed

    def follow(self, modulus_kpa: Field, *, iterations: int, tolerance: float) -> int:
        """Bring the displacements nearer to balance; return the steps of conjugate gradients.

        Parameters
        ----------
        modulus_kpa
            The material as it is now.
        iterations
            Steps at most, for each load case.
        tolerance
            Force out of balance, relative to the load, that may stay.
        """
        elastic = self._elastic(modulus_kpa)
        free = self.free
        cycle, total = Multigrid(elastic, ~free), 0
        for load, u in zip(self.body.forces_mn, self.displacement_mm, strict=True):
            rest = load - stiffness_product(elastic, u)
            rest[~free] = 0
            target = tolerance * float(np.linalg.norm(load))
            change, steps = descend(
                elastic, free, rest, inverse=cycle, target=target, iterations=iterations
            )
            u += change
            total += steps
        return total

    def energies_uj(self, modulus_kpa: Field) -> Field:
        """Return the weighted energy of every voxel [uJ] if its modulus were as given."""
        elastic = self._elastic(modulus_kpa)
        total = np.zeros(modulus_kpa.shape)
        for weight, u in zip(self.body.weights, self.displacement_mm, strict=True):
            total += weight * strain_energy(elastic, u)
        return total

    def works_uj(self) -> tuple[float, ...]:
        """Return what each load does on its way [uJ], force times displacement."""
        pairs = zip(self.body.forces_mn, self.displacement_mm, strict=True)
        return tuple(float(np.vdot(load, u)) for load, u in pairs)

    def unbalanced(self, modulus_kpa: Field) -> float:
        """Return the force out of balance relative to the load, of the worst load case."""
        elastic, worst = self._elastic(modulus_kpa), 0.0
        for load, u in zip(self.body.forces_mn, self.displacement_mm, strict=True):
            rest = (load - stiffness_product(elastic, u))[self.free]
            worst = max(worst, float(np.linalg.norm(rest) / np.linalg.norm(load)))
        return worst

    def _elastic(self, modulus_kpa: Field) -> Elastic:
        return Elastic(modulus_kpa, self.body.poisson, self.body.spacing_mm)
