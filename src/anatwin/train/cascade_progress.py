"""How far the training of a cascade is, on images of people that it does not see."""

import math
from collections.abc import Mapping, Sequence
from statistics import mean

import numpy as np
import torch
from torch import Tensor

from anatwin.train.batches import Batch, measure
from anatwin.train.cascade import Cascade
from anatwin.train.images import Stack
from anatwin.train.masks import gaussian_lines


def watched_batches(stacks: Sequence[Stack], acceleration: float, *, count: int = 6) -> list[Batch]:
    """Return slices from the middle of the watched volumes, undersampled by Gaussian lines."""
    batches = []
    for index in range(count if stacks else 0):
        rng = np.random.default_rng(index)
        stack = stacks[index % len(stacks)]
        middle = stack.useful[int(len(stack.useful) * (index + 1) / (count + 1))]
        truth = stack.slices[middle].astype(np.complex64)[None]
        lines = gaussian_lines(truth.shape[2], acceleration, seed=index)[None, None]
        batches.append(measure(truth, lines, rng=rng))
    return batches


def mean_gains(model: Cascade, watched: Mapping[int, Sequence[Batch]]) -> dict[str, float]:
    """Return the mean gain over zero-filled images at every acceleration [dB]."""
    device = next(model.parameters()).device
    return {
        f"gain_{factor}x_db": round(mean(gain_db(model, x.to(device)) for x in batches), 2)
        for factor, batches in watched.items()
        if batches
    }


@torch.no_grad()
def gain_db(model: Cascade, batch: Batch) -> float:
    """Return how far the error of the magnitude is below that of the zero-filled image [dB]."""
    truth = batch.truth.abs()
    ours = _power(model(batch.scan).abs() - truth)
    zero_filled = _power(batch.scan.combined(batch.scan.seen).abs() - truth)
    return 10 * math.log10(zero_filled / ours)


def _power(values: Tensor) -> float:
    return float(values.square().mean())
