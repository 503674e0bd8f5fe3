"""From a fingerprint and a machine to a plan: voxel size, patch, network and schedule.

The rules are those of Isensee et al. 2021 (doi:10.1038/s41592-020-01008-z), for one
full-resolution network; what is sized for a processor is ours.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, prod
from typing import Literal

from anatwin.segment.recipe import Channel, Scaling
from anatwin.train.fingerprint import Fingerprint
from anatwin.train.segment_plan import Axes, SegmentPlan, Spacing

ANISOTROPIC = 3.0
"""An axis is coarse if its voxels are this much longer than the others'."""

SHORTEST = 4
"""Fewest voxels along an axis at the lowest level."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the training runs on.

    Parameters
    ----------
    device
        ``cpu`` or ``cuda``.
    memory_gb
        Memory for one step.
    """

    device: Literal["cpu", "cuda"]
    memory_gb: float


@dataclass(frozen=True, slots=True)
class _Size:
    """How large the network may be on a kind of machine.

    On a processor time is what is short: half the resolution at once, few steps. Momentum sums
    over 1 / (1 - momentum) steps; where there are few it must forget sooner, and the rate is higher
    by as much, so that rate / (1 - momentum) stays the same.
    """

    stem: int
    width: int
    widest: int
    levels: int
    steps: int
    rate: float
    momentum: float
    bytes_a_value: int


_SIZES = {
    "cpu": _Size(
        stem=2,
        width=16,
        widest=128,
        levels=4,
        steps=700,
        rate=0.1,
        momentum=0.9,
        bytes_a_value=4,
    ),
    "cuda": _Size(
        stem=1,
        width=32,
        widest=320,
        levels=6,
        steps=50_000,
        rate=0.01,
        momentum=0.99,
        bytes_a_value=2,
    ),
}


def make_plan(fingerprint: Fingerprint, machine: Machine) -> SegmentPlan:
    """Return the plan for a dataset on a machine."""
    spacing = target_spacing(fingerprint)
    ratio = zip(fingerprint.shape, fingerprint.spacing_mm, spacing, strict=True)
    shape = [n * old / new for n, old, new in ratio]
    size = _SIZES[machine.device]
    classes = len(fingerprint.present) + 1
    patch, stem, strides, kernels = _largest_patch(shape, spacing, machine, classes=classes)
    widths = _widths(size, len(strides) + 1)
    one = step_bytes(patch, stem, strides, widths, classes=classes, value=size.bytes_a_value)
    coarse = spacing.index(max(spacing))
    is_coarse = max(spacing) > ANISOTROPIC * min(spacing)
    return SegmentPlan(
        spacing_mm=spacing,
        channels=_channels(fingerprint),
        patch=patch,
        batch=_batch(fingerprint.n_cases * prod(shape), prod(patch), one, machine),
        stem=stem,
        strides=strides,
        kernels=kernels,
        widths=widths,
        steps=size.steps,
        rate=size.rate,
        momentum=size.momentum,
        turned_axes=(coarse,) if is_coarse else (0, 1, 2),
    )


def target_spacing(fingerprint: Fingerprint) -> Spacing:
    """Return the median spacing; along a coarse and short axis the 10th percentile."""
    spacing, shape = list(fingerprint.spacing_mm), fingerprint.shape
    worst = spacing.index(max(spacing))
    others = [axis for axis in range(3) if axis != worst]
    finest = max(spacing[axis] for axis in others)
    is_coarse = spacing[worst] > ANISOTROPIC * finest
    if is_coarse and ANISOTROPIC * shape[worst] < min(shape[axis] for axis in others):
        spacing[worst] = max(fingerprint.fine_spacing_mm[worst], finest)
    x, y, z = spacing
    return (x, y, z)


