"""One fine image from several stacks of thick slices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, UsageError, Volume, track
from anatwin.fuse.posed import Posed

if TYPE_CHECKING:
    from anatwin.fuse.slices import Slices

Array = NDArray[np.float32]

_HUBER = 1.5
"""Residuals beyond this many robust standard deviations count linearly."""


@dataclass(frozen=True, kw_only=True)
class SuperResolution:
    """Find the fine image whose thick slices are the measured ones.

    Every pixel is predicted as a mean over its slice's profile. Large residuals count linearly
    (Huber), slices that fit worse than others of their stack count less, and neighbouring voxels
    may differ only where there is an edge (Charbonnier). In rounds, every slice is moved to fit
    the image, which is then estimated again.

    References: Gholipour et al. 2010, doi:10.1109/TMI.2010.2051680; Kuklisova-Murgasova et al.
    2012, doi:10.1016/j.media.2012.07.004.
    """

    iterations: int = 15
    """Steps towards the image in each round."""
    rounds: int = 1
    """How often the image is estimated; slices move in between."""
    smoothness: float = 0.3
    """Weight of the roughness; it grows with the noise of the slices."""
    edge: float = 0.05
    """Difference of neighbours that counts as an edge, as a share of the image's range."""
    profile: Literal["boxcar", "gaussian"] = "boxcar"
    """How a slice weighs what lies within its thickness."""
    thickness: float = 1.0
    """Slice thickness, in slice distances."""
    margin_mm: float = 6.0
    """Pixels this far from a labelled structure still count, where views have labels."""

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.rounds < 1:
            raise UsageError("SuperResolution needs 1 iteration and 1 round or more.")
        if self.smoothness < 0 or not min(self.edge, self.thickness) > 0:
            raise UsageError(
                "SuperResolution needs smoothness of 0 or more, edge and thickness above 0."
            )

    def __call__(self, views: Sequence[Posed], grid: Grid) -> Volume:
        """Return the image on a grid of the shared world, zero where no slice reaches.

        Raises
        ------
        InputError
            If there is no view or no view reaches the grid.
        """
        from anatwin.fuse.slices import slices_of

        if not views:
            raise InputError("Fusion needs at least one view.")
        stacks = [slices_of(view, grid, self) for view in views]
        # Scanners give every series its own unit; the finer differences are matched below.
        levels = [stack.level() for stack in stacks]
        stacks = [s.scaled(1 / level) for s, level in zip(stacks, levels, strict=True) if level]
        if not stacks:
            raise InputError("No view reaches the grid; are the transforms right?")
        scale = float(np.median([level for level in levels if level]))
        image = _first(stacks)
        for n in track(range(self.rounds), "fusing images"):
            if n:
                stacks = [stack.moved(_smooth(image)) for stack in stacks]
            stacks = [stack.matched(image) for stack in stacks]
            image = self._solved(stacks, image)
        return Volume(np.maximum(image * np.float32(scale), 0), grid)

    def _solved(self, stacks: "list[Slices]", start: Array) -> Array:
        """Return the image after steps down a separable bound of the cost, with momentum.

        Source: Kim, Pal, Thibault and Fessler 2013, doi:10.1109/TMI.2013.2266898.
        """
        from anatwin.ops.roughness import roughness_slope

        curvature = np.add.reduce([stack.curvature() for stack in stacks])
        reached = curvature > 0.02 * np.median(curvature[curvature > 0])
        limits = [stack.spread(start) * _HUBER for stack in stacks]
        noise = float(np.median(limits)) / _HUBER
        weight = np.float32(self.smoothness * noise**2 / self.edge)
        image, ahead, pace = start, start, 1.0
        for _ in track(range(self.iterations), "super-resolution"):
            rough, bound = roughness_slope(ahead, self.edge)
            slope = weight * rough
            bound = curvature + weight * bound
            for stack, limit in zip(stacks, limits, strict=True):
                slope += stack.slope(ahead, limit)
            step = np.where(reached, ahead - slope / np.maximum(bound, 1e-9), 0).astype(np.float32)
            faster = (1 + np.sqrt(1 + 4 * pace**2)) / 2
            ahead = step + np.float32((pace - 1) / faster) * (step - image)
            image, pace = step, float(faster)
        return image


def _first(stacks: "list[Slices]") -> Array:
    """Return the mean of what reaches each voxel."""
    weight = np.add.reduce([stack.curvature() for stack in stacks])
    total = np.add.reduce([stack.back_projected() for stack in stacks])
    floor = 0.02 * float(np.median(weight[weight > 0])) if np.any(weight > 0) else 1.0
    return np.where(weight > floor, total / np.maximum(weight, floor), 0).astype(np.float32)


def _smooth(image: Array) -> Array:
    """Return the image with the finest detail, which motion has not yet settled, taken out.

    What no slice reaches is zero; it stays out of the mean, and what is reached goes on into it.
    Otherwise a dark rim would pull slices towards the middle, round after round.
    """
    from scipy.ndimage import gaussian_filter

    share = gaussian_filter((image != 0).astype(np.float32), 0.7)
    blurred = gaussian_filter(image, 0.7) / np.maximum(share, 1e-3)
    return np.where(share > 1e-3, blurred, 0).astype(np.float32)
