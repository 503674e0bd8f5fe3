"""The residual network that turns coarse images of bone into fine ones.

Residual blocks on the coarse image's channels, then sub-pixel layers (Shi et al. 2016,
doi:10.1109/CVPR.2016.207): 5-fold and 2-fold.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

FACTOR = 10
_STEPS = (5, 2)


@dataclass(frozen=True, slots=True)
class EnhanceShape:
    """Size of the network.

    Parameters
    ----------
    channels
        Channels of the coarse image.
    features
        Channels between residual blocks.
    blocks
        Number of residual blocks of two convolutions each.
    fine
        Channels between the two sub-pixel layers.
    """

    channels: int = 9
    features: int = 64
    blocks: int = 6
    fine: int = 16

    def as_dict(self) -> dict[str, object]:
        """Return the fields as plain values."""
        return asdict(self)


class Residual(nn.Module):
    """Two convolutions with a rectifier between them, added to what goes in."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(features, features, 3, padding=1)
        self.second = nn.Conv2d(features, features, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape."""
        return x + self.second(functional.relu(self.first(x)))


class EnhanceNetwork(nn.Module):
    """Channels of a coarse image in, a logit for every fine pixel out."""

    def __init__(self, shape: EnhanceShape) -> None:
        super().__init__()
        self.shape = shape
        features, fine = shape.features, shape.fine
        self.enter = nn.Conv2d(shape.channels, features, 3, padding=1)
        self.blocks = nn.Sequential(*(Residual(features) for _ in range(shape.blocks)))
        self.widen = nn.Conv2d(features, fine * _STEPS[0] ** 2, 3, padding=1)
        self.refine = nn.Conv2d(fine, fine, 3, padding=1)
        self.leave = nn.Conv2d(fine, _STEPS[1] ** 2, 3, padding=1)

    def forward(self, channels: Tensor) -> Tensor:
        """Return logits ``n 1 10i 10j`` of channels ``n c i j``."""
        x = self.enter(channels)
        x = x + self.blocks(x)
        x = functional.relu(functional.pixel_shuffle(self.widen(x), _STEPS[0]))
        x = x + functional.relu(self.refine(x))
        return functional.pixel_shuffle(self.leave(x), _STEPS[1])


def keep_shares(logits: Tensor, share: Tensor, inside: Tensor) -> Tensor:
    """Return the logits, moved in every block so that it keeps its share of bone.

    Bisection finds the shift; one step of Newton's method after it tells the gradient how the
    shift follows the logits.

    Parameters
    ----------
    logits
        ``n 1 10i 10j``.
    share
        Share of bone in every block, ``n 1 i j``.
    inside
        Which pixels may hold bone, as 0 and 1, like the logits.
    """
    blocks, room = (functional.pixel_unshuffle(x, FACTOR) for x in (logits, inside))
    target = (share * FACTOR**2).clamp(min=0.05).minimum(room.sum(1, keepdim=True) - 0.05)
    with torch.no_grad():
        low = -15.0 - blocks.amax(1, keepdim=True)
        high = 15.0 - blocks.amin(1, keepdim=True)
        for _ in range(25):
            middle = (low + high) / 2
            full = ((blocks + middle).sigmoid() * room).sum(1, keepdim=True) > target
            low, high = torch.where(full, low, middle), torch.where(full, middle, high)
        found = (low + high) / 2
        density = (blocks + found).sigmoid()
        slope = (density * (1 - density) * room).sum(1, keepdim=True).clamp(min=1e-3)
    left = target - ((blocks + found).sigmoid() * room).sum(1, keepdim=True)
    return functional.pixel_shuffle(blocks + found + left / slope, FACTOR)
