"""Smooth fields and resolution changes, as one small matrix per axis.

A blur, a resampling or a spline is linear and separable, so it is three matrix products, the
quickest thing that a CPU does.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Shape = tuple[int, int, int]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Chance:
    """Two sources of chance that start from one seed.

    Parameters
    ----------
    rng
        For the few numbers of a recipe.
    noise
        For fields of numbers.
    """

    rng: np.random.Generator
    noise: torch.Generator

    @classmethod
    def of(cls, seed: int) -> Self:
        """Return the sources of a seed."""
        rng = np.random.default_rng(seed)
        return cls(rng, torch.Generator().manual_seed(int(rng.integers(2**62))))


def along_axes(x: Tensor, matrices: tuple[Matrix, Matrix, Matrix]) -> Tensor:
    """Return ``x`` with a matrix applied along each of its three axes."""
    a, b, c = (torch.from_numpy(m) for m in matrices)
    x = x @ c.T
    x = torch.matmul(b, x)
    return (a @ x.reshape(x.shape[0], -1)).reshape(a.shape[0], *x.shape[1:])


def spline(n: int, spacing: float) -> Matrix:
    """Return the matrix of a cubic B-spline whose knots are ``spacing`` samples apart."""
    position = np.arange(n) / spacing
    knots = int(np.ceil(n / spacing)) + 3
    distance = np.abs(position[:, None] + 1.0 - np.arange(knots)[None])
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.clip(2 - distance, 0, None) ** 3 / 6
    return np.where(distance < 1, near, far).astype(np.float32)


def slices(n: int, spacing: float, blur: float) -> Matrix:
    """Return the matrix that averages ``n`` samples to slices ``spacing`` samples apart.

    Parameters
    ----------
    n
        Samples before.
    spacing
        Distance of the slice centres.
    blur
        Standard deviation of the Gaussian slice profile, in samples.
    """
    centre = (np.arange(max(1, round(n / spacing))) + 0.5) * spacing - 0.5
    away = (np.arange(n)[None] - centre[:, None]) / max(blur, 0.2)
    weight = np.exp(-0.5 * away**2) + 1e-12
    return (weight / weight.sum(1, keepdims=True)).astype(np.float32)


def stretch(n: int, coarse: int) -> Matrix:
    """Return the matrix that interpolates ``coarse`` slices linearly to ``n`` samples."""
    position = np.clip((np.arange(n) + 0.5) * coarse / n - 0.5, 0, coarse - 1)
    distance = np.abs(position[:, None] - np.arange(coarse)[None])
    return np.clip(1 - distance, 0, None).astype(np.float32)


def smooth_field(shape: Shape, spacing: float, noise: torch.Generator) -> Tensor:
    """Return a smooth random field of about unit variance, its knots ``spacing`` voxels apart."""
    i, j, k = (spline(n, spacing) for n in shape)
    knots = torch.randn((i.shape[1], j.shape[1], k.shape[1]), generator=noise)
    return along_axes(knots, (i, j, k)) * 2.6
