"""Random patches of labelled cases: which, where, how turned and how altered.

Shares and ranges are those of Isensee et al. 2021 (doi:10.1038/s41592-020-01008-z), but for
mirroring: cases lie right, anterior and superior upwards, so only left and right are exchanged,
structures with sides and all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from anatwin.segment.recipe import Recipe
from anatwin.train.alterations import alter
from anatwin.train.prepared import Prepared
from anatwin.train.segment_plan import SegmentPlan

Example = tuple[NDArray[np.float32], NDArray[np.uint8]]

TURN, STRETCH = 0.2, 0.2
"""Shares of patches that are turned, and that are made larger or smaller."""

MOST_TURN = np.pi / 6


@dataclass(frozen=True)
class Patches(Dataset[Example]):
    """Patches by number; the same number gives the same patch.

    Parameters
    ----------
    cases
        Where they come from.
    plan
        Size, and where they lie.
    recipe
        The structures, for mirror images.
    seed
        Start of every patch's own seed.
    """

    cases: Sequence[Prepared]
    plan: SegmentPlan
    recipe: Recipe
    seed: int = 0

    def __getitem__(self, number: int) -> Example:
        """Return image ``channel i j k`` and labels ``i j k`` of a patch."""
        rng = np.random.default_rng((self.seed, number))
        case = self.cases[int(rng.integers(len(self.cases)))]
        middle = _middle(case, self.plan, rng)
        image, labels = cut(case, middle, self.plan.patch, _transform(self.plan, rng))
        if rng.random() < 0.5:
            image = np.ascontiguousarray(image[:, ::-1])
            labels = self.recipe.table.mirrored()[labels[::-1]].astype(np.uint8)
        return alter(image, rng), labels


def _middle(case: Prepared, plan: SegmentPlan, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the middle of a patch: on a structure, or anywhere, and within the case."""
    size, patch = np.array(case.labels.shape), np.array(plan.patch)
    first = -(np.maximum(patch - size, 0) // 2)
    last = np.maximum(size - patch, first)
    if rng.random() < plan.foreground and len(case.places):
        index = rng.choice(np.unique(case.places[:, 0]))
        place = rng.choice(case.places[case.places[:, 0] == index])[1:]
        start = np.clip(place - patch // 2, first, last)
    else:
        start = rng.integers(first, last + 1)
    return start + (patch - 1) / 2


def _transform(plan: SegmentPlan, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the matrix from steps in the patch to steps in the case, in voxels."""
    matrix = np.eye(3)
    if rng.random() < TURN:
        for axis in plan.turned_axes:
            matrix = matrix @ _rotation(axis, rng.uniform(-MOST_TURN, MOST_TURN))
    if rng.random() < STRETCH:
        matrix = matrix * np.exp(rng.uniform(np.log(0.7), np.log(1.4)))
    spacing = np.array(plan.spacing_mm)
    return matrix * spacing / spacing[:, None]


def _rotation(axis: int, angle: float) -> NDArray[np.float64]:
    matrix = np.eye(3)
    a, b = (n for n in range(3) if n != axis)
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix


def cut(
    case: Prepared,
    middle: NDArray[np.float64],
    patch: tuple[int, int, int],
    transform: NDArray[np.float64],
) -> Example:
    """Return a patch of a case, zeros and background beyond its edges.

    Parameters
    ----------
    case
        The case.
    middle
        Where the patch's middle lies [voxels of the case].
    patch
        Its size.
    transform
        Matrix from steps in the patch to steps in the case.
    """
    is_plain = np.array_equal(transform, np.eye(3))
    half = np.abs(transform) @ ((np.array(patch) - 1) / 2)
    slack = 0 if is_plain else 1
    first = np.floor(middle - half + 1e-6).astype(int) - slack
    last = np.ceil(middle + half - 1e-6).astype(int) + slack
    image, labels = _box(case.image, first, last), _box(case.labels, first, last)
    if is_plain:
        return image.astype(np.float32), labels
    steps = [torch.arange(n) - (n - 1) / 2 for n in patch]
    offsets = torch.stack(torch.meshgrid(*steps, indexing="ij"), -1).float()
    places = offsets @ torch.from_numpy(transform).float().T
    places = places + torch.from_numpy(middle - first).float()
    # grid_sample counts from -1 to 1, the last axis first.
    lengths = torch.tensor([n - 1 for n in labels.shape])
    grid = (2 * places / lengths - 1).flip(-1)[None]
    turned = _sample(torch.from_numpy(image.astype(np.float32)), grid, "bilinear")
    nearest = _sample(torch.from_numpy(labels.astype(np.float32))[None], grid, "nearest")
    return turned.numpy(), nearest[0].numpy().astype(np.uint8)


def _sample(values: Tensor, grid: Tensor, mode: str) -> Tensor:
    return functional.grid_sample(values[None], grid, mode=mode, align_corners=True)[0]


def _box(array: NDArray[Any], first: NDArray[Any], last: NDArray[Any]) -> NDArray[Any]:
    """Return a box of an array's last three axes, zeros beyond its edges."""
    edges = list(zip(first, last + 1, array.shape[-3:], strict=True))
    i, j, k = (slice(max(0, a), max(0, min(b, n))) for a, b, n in edges)
    around = [(min(max(0, -a), b - a), min(max(0, b - n), b - a)) for a, b, n in edges]
    return np.pad(array[..., i, j, k], [(0, 0)] * (array.ndim - 3) + around)
