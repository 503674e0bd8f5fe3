"""Updates of a density that keep the mass of every part: optimality criteria, moving asymptotes.

Both give each voxel a density that rises with one number of its part; bisection, then
interpolation, finds the number at which the part has its mass. A part is the whole body, or one
block of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_BISECTIONS, _SECANTS = 14, 10


@dataclass(frozen=True)
class Step:
    """What an update starts from; every array is raveled.

    Parameters
    ----------
    density
        Density of every voxel.
    slope
        Derivative of the objective by the density; nowhere positive.
    weight
        Mass of a voxel per density; 0 outside the body.
    low, high
        Bounds of the new density.
    """

    density: NDArray[np.float64]
    slope: NDArray[np.float64]
    weight: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class Masses:
    """Mass that every part has to keep.

    Parameters
    ----------
    parts
        Number of the part of every voxel, raveled.
    target
        Mass of every part.
    """

    parts: NDArray[np.int64]
    target: NDArray[np.float64]


def optimality_criteria(step: Step, masses: Masses) -> NDArray[np.float64]:
    """Return the next density, by the criterion that energy per mass is alike everywhere.

    Source: Bendsoe and Sigmund 2004, doi:10.1007/978-3-662-05086-6.
    """
    from anatwin.ops.design_loops import scaled_within

    weight = np.where(step.weight > 0, step.weight, 1.0)
    gain = step.density * np.sqrt(np.maximum(-step.slope, 0) / weight)
    design = (gain, step.low, step.high, step.weight)
    mean = float(np.average(gain, weights=step.weight)) or 1.0
    scale = _balanced(lambda s, sums: scaled_within(masses.parts, s, design, sums), masses, mean)
    return np.clip(gain * scale[masses.parts], step.low, step.high)


@dataclass
class MovingAsymptotes:
    """The method of moving asymptotes; it remembers the last two densities.

    Source: Svanberg 1987, doi:10.1002/nme.1620240207.
    """

    before: list[Array] = field(default_factory=list)
    spread: Array | None = None

    def __call__(self, step: Step, masses: Masses) -> NDArray[np.float64]:
        """Return the next density."""
        from anatwin.ops.design_loops import asymptotic_within

        x = step.density
        self.spread = self._spread(x)
        lower, upper = x - self.spread, x + self.spread
        low = np.maximum(step.low, lower + 0.1 * self.spread)
        high = np.minimum(step.high, upper - 0.1 * self.spread)
        steepest = float(np.abs(step.slope).max()) or 1.0
        slope = step.slope / steepest
        square = self.spread**2
        own = square * (0.001 * np.abs(slope) + 1e-6)
        up = np.sqrt(square * (1.001 * np.abs(slope) + 1e-6))
        mass = square * step.weight
        design = (own, mass, up, lower, upper, low, high, step.weight)
        scale = _balanced(lambda s, sums: asymptotic_within(masses.parts, s, design, sums), masses)
        self.before = [x, *self.before[:1]]
        down = np.sqrt(own + mass / scale[masses.parts])
        return np.clip((lower * down + upper * up) / (down + up), low, high)

    def _spread(self, x: Array) -> Array:
        """Return the distance of the asymptotes: less where the density swings, more elsewhere."""
        if self.spread is None or len(self.before) < 2:
            return np.full(x.shape, 0.5)
        swing = (x - self.before[0]) * (self.before[0] - self.before[1])
        factor = np.where(swing > 0, 1.2, np.where(swing < 0, 0.7, 1.0))
        return np.clip(self.spread * factor, 0.01, 10.0)


def _balanced(
    fill: Callable[[Array, Array], None], masses: Masses, mean: float = 1.0
) -> NDArray[np.float64]:
    """Return the scale of every part at which it has its mass; masses rise with scales."""
    low = np.full(len(masses.target), np.log(1e-12 / mean))
    high = np.full(len(masses.target), np.log(1e12 / mean))
    below, above = -masses.target, masses.target
    sums = np.empty_like(masses.target)
    for step in range(_BISECTIONS + _SECANTS):
        middle = (low + high) / 2
        if step >= _BISECTIONS:  # the masses are smooth by now
            part = np.divide(below, below - above, out=np.full_like(low, 0.5), where=below < above)
            middle = low + np.clip(part, 0.01, 0.99) * (high - low)
        fill(np.exp(middle), sums)
        excess = sums - masses.target
        much = excess > 0
        high, above = np.where(much, middle, high), np.where(much, excess, above)
        low, below = np.where(much, low, middle), np.where(much, below, excess)
    return np.exp(np.where(above < -below, high, low))
