"""The deep cascade of convolutional networks, with data consistency after every network.

Schlemper et al. 2018 (doi:10.1109/TMI.2017.2760978): networks of a few convolutions clean the
image, each is followed by a layer that puts the measured samples back, and all are trained
together.
"""

import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from anatwin.train.scan import Scan, share_samples

Consistency = Literal["trained", "fixed", "infinite"]


@dataclass(frozen=True, slots=True)
class CascadeShape:
    """Size of the network.

    Parameters
    ----------
    cascades
        Number of networks, each followed by data consistency.
    convolutions
        Convolutions of every network.
    features
        Channels between convolutions of single pixels; blocks of pixels get as many times more
        as their edge is long, which needs the same number of operations.
    strides
        Edge of the blocks of pixels that become channels, for the networks in turn, from the
        start again where there are more networks; (1,) is the paper's.
    neighbours
        Slices or frames on either side whose samples are shared; each reach adds an input image.
    shared
        Whether all networks have the same weights.
    consistency
        Weight of the samples against the network: ``trained`` (one for every cascade, kept
        positive), ``fixed``, or ``infinite`` (the samples replace what the network says).
    weight
        That weight, lambda in the paper; where the training starts if it is trained.
    coil_steps
        Steps of conjugate gradients that make an image consistent with several coils; 0 makes
        each coil's image consistent and combines them again, once.
    """

    cascades: int = 8
    convolutions: int = 5
    features: int = 32
    strides: tuple[int, ...] = (2, 1)
    neighbours: int = 0
    shared: bool = False
    consistency: Consistency = "trained"
    weight: float = 10.0
    coil_steps: int = 3

    def as_dict(self) -> dict[str, object]:
        """Return the fields as plain values."""
        return asdict(self)

    @property
    def multiple(self) -> int:
        """Number that rows and columns are padded to a multiple of."""
        return math.lcm(*self.strides)

    def stride(self, index: int) -> int:
        """Return the edge of one network's blocks of pixels."""
        return self.strides[index % len(self.strides)]


class Block(nn.Module):
    """Convolutions with a rectifier between them, added to the first image that goes in."""

    def __init__(self, shape: CascadeShape, index: int = 0) -> None:
        super().__init__()
        self.stride, self.multiple = shape.stride(index), shape.multiple
        block = 2 * self.stride**2
        widths = [block * (1 + shape.neighbours)]
        widths += [shape.features * self.stride] * (shape.convolutions - 1) + [block]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers[:-1])
        self._initialise()

    def _initialise(self) -> None:
        """Draw weights that keep the signal's size, and start close to changing nothing."""
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        last = self.layers[-1]
        assert isinstance(last, nn.Conv2d)
        with torch.no_grad():
            last.weight.mul_(0.05)

    def forward(self, images: Tensor) -> Tensor:
        """Return the image ``n 2 i j``, of images ``n 2m i j`` whose edges are multiples."""
        change = self.layers(functional.pixel_unshuffle(images, self.stride))
        return images[:, :2] + functional.pixel_shuffle(change.float(), self.stride)


class Cascade(nn.Module):
    """Undersampled slices in, images out."""

    def __init__(self, shape: CascadeShape) -> None:
        super().__init__()
        self.shape = shape
        count = 1 if shape.shared else shape.cascades
        self.blocks = nn.ModuleList(Block(shape, index) for index in range(count))
        if shape.consistency == "trained":
            start = torch.full((shape.cascades,), math.log(shape.weight))
            self.log_weights = nn.Parameter(start)
            self.log_coil_weights = nn.Parameter(start.clone())

    def block(self, index: int) -> Block:
        """Return the network of one cascade."""
        block = self.blocks[0 if self.shape.shared else index]
        assert isinstance(block, Block)
        return block

    def trust(self, *, coils: bool = False) -> Tensor:
        """Return how far every cascade moves to the samples: lambda / (1 + lambda), 1 at most.

        Of several coils the samples have a weight of their own: where coils hardly tell pixels
        apart, fitting the samples closely would amplify their noise.
        """
        n = self.shape.cascades
        if self.shape.consistency == "trained":
            return torch.sigmoid(self.log_coil_weights if coils else self.log_weights)
        if self.shape.consistency == "fixed":
            return torch.full((n,), self.shape.weight / (1 + self.shape.weight))
        return torch.ones(n)

    def forward(self, scan: Scan) -> Tensor:
        """Return complex images ``slice row column``."""
        image = scan.combined(scan.seen)
        shared = share_samples(scan, self.shape.neighbours)
        for index, trust in enumerate(self.trust(coils=scan.coils is not None)):
            block = self.block(index)
            image = refine(block, image, shared)
            image = scan.consistent(image, trust, coil_steps=self.shape.coil_steps)
        return image


def refine(block: Block, image: Tensor, shared: list[Tensor]) -> Tensor:
    """Return a complex image after one network, padded to whole blocks of pixels meanwhile."""
    channels = torch.cat([as_channels(x) for x in (image, *shared)], 1)
    rows, columns = image.shape[1:]
    n = block.multiple
    padded = functional.pad(channels, (0, -columns % n, 0, -rows % n))
    refined = block(padded)[..., :rows, :columns]
    return torch.view_as_complex(refined.permute(0, 2, 3, 1).contiguous())


def as_channels(image: Tensor) -> Tensor:
    """Return the real and the imaginary part as channels ``n 2 i j``."""
    return torch.view_as_real(image).permute(0, 3, 1, 2)
