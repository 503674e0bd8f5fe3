"""Topology optimisation: where material goes so that a body is as stiff as it can be."""

from dataclasses import dataclass
from typing import Literal

from anatwin.core import Body, UsageError, Volume, track
from anatwin.simulate.growth import Growth


@dataclass(frozen=True, eq=False)
class Design:
    """What topology optimisation found.

    Parameters
    ----------
    density
        How full of material each voxel is, 0 to 1.
    compliance_uj
        Weighted compliance at every iteration [uJ]: twice the energy that the loads store.
    cases_uj
        Compliance of each load case at the end [uJ], without its weight.
    change
        Largest change of a density in every iteration.
    steps
        Steps of conjugate gradients in every iteration, all load cases together.
    unbalanced
        Force out of balance at the end, relative to the load; the worst load case.
    """

    density: Volume
    compliance_uj: tuple[float, ...]
    cases_uj: tuple[float, ...]
    change: tuple[float, ...]
    steps: tuple[int, ...]
    unbalanced: float


@dataclass(frozen=True, kw_only=True)
class Topology:
    """Move a body's material to where it makes the body stiffest (SIMP).

    The sum of compliances over all load cases becomes least while the mass stays. The power law
    makes half-full voxels a bad bargain; a filter keeps the result independent of the grid.
    Displacements go on from those of the last iteration with a few steps of conjugate gradients
    and a multigrid cycle each, which ends at the optimum that exact solves end at and costs a
    tenth. Sources: Bendsoe and Sigmund 2004, doi 10.1007/978-3-662-05086-6; Andreassen et al.
    2011, doi 10.1007/s00158-010-0594-7; Amir, Aage and Lazarov 2014, doi
    10.1007/s00158-013-1015-5; Limkilde, Evgrafov and Gravesen 2018, doi 10.1007/s00158-018-2121-x.
    """

    volume_fraction: float | None = None
    """Share of the body that is material; as much as its densities say, otherwise."""

    keep: Literal["total", "blocks"] = "total"
    """What keeps its mass: the body, or each block, which enhances the resolution of an image."""

    block: int = 10
    """Edge of a block, in voxels."""

    penalty: float = 3.0
    """Power of the density in the stiffness."""

    penalty_start: float = 3.0
    """Power at the first iteration; less than the penalty gives continuation."""

    continuation: int = 40
    """Iterations over which the power, and the sharpness, grow to their final values."""

    filter: Literal["sensitivity", "density"] = "sensitivity"
    """What is averaged: the gradient, or the density itself."""

    radius: float = 2.4
    """Radius of the filter, in voxels."""

    sharpness: float = 0.0
    """Slope of the projection towards 0 and 1 after the density filter; 0 for none."""

    update: Literal["criteria", "asymptotes"] = "criteria"
    """Optimality criteria, or the method of moving asymptotes (MMA)."""

    move: float = 0.2
    """Largest change of a density in an iteration."""

    iterations: int = 100
    """Iterations at most."""

    enough: float = 0.01
    """Stop when no density changes more."""

    cycles: int = 2
    """Steps of conjugate gradients per iteration and load case; the first iteration is exact."""

    tolerance: float = 1e-6
    """Force out of balance, relative to the load, below which no step is needed."""

    void: float = 1e-9
    """Modulus of nothing, relative to the material's."""

    def __post_init__(self) -> None:
        if self.volume_fraction is not None and not 0 < self.volume_fraction <= 1:
            raise UsageError(f"volume_fraction must be in (0, 1], got {self.volume_fraction}.")
        if min(self.block, self.iterations, self.cycles, self.continuation) < 1:
            raise UsageError("block, iterations, cycles and continuation must be 1 or more.")
        if not 1 <= self.penalty_start <= self.penalty:
            raise UsageError(
                f"penalty_start must be from 1 to the penalty {self.penalty}, got "
                f"{self.penalty_start}."
            )
        if not (self.radius > 0 and 0 < self.move <= 1 and 0 < self.void < 1):
            raise UsageError("radius must be positive, move in (0, 1], and void in (0, 1).")
        if self.filter == "sensitivity" and self.sharpness:
            raise UsageError(
                "sharpness needs the density filter, since it projects what that gives."
            )
        if self.filter == "density" and self.keep == "blocks":
            raise UsageError(
                "The density filter mixes blocks; keep blocks with filter sensitivity."
            )

    def __call__(self, body: Body) -> Design:
        """Return the design; see the package for the contract."""
        state = Growth(self, body)
        history: list[tuple[float, float, int]] = []
        for iteration in track(range(self.iterations), "topology"):
            history.append(state.advance(iteration))
            if history[-1][1] <= self.enough and iteration >= self.settled:
                break
        compliances, changes, steps = zip(*history, strict=True)
        return Design(
            Volume(state.density.reshape(body.grid.shape), body.grid),
            compliances,
            state.cases_uj,
            changes,
            steps,
            state.unbalanced(),
        )

    @property
    def settled(self) -> int:
        """First iteration at which power and sharpness have their final values."""
        return self.continuation if self.penalty_start < self.penalty or self.sharpness else 0

    def grown(self, iteration: int) -> tuple[float, float]:
        """Return the power and the sharpness at an iteration."""
        share = min(iteration / self.continuation, 1.0)
        power = self.penalty_start + share * (self.penalty - self.penalty_start)
        return power, self.sharpness**share if self.sharpness else 0.0
