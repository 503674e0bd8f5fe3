"""Which lines or points of k-space an accelerated scan measures."""

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.coils import middle_block

Mask = NDArray[np.bool_]


def measured_count(shape: tuple[int, ...], acceleration: float) -> int:
    """Return how many lines or points an acceleration leaves, at least one."""
    return max(1, round(int(np.prod(shape)) / acceleration))


def draw(log_weight: NDArray[np.float64], count: int, *, seed: int) -> Mask:
    """Choose exactly ``count`` places one after the other, never one twice.

    Parameters
    ----------
    log_weight
        Logarithm of the odds of every place; infinity is always chosen, minus infinity last.
    count
        How many.
    seed
        Which draw.

    Source: Efraimidis & Spirakis 2006, doi:10.1016/j.ipl.2005.11.003.
    """
    keys = log_weight + np.random.default_rng(seed).gumbel(size=log_weight.shape)
    mask = np.zeros(log_weight.shape, bool)
    mask.flat[np.argsort(-keys, axis=None)[:count]] = True
    return mask


def variable_density(
    shape: tuple[int, ...], acceleration: float, *, calibration: int, seed: int
) -> Mask:
    """Choose the lines of one or two phase-encoding axes: dense in the middle, sparse outside.

    Exactly ``round(n / acceleration)`` lines are measured, the centre among them. The others are
    drawn with a density that falls with the square of the distance to the edge (Lustig et al.
    2007, doi:10.1002/mrm.21391), and kept apart from each other, so that gaps stay small enough
    for several coils to fill.

    Parameters
    ----------
    shape
        Number of lines along each phase-encoding axis.
    acceleration
        All lines over measured lines, the centre counted.
    calibration
        Lines measured without a gap around zero frequency along each axis. They are fewer where
        they would be more than half of what is measured.
    seed
        Which draw.
    """
    rng = np.random.default_rng(seed)
    wanted = measured_count(shape, acceleration)
    mask = calibration_block(shape, calibration, wanted)
    distance = distance_from_centre(shape)
    weight = np.maximum(1 - distance, 0) ** 2 + 1e-6
    weight[mask] = 0
    density = _scaled(weight, wanted - int(mask.sum()))
    return _draw_apart(mask, density, wanted, rng)


def calibration_block(shape: tuple[int, ...], calibration: int, wanted: int) -> Mask:
    """Return the middle ``calibration`` lines of every axis, at most half of those wanted."""
    most = max(1, int((wanted / 2) ** (1 / len(shape))))
    widths = [min(calibration, n, most) for n in shape]
    mask = np.zeros(shape, bool)
    mask[middle_block(shape, widths)] = True
    return mask


def distance_from_centre(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the distance from zero frequency, one at the middle of every edge."""
    axes = [(np.arange(n) - n // 2) / max(n / 2, 1) for n in shape]
    return np.sqrt(sum(a**2 for a in np.meshgrid(*axes, indexing="ij")))


def _scaled(weight: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    """Return ``weight`` scaled so that it sums to ``total`` with no value above one."""
    low, high = 0.0, 1e9
    for _ in range(100):
        scale = (low + high) / 2
        low, high = (scale, high) if np.minimum(scale * weight, 1).sum() < total else (low, scale)
    return np.minimum(high * weight, 1)


def _draw_apart(
    mask: Mask, density: NDArray[np.float64], wanted: int, rng: np.random.Generator
) -> Mask:
    """Add lines in random order, likely ones first, each as far from others as its density asks.

    The distance asked for shrinks from round to round until enough lines are in.
    """
    likely = density > 0
    keys = np.log(density, where=likely, out=np.full(mask.shape, -np.inf))
    order = np.argsort(-(keys + rng.gumbel(size=mask.shape)), axis=None)[: likely.sum()]
    reach = (0.5 if mask.ndim == 1 else 0.62) * np.where(likely, density, 1) ** (-1 / mask.ndim)
    left = wanted - int(mask.sum())
    for shrink in (1.0, 0.8, 0.6, 0.4, 0.2, 0.0):
        steps = (shrink * reach.flat[order] + shrink * rng.random(len(order))).astype(int)
        left -= _throw(mask, order, steps.tolist(), left)
    return mask


def _throw(mask: Mask, order: NDArray[np.intp], steps: list[int], left: int) -> int:
    """Add up to ``left`` lines that have no other within their steps; return how many."""
    added = 0
    places = zip(*(a.tolist() for a in np.unravel_index(order, mask.shape)), strict=True)
    for place, step in zip(places, steps, strict=True):
        if added == left:
            break
        if not mask[tuple(slice(max(p - step, 0), p + step + 1) for p in place)].any():
            mask[place] = True
            added += 1
    return added
