"""A 3-D spatial transformer for rigid motion: two views in, six parameters out, again and again.

After Jaderberg et al. 2015 (arXiv:1506.02025) and SuperMask (Gu et al. 2023).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from anatwin.train.rigid_warp import rigid, warp
from anatwin.train.thick_views import LATTICE, lattice_matrix

Estimator = Callable[[Tensor, Tensor], Tensor]
"""Takes the moving and the fixed view on the lattice, ``n 1 i j k``; returns the motion from the
fixed to the moving one [mm from the lattice's middle], ``n 4 4``."""

SHIFT_MM = 40.0
"""What an output of 1 means for a shift; for a turn it means 1 rad."""


@dataclass(frozen=True, slots=True)
class AlignShape:
    """Size of the network: channels at every level, and of the layer before the parameters."""

    widths: tuple[int, ...] = (16, 32, 32, 64)
    hidden: int = 64

    def as_dict(self) -> dict[str, object]:
        """Return the fields as plain values."""
        return asdict(self)


class AlignNet(nn.Module):
    """Moving and fixed view in, rigid motion out; untrained it moves nothing."""

    def __init__(self, shape: AlignShape) -> None:
        super().__init__()
        self.shape = shape
        layers: list[nn.Module] = []
        for before, after in pairwise((2, *shape.widths)):
            layers += [
                nn.Conv3d(before, after, 3, 2, 1, bias=False),
                nn.GroupNorm(8, after),
                nn.LeakyReLU(0.01, inplace=True),
            ]
        edge = LATTICE // 2 ** len(shape.widths)
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.hidden = nn.Sequential(
            nn.Linear(shape.widths[-1] * edge**3, shape.hidden), nn.LeakyReLU(0.01)
        )
        self.parameters_of_motion = nn.Linear(shape.hidden, 6)
        nn.init.zeros_(self.parameters_of_motion.weight)
        nn.init.zeros_(self.parameters_of_motion.bias)

    def forward(self, moving: Tensor, fixed: Tensor) -> Tensor:
        """Return the motion from the fixed to the moving view, ``n 4 4``."""
        seen = self.features(torch.cat([moving, fixed], 1))
        found = self.parameters_of_motion(self.hidden(seen))
        return rigid(found[:, :3], SHIFT_MM * found[:, 3:])


def lattice_index(motion: Tensor) -> Tensor:
    """Return a motion [mm] as the map between indices of the lattice, ``n 4 4``."""
    to_mm = torch.as_tensor(lattice_matrix(), dtype=motion.dtype, device=motion.device)
    return torch.linalg.inv(to_mm) @ motion @ to_mm


def aligned(
    estimate: Estimator, moving: Tensor, fixed: Tensor, *, start: Tensor, steps: int
) -> Tensor:
    """Return the motion from the fixed to the moving view, estimated anew after every warp.

    Parameters
    ----------
    estimate
        The network.
    moving, fixed
        On the lattice, ``n 1 i j k``.
    start
        First motion, ``n 4 4``.
    steps
        How often it is estimated.
    """
    accumulated = start
    for _ in range(steps):
        moved = warp(moving, lattice_index(accumulated), (LATTICE,) * 3)
        # A new motion acts on the fixed view first: it leads to where the warped one was sampled.
        accumulated = accumulated @ estimate(moved, fixed)
    return accumulated