def topology(
    patch: list[int], spacing: Spacing, *, stem: int, levels: int
) -> tuple[Axes, tuple[Axes, ...], tuple[Axes, ...]]:
    """Return the stem, the strides and the kernels for a patch.

    An axis is pooled while it stays ``SHORTEST`` voxels long and its voxels are not twice as long
    as the shortest; kernels are 3 wide along the same axes.
    """
    step = [
        stem if n >= 2 * SHORTEST * stem and s < 2 * min(spacing) else 1
        for n, s in zip(patch, spacing, strict=True)
    ]
    edges = [n / s for n, s in zip(patch, step, strict=True)]
    length = [a * b for a, b in zip(spacing, step, strict=True)]
    strides, kernels = [], [_where(length, 3)]
    for _ in range(levels - 1):
        free = [axis for axis in range(3) if edges[axis] >= 2 * SHORTEST]
        if not free:
            break
        near = 2 * min(length[axis] for axis in free)
        stride = [2 if axis in free and length[axis] < near else 1 for axis in range(3)]
        edges = [ceil(n / s) for n, s in zip(edges, stride, strict=True)]
        length = [a * b for a, b in zip(length, stride, strict=True)]
        strides.append(_axes(stride))
        kernels.append(_where(length, 3))
    return _axes(step), tuple(strides), tuple(kernels)


def step_bytes(
    patch: Axes,
    stem: Axes,
    strides: tuple[Axes, ...],
    widths: tuple[int, ...],
    *,
    classes: int,
    value: int,
) -> float:
    """Estimate the memory that one patch of a step takes [bytes].

    What the layers keep, with the gradients of as much, and three times the scores.

    Parameters
    ----------
    patch, stem, strides, widths
        As in a plan.
    classes
        Structures, background included.
    value
        Bytes of a layer's value.
    """
    voxels, layers = prod(patch) / prod(stem), 0.0
    for level, width in enumerate(widths):
        # Down: two convolutions and their norms; up: as many, less what is computed in place.
        layers += voxels * width * (8 if level < len(strides) else 4)
        voxels /= prod(strides[level]) if level < len(strides) else 1
    return 2 * layers * value + 12 * classes * prod(patch)


def _largest_patch(
    shape: list[float], spacing: Spacing, machine: Machine, *, classes: int
) -> tuple[Axes, Axes, tuple[Axes, ...], tuple[Axes, ...]]:
    """Return the largest patch of the cases' proportions that fits, and its topology."""
    size = _SIZES[machine.device]
    scale = 1.0
    while True:
        edges = [max(SHORTEST, round(n * scale)) for n in shape]
        stem, strides, kernels = topology(edges, spacing, stem=size.stem, levels=size.levels)
        multiple = [prod(steps) for steps in zip(stem, *strides, strict=True)]
        patch = _axes(ceil(n / m) * m for n, m in zip(edges, multiple, strict=True))
        widths = _widths(size, len(strides) + 1)
        # A batch holds two patches at least.
        needed = 2 * step_bytes(
            patch, stem, strides, widths, classes=classes, value=size.bytes_a_value
        )
        if needed <= machine.memory_gb * 1e9 or max(edges) <= 2 * SHORTEST:
            return patch, stem, strides, kernels
        scale *= 0.97


def _batch(dataset_voxels: float, patch_voxels: int, one: float, machine: Machine) -> int:
    """Return how many patches fit; no more than a twentieth of the data, two at least."""
    if machine.device == "cpu":
        return 2
    fitting = int(machine.memory_gb * 1e9 / one)
    return max(2, min(fitting, int(0.05 * dataset_voxels / patch_voxels)))


def _channels(fingerprint: Fingerprint) -> tuple[Channel, ...]:
    scaling: Scaling = "z-score" if fingerprint.nonzero > 0.75 else "z-score of the non-zero"
    return tuple(
        Channel(
            name=values.channel,
            scaling="fixed" if values.channel.lower() == "ct" else scaling,
            low=values.low,
            high=values.high,
            mean=values.mean,
            deviation=values.deviation,
        )
        for values in fingerprint.intensities
    )


def _widths(size: _Size, levels: int) -> tuple[int, ...]:
    return tuple(min(size.width * 2**level, size.widest) for level in range(levels))


def _where(length: list[float], edge: int) -> Axes:
    return _axes(edge if n < 2 * min(length) else 1 for n in length)


def _axes(values: Iterable[int]) -> Axes:
    i, j, k = (int(v) for v in values)
    return (i, j, k)
