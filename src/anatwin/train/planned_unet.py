"""A 3-D U-Net whose pooling, kernels and width a plan decides, deeply supervised.

Every axis is pooled, and its kernels are wide, only where the plan says so, after Isensee et al.
2021 (doi:10.1038/s41592-020-01008-z). A stem may turn blocks of voxels into channels, and the head
writes them back, so that the costly layers at full resolution need not exist on a processor.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional

Axes = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class PlannedShape:
    """Size of the network.

    Parameters
    ----------
    channels
        Images that go in.
    classes
        Structures that come out, background included.
    stem
        Edges of the blocks of voxels that become channels.
    widths
        Channels at every level.
    strides
        Step from every level but the last to the one below it.
    kernels
        Edges of the convolutions at every level, 1 or 3.
    """

    channels: int
    classes: int
    stem: Axes
    widths: tuple[int, ...]
    strides: tuple[Axes, ...]
    kernels: tuple[Axes, ...]

    @property
    def multiple(self) -> Axes:
        """Numbers that the edges of the image must be multiples of."""
        i, j, k = (prod(steps) for steps in zip(self.stem, *self.strides, strict=True))
        return (i, j, k)

    def as_dict(self) -> dict[str, object]:
        """Return the fields as plain values."""
        return asdict(self)


def blocks_to_channels(x: Tensor, block: Axes) -> Tensor:
    """Return blocks of voxels as channels: ``n c ai bj ck`` to ``n abc*c i j k``."""
    n, c, *edges = x.shape
    (a, b, d), (i, j, k) = block, (edge // step for edge, step in zip(edges, block, strict=True))
    x = x.reshape(n, c, i, a, j, b, k, d).permute(0, 3, 5, 7, 1, 2, 4, 6)
    return x.reshape(n, a * b * d * c, i, j, k)


def channels_to_blocks(x: Tensor, block: Axes) -> Tensor:
    """Return channels as blocks of voxels, the inverse of ``blocks_to_channels``."""
    n, _, i, j, k = x.shape
    a, b, d = block
    x = x.reshape(n, a, b, d, -1, i, j, k).permute(0, 4, 5, 1, 6, 2, 7, 3)
    return x.reshape(n, -1, i * a, j * b, k * d)


def _convolve(
    before: int, after: int, kernel: Axes, stride: Axes = (1, 1, 1)
) -> tuple[nn.Module, ...]:
    """Return a convolution, a group normalisation and a rectifier."""
    around = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)
    return (
        nn.Conv3d(before, after, kernel, stride, around, bias=False),
        nn.GroupNorm(8, after),
        nn.LeakyReLU(0.01, inplace=True),
    )


class PlannedBlock(nn.Sequential):
    """Twice: convolution, group normalisation, rectifier."""

    def __init__(self, before: int, after: int, kernel: Axes, stride: Axes = (1, 1, 1)) -> None:
        super().__init__(
            *_convolve(before, after, kernel, stride), *_convolve(after, after, kernel)
        )


class PlannedUNet(nn.Module):
    """Images in, one score per structure out."""

    def __init__(self, shape: PlannedShape) -> None:
        super().__init__()
        self.shape = shape
        widths, block = shape.widths, prod(shape.stem)
        self.first = PlannedBlock(block * shape.channels, widths[0], shape.kernels[0])
        steps = list(pairwise(widths))
        self.down = nn.ModuleList(
            PlannedBlock(a, b, kernel, stride)
            for (a, b), kernel, stride in zip(steps, shape.kernels[1:], shape.strides, strict=True)
        )
        self.reduce = nn.ModuleList(nn.Conv3d(b, a, 1) for a, b in steps)
        self.up = nn.ModuleList(
            PlannedBlock(2 * a, a, kernel)
            for (a, _), kernel in zip(steps, shape.kernels[:-1], strict=True)
        )
        self.heads = nn.ModuleList(
            nn.Conv3d(width, shape.classes, 1) for width in widths[: max(1, len(widths) - 2)]
        )
        fine = widths[0] + 8
        self.last = nn.Sequential(
            *_convolve(widths[0] + block * shape.channels, fine, shape.kernels[0])
        )
        self.within = nn.Conv3d(fine, shape.classes * block, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv3d):
                nn.init.kaiming_normal_(layer.weight, a=0.01)

    def supervised(self, image: Tensor) -> list[Tensor]:
        """Return scores at full resolution, then at every level that is supervised."""
        voxels = blocks_to_channels(image, self.shape.stem)
        levels = [self.first(voxels)]
        for down in self.down:
            levels.append(down(levels[-1]))
        x, scores = levels.pop(), []
        for level in reversed(range(len(self.up))):
            raised = _raise(self.reduce[level](x), self.shape.strides[level])
            x = self.up[level](torch.cat((raised, levels.pop()), 1))
            if 0 < level < len(self.heads):
                scores.append(self.heads[level](x))
        # What a block's voxels have in common is learned at once, their differences beside it.
        common = _raise(self.heads[0](x), self.shape.stem)
        apart = self.within(self.last(torch.cat((x, voxels), 1)))
        return [common + channels_to_blocks(apart, self.shape.stem), *reversed(scores)]

    def forward(self, image: Tensor) -> Tensor:
        """Return scores ``n class i j k`` of images ``n channel i j k``."""
        return self.supervised(image)[0]


def _raise(x: Tensor, stride: Axes) -> Tensor:
    """Repeat voxels up to the level above."""
    return functional.interpolate(x, scale_factor=[float(s) for s in stride], mode="nearest")
