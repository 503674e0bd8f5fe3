"""What the network that enhances bone learns from: grown femora, coarse and fine."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from anatwin.core import Grid
from anatwin.ops.blocks import block_mean, spread_inside
from anatwin.phantoms import Femur
from anatwin.simulate.coarse_mechanics import coarse_channels
from anatwin.train.enhance_network import FACTOR

Mask = NDArray[np.bool_]
Image = NDArray[np.float32]
Window = tuple[Image, Image, Image]

NOISE = 0.02
_LEAST_INSIDE = 0.3


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """One femur to learn from.

    Parameters
    ----------
    channels
        What the network sees of the coarse image, ``channel i j``.
    bone, inside
        What is bone and what may be, ``10i 10j``.
    """

    channels: NDArray[np.float32]
    bone: Mask
    inside: Mask


@dataclass(frozen=True, eq=False, slots=True)
class EnhanceBatch:
    """Windows of femora, as torch tensors.

    Parameters
    ----------
    channels
        ``n channel i j``.
    bone, inside
        0 and 1, ``n 1 10i 10j``.
    """

    channels: Tensor
    bone: Tensor
    inside: Tensor


def example(femur: Femur, bone: Mask, grid: Grid, *, seed: int = 0) -> Example:
    """Return a femur, its coarse image with noise, and that image's mechanics."""
    inside = femur.outline.inside(grid)
    share = block_mean(bone, FACTOR)
    share += NOISE * np.random.default_rng(seed).standard_normal(share.shape)
    body = femur.body(grid, spread_inside(share.clip(0, 1), inside))
    return Example(coarse_channels(body, FACTOR).astype(np.float32), bone, inside)


def batch(
    examples: Sequence[Example], *, edge: int, count: int, seed: Sequence[int]
) -> EnhanceBatch:
    """Return random windows, turned over at random, with new noise.

    Parameters
    ----------
    examples
        Femora to draw from.
    edge
        Blocks along the edge of a window.
    count
        Number of windows.
    seed
        Which.
    """
    rng = np.random.default_rng(seed)
    windows = [_window(examples[int(rng.integers(len(examples)))], edge, rng) for _ in range(count)]
    channels, bone, inside = (
        torch.from_numpy(np.stack(arrays)) for arrays in zip(*windows, strict=True)
    )
    return EnhanceBatch(channels, bone[:, None], inside[:, None])


def _window(source: Example, edge: int, rng: np.random.Generator) -> Window:
    """Return one window that lies inside the bone for a good part."""
    rows, columns = source.channels.shape[1:]
    while True:
        i, j = rng.integers(rows - edge + 1), rng.integers(columns - edge + 1)
        channels = source.channels[:, i : i + edge, j : j + edge].copy()
        if channels[1].mean() > _LEAST_INSIDE:
            break
    fine = tuple(slice(FACTOR * n, FACTOR * (n + edge)) for n in (i, j))
    bone, inside = (x[fine].astype(np.float32) for x in (source.bone, source.inside))
    noisy = block_mean(bone, FACTOR) + NOISE * rng.standard_normal((edge, edge))
    channels[0] = np.where(channels[1] > 0, noisy.clip(0, 1), 0)
    return _turned(channels, bone, inside, turns=int(rng.integers(8)))


def _turned(channels: Image, bone: Image, inside: Image, *, turns: int) -> Window:
    """Return a window mirrored in one of eight ways, its strains with it."""
    if turns & 1:
        channels, bone, inside = channels[:, ::-1], bone[::-1], inside[::-1]
    if turns & 2:
        channels, bone, inside = channels[..., ::-1], bone[:, ::-1], inside[:, ::-1]
    if turns & 4:
        order = [0, 1, 2, 6, 4, 7, 3, 5, 8]  # xx and yy change places
        channels, bone, inside = channels[order].swapaxes(1, 2), bone.T, inside.T
    channels = channels.copy()
    if turns & 1 ^ (turns & 2) >> 1:
        channels[[5, 7]] *= -1  # shear changes its sign under one mirror
    return channels, bone.copy(), inside.copy()
