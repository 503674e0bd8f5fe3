"""A 3-D U-Net that is quick on a CPU: it halves the grid before its first convolution.

The image's 2 x 2 x 2 blocks become eight channels (space to depth), so that the costly
full-resolution layers do not exist, and the last layer writes eight voxels at a time (depth to
space), so that the labels keep the image's resolution. Group normalisation keeps batches of one
patch stable. After Ronneberger et al. 2015 (doi:10.1007/978-3-319-24574-4_28).
"""

from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 2
"""Edge of the blocks that become channels."""

DEEP = 2
"""Lowest levels, always in single precision: oneDNN's bfloat16 weight gradients of convolutions
over 2 x 2 x 2 voxels come out as random memory (torch 2.13, AVX-512), and they cost little."""


@dataclass(frozen=True, slots=True)
class UNetShape:
    """Size of the network.

    Parameters
    ----------
    widths
        Channels at every level, from half resolution down.
    classes
        Structures, background included.
    head_width
        Channels that the eight voxels of a block are written from.
    groups
        Groups of the normalisation.
    gain
        Factor on the scores, so that the last layer's weights, which grow by about the learning
        rate a step, need not grow far.
    """

    widths: tuple[int, ...] = (32, 64, 128, 192, 256)
    classes: int = 21
    head_width: int = 48
    groups: int = 8
    gain: float = 4.0

    @property
    def multiple(self) -> int:
        """Number that every edge of the image must be a multiple of."""
        return STRIDE ** len(self.widths)

    def as_dict(self) -> dict[str, object]:
        """Return the fields as plain values."""
        return asdict(self)


def space_to_depth(x: Tensor) -> Tensor:
    """Return blocks as channels: ``n c 2i 2j 2k`` to ``n 8c i j k``."""
    n, c, i, j, k = x.shape
    x = x.reshape(n, c, i // 2, 2, j // 2, 2, k // 2, 2)
    return x.permute(0, 3, 5, 7, 1, 2, 4, 6).reshape(n, 8 * c, i // 2, j // 2, k // 2)


def depth_to_space(x: Tensor) -> Tensor:
    """Return channels as blocks, the inverse of ``space_to_depth``."""
    n, c, i, j, k = x.shape
    x = x.reshape(n, 2, 2, 2, c // 8, i, j, k)
    return x.permute(0, 4, 5, 1, 6, 2, 7, 3).reshape(n, c // 8, 2 * i, 2 * j, 2 * k)


class Block(nn.Sequential):
    """Convolution, group normalisation, rectifier."""

    def __init__(self, before: int, after: int, *, stride: int = 1, groups: int = 8) -> None:
        super().__init__(
            nn.Conv3d(before, after, 3, stride, 1, bias=False),
            nn.GroupNorm(groups, after),
            nn.LeakyReLU(0.01, inplace=True),
        )


class Up(nn.Module):
    """Join a coarse level to the finer one above it."""

    def __init__(self, coarse: int, fine: int, *, extra: int, after: int, groups: int) -> None:
        super().__init__()
        self.reduce = nn.Conv3d(coarse, fine, 1)
        self.block = Block(2 * fine + extra, after, groups=groups)

    def forward(self, coarse: Tensor, *fine: Tensor) -> Tensor:
        """Return the finer level's new channels."""
        raised = functional.interpolate(self.reduce(coarse), scale_factor=2.0, mode="nearest")
        return self.block(torch.cat((raised, *fine), 1))


class UNet(nn.Module):
    """Image in, one score per structure out."""

    def __init__(self, shape: UNetShape) -> None:
        super().__init__()
        self.shape = shape
        widths, groups = shape.widths, shape.groups
        steps = list(pairwise(widths))
        self.first = nn.Sequential(
            Block(STRIDE**3, widths[0], groups=groups), Block(widths[0], widths[0], groups=groups)
        )
        self.down = nn.ModuleList(
            nn.Sequential(Block(a, b, stride=2, groups=groups), Block(b, b, groups=groups))
            for a, b in steps
        )
        self.up = nn.ModuleList(Up(b, a, extra=0, after=a, groups=groups) for a, b in steps[1:])
        self.last_up = Up(
            widths[1], widths[0], extra=STRIDE**3, after=shape.head_width, groups=groups
        )
        self.last = Block(shape.head_width, shape.head_width, groups=groups)
        self.head = nn.Conv3d(shape.head_width, STRIDE**3 * shape.classes, 1)

    def blocks(self, image: Tensor, corners: Tensor | None = None) -> Tensor:
        """Return scores with blocks as channels, ``n 8c i/2 j/2 k/2``: what the loss needs.

        Parameters
        ----------
        image
            ``n 1 i j k``.
        corners
            The voxels of a block to return, out of eight; all by default.
        """
        voxels = space_to_depth(image)
        levels = [self.first(voxels)]
        for down in self.down[:-DEEP]:
            levels.append(down(levels[-1]))
        with torch.autocast(image.device.type, enabled=False):
            for down in self.down[-DEEP:]:
                levels.append(down(levels[-1].float()))
        x = levels.pop()
        for up in reversed(self.up):
            x = up(x, levels.pop())
        x = self.last(self.last_up(x, levels.pop(), voxels))
        if corners is None:
            return self.shape.gain * self.head(x)
        assert self.head.bias is not None
        weight, bias = (
            part.reshape(STRIDE**3, -1, *part.shape[1:])[corners].flatten(0, 1)
            for part in (self.head.weight, self.head.bias)
        )
        return self.shape.gain * functional.conv3d(x, weight, bias)

    def forward(self, image: Tensor) -> Tensor:
        """Return scores ``n c i j k`` of an image ``n 1 i j k``, edges multiples of 32."""
        return depth_to_space(self.blocks(image))
