"""Proximal femora to grow bone in: outline, cortex, loads, bone mass and the regions to measure."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Body, Grid, UsageError
from anatwin.phantoms.femur_loads import DAILY_LOADS, LoadCase, nodal_forces
from anatwin.phantoms.femur_outline import FemurOutline, axes_mm, parametric_outline

Region = Literal["head", "neck", "intertrochanteric"]
REGIONS: tuple[Region, ...] = ("head", "neck", "intertrochanteric")
REGION_MM = 12.0
"""Edge of the square that stands for a region."""

_SHAFT_CORTEX_MM, _END_CORTEX_MM = 4.5, 1.0
_BLOCK_MM = 0.5
_LEAST = 0.001


@dataclass(frozen=True, eq=False, slots=True)
class Femur:
    """A femur whose trabeculae are to be found.

    Parameters
    ----------
    outline
        Shape and landmarks.
    bone_fraction
        Share of the space inside the cortex that trabeculae fill.
    loads
        What it carries.

    Raises
    ------
    UsageError
        If the bone fraction is not between 0 and 1, or there is no load.
    """

    outline: FemurOutline
    bone_fraction: float
    loads: tuple[LoadCase, ...] = DAILY_LOADS

    def __post_init__(self) -> None:
        if not 0 < self.bone_fraction < 1 or not self.loads:
            raise UsageError(
                "Femur needs a bone fraction between 0 and 1 and a load, got "
                f"{self.bone_fraction} and {len(self.loads)} loads."
            )

    def cortex(self, grid: Grid) -> NDArray[np.bool_]:
        """Return which pixels are cortical bone, ``x y``.

        The shell is 4.5 mm thick in the shaft and thins evenly to 1 mm at the level of the neck.
        """
        from scipy.ndimage import distance_transform_edt

        inside = self.outline.inside(grid)
        padded = np.pad(inside, ((1, 1), (1, 1)))
        below = round(_SHAFT_CORTEX_MM / grid.spacing_mm[0]) + 1
        # The cut across the shaft is no surface: the shaft goes on below it.
        padded = np.concatenate([np.repeat(padded[:, 1:2], below, axis=1), padded[:, 1:]], axis=1)
        depth = distance_transform_edt(padded)[1:-1, below:-1] * grid.spacing_mm[0]
        levels = (0.15 * self.outline.neck[1], self.outline.neck[1] - 8.0)
        rows = axes_mm(grid)[1]
        thickness = np.interp(rows, levels, (_SHAFT_CORTEX_MM, _END_CORTEX_MM))
        return inside & (depth <= thickness + grid.spacing_mm[0] / 2)

    def body(self, grid: Grid, measured: NDArray[np.floating] | None = None) -> Body:
        """Return the femur to be optimised; it stands on the cut across its shaft.

        It carries its loads, weighted by their cycles.

        Parameters
        ----------
        grid
            Pixels to optimise.
        measured
            Share of bone in every pixel, ``x y``, as a coarse image shows it; only what lies
            inside the outline counts, and no pixel there is quite empty. Without it, the cortex
            is full and stays full, and trabeculae are spread evenly inside.
        """
        inside, cortex = self.outline.inside(grid), self.cortex(grid)
        even = np.where(cortex, 1.0, self.bone_fraction)
        density = np.where(inside, even if measured is None else np.clip(measured, _LEAST, 1), 0.0)
        forces = np.array([nodal_forces(self.outline, case, grid) for case in self.loads])
        fixed = np.zeros(forces.shape[1:], np.bool_)
        fixed[:, :, 0] = True
        cycles = sum(case.cycles for case in self.loads)
        return Body(
            grid,
            density[..., None],
            fixed,
            forces,
            tuple(case.cycles / cycles for case in self.loads),
            cortex[..., None] if measured is None else None,
        )

    def region(self, name: Region, grid: Grid) -> tuple[slice, slice]:
        """Return a region's square in a picture, its corners on multiples of 0.5 mm."""
        neck, shaft = self.outline.neck, self.outline.shaft
        between = (shaft[0] + 0.25 * (neck[0] - shaft[0]), neck[1] - 14)
        x, y = {"head": self.outline.head, "neck": neck, "intertrochanteric": between}[name]
        spacing = grid.spacing_mm[0]
        corners = (round((c - REGION_MM / 2) / _BLOCK_MM) * _BLOCK_MM / spacing for c in (x, y))
        first, second = (round(corner) for corner in corners)
        size = round(REGION_MM / spacing)
        return slice(first, first + size), slice(second, second + size)


def femora(seed: int = 0, *, outline: FemurOutline | None = None) -> tuple[Femur, ...]:
    """Return eleven femora with different bone mass and loads.

    Bone fractions are spread evenly over 0.35 to 0.55 in random order. Forces differ by up to
    15 % and their directions by up to 6 degrees, independently for every posture and femur; the
    cycles stay.

    Parameters
    ----------
    seed
        Which eleven.
    outline
        One shape for all of them; each has an invented one of its own otherwise.
    """
    rng = np.random.default_rng(seed)
    fractions = rng.permutation(np.linspace(0.35, 0.55, 11))
    return tuple(
        Femur(
            outline or parametric_outline(seed * 100 + number),
            float(fraction),
            tuple(
                case.changed(
                    force=float(rng.uniform(0.85, 1.15)),
                    turn_rad=float(rng.uniform(-1, 1) * np.deg2rad(6)),
                )
                for case in DAILY_LOADS
            ),
        )
        for number, fraction in enumerate(fractions)
    )
