"""Rigid motions and warps through which gradients flow."""

import torch
from torch import Tensor
from torch.nn import functional


def rigid(turns: Tensor, shifts: Tensor) -> Tensor:
    """Return motions ``n 4 4``: a turn about the origin, then a shift.

    Parameters
    ----------
    turns
        Rotation vectors [rad], ``n 3``.
    shifts
        ``n 3``.
    """
    x, y, z = turns.unbind(1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).reshape(-1, 3, 3)
    upper = torch.cat([torch.linalg.matrix_exp(skew), shifts[:, :, None]], 2)
    lower = torch.tensor([[[0.0, 0.0, 0.0, 1.0]]], device=turns.device, dtype=turns.dtype)
    return torch.cat([upper, lower.expand(len(turns), -1, -1)], 1)


def warp(values: Tensor, index: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Return volumes at the points of another lattice, zero outside: ``n c i j k``.

    Warping twice is warping by the product: ``warp(warp(v, a), b)`` is ``warp(v, a @ b)``.

    Parameters
    ----------
    values
        ``n c i j k``.
    index
        From an index of the wanted lattice to one of ``values``, ``n 4 4``.
    shape
        Of the wanted lattice.
    """
    axes = [torch.arange(n, dtype=index.dtype, device=index.device) for n in shape]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    at = points @ index[:, :3, :3].transpose(1, 2) + index[:, None, :3, 3]
    # grid_sample counts from -1 to 1, the last axis first.
    lengths = torch.tensor([max(n - 1, 1) for n in values.shape[2:]], device=index.device)
    grid = (2 * at / lengths - 1).flip(-1).reshape(len(index), *shape, 3).to(values.dtype)
    return functional.grid_sample(values, grid, align_corners=True)


def local_correlation(first: Tensor, second: Tensor, *, window: int = 7) -> Tensor:
    """Return the mean correlation in cubes about every voxel, weighed by how much they vary.

    Parameters
    ----------
    first, second
        ``n 1 i j k``, values of about 0 to 1.
    window
        Edge of the cubes, odd.
    """

    def mean(x: Tensor) -> Tensor:
        return functional.avg_pool3d(x, window, 1, window // 2)

    a, b = mean(first), mean(second)
    both = mean(first * second) - a * b
    # rounding makes the variance of flat cubes slightly negative
    spread = [(mean(x * x) - m * m).clamp(min=0) for x, m in ((first, a), (second, b))]
    floor = 1e-4
    correlation = both / ((spread[0] + floor) * (spread[1] + floor)).sqrt()
    weight = (spread[0].detach() + spread[1].detach()).sqrt()
    return (correlation * weight).sum() / weight.sum().clamp(min=1e-6)


def difference(first: Tensor, second: Tensor) -> Tensor:
    """Return by how much two soft masks differ, as a share of both: 0 to 1."""
    return (first - second).abs().sum() / (first + second).sum().clamp(min=1.0)
