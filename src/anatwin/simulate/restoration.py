"""Bone that fits a coarse image and carries the loads: from a network's guess, by optimisation."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Body, UsageError, Volume
from anatwin.nets import find
from anatwin.ops.blocks import block_mean, fill_blocks, shares_kept, spread_inside
from anatwin.simulate.bone_guess import guessed
from anatwin.simulate.topology import Topology

Array = NDArray[np.float64]

_EVEN = 0.4
_LEAST = 0.05
_BALANCED = 0.01


@dataclass(frozen=True, kw_only=True)
class Restoration:
    """Find the fine structure of a loaded bone whose coarse image is known.

    A network guesses it from the coarse image and how that is strained; a few steps of topology
    optimisation then mend what is broken. Every block keeps the share of bone that was measured.
    Optimisation from an even start needs no training (Kim et al. 2018, doi 10.1002/cnm.2950).
    """

    start: Literal["network", "even"] = "network"
    """What optimisation begins with: the network's guess, or bone spread evenly."""

    iterations: int = 15
    """Steps of optimisation, 30 or more from an even start; 0 leaves the network's guess."""

    block: int = 10
    """Fine pixels along the edge of a coarse one; the network knows 10."""

    model: Path | None = None
    """A network of one's own (enhance.onnx of anatwin train enhance) instead of the packaged."""

    def __post_init__(self) -> None:
        least = 1 if self.start == "even" else 0
        if self.iterations < least or self.block < 2:
            raise UsageError(
                f"Restoration needs iterations from {least} and blocks of 2 pixels or more, got "
                f"{self.iterations} and {self.block}."
            )

    def __call__(self, body: Body) -> Volume:
        """Return bone, 0 or 1, on the body's grid.

        Parameters
        ----------
        body
            Its densities are the measured shares, spread over the pixels of each block that may
            hold bone; where they are 0 is outside.

        Raises
        ------
        GeometryError
            If the body is not of whole blocks, or no plane where a network is to guess.
        """
        inside = body.density > 0
        share = block_mean(body.density.astype(np.float64), self.block)
        density = body.density if self.start == "even" else self._guess(body, share, inside)
        if self.iterations:
            density = self._optimised(body, np.where(inside, density.clip(_LEAST, 1.0), 0.0))
        score = np.where(inside, density, -1.0)
        bone = fill_blocks(score, share) & inside
        return Volume(bone.astype(np.float32), body.grid)

    def _optimised(self, body: Body, density: Array) -> Array:
        """Return densities after the steps of optimisation."""
        # Forces on pixels of next to no stiffness would rule the equilibrium; and one that is
        # nearly reached serves as well to begin with, at a third of the cost.
        topology = Topology(
            keep="blocks", block=self.block, iterations=self.iterations, tolerance=_BALANCED
        )
        return topology(replace(body, density=density, solid=None)).density.data

    def _guess(self, body: Body, share: Array, inside: NDArray[np.bool_]) -> Array:
        """Return densities between 0 and 1 as the network has them, nowhere quite empty."""
        score = guessed(body, self.model or find("bone"), self.block)
        found = shares_kept(score[..., None], share, inside)
        return (1 - _EVEN) * found + _EVEN * spread_inside(share, inside)
