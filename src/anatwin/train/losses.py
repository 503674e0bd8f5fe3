"""What the network is penalised for."""

from collections.abc import Sequence

import torch
from torch import Tensor


def dice_and_cross_entropy(
    scores: Tensor, target: Tensor, *, classes: int, even: float = 0.5
) -> Tensor:
    """Return ``1 - mean soft Dice + cross-entropy``, Dice over the structures in the patch.

    A share ``even`` of the cross-entropy is the mean over the structures in the patch of each
    one's own mean; the rest is the mean over the voxels. Counted by voxels alone, the eyes and the
    cord weigh so little that a network takes hours to begin to name them; counted by structures,
    the small ones grow too large.

    Parameters
    ----------
    scores
        Voxels of a block as channels, ``n vc i j k``.
    target
        Indices, ``n v i j k``.
    classes
        Number of structures ``c``, background included.
    even
        Share in which every structure counts alike.
    """
    wanted = target.flatten(2).flatten(0, 1)[:, None].long()
    logs = scores.float().reshape(len(wanted), classes, -1).log_softmax(1)
    chosen = logs.gather(1, wanted)
    soft = 1.0 - soft_dice(logs.exp(), chosen.exp(), wanted)
    if even == 0:
        return soft - chosen.mean()
    alike = mean_by_structure(chosen, wanted, classes=classes)
    return soft - (1 - even) * chosen.mean() - even * alike


def deeply_supervised(scores: Sequence[Tensor], target: Tensor) -> Tensor:
    """Return ``1 - mean soft Dice + cross-entropy`` over several resolutions.

    Every resolution weighs half of the next finer one (Isensee et al. 2021,
    doi:10.1038/s41592-020-01008-z). A coarse voxel wants the label at its middle.

    Parameters
    ----------
    scores
        ``n c i j k`` at full resolution, then at coarser ones.
    target
        Indices, ``n i j k``.
    """
    total, weights = target.new_zeros((), dtype=torch.float32), 0.0
    for level, score in enumerate(scores):
        steps = [n // m for n, m in zip(target.shape[1:], score.shape[2:], strict=True)]
        i, j, k = (slice(step // 2, None, step) for step in steps)
        wanted = target[:, i, j, k].flatten(1)[:, None].long()
        logs = score.float().flatten(2).log_softmax(1)
        chosen = logs.gather(1, wanted)
        loss = 1.0 - soft_dice(logs.exp(), chosen.exp(), wanted) - chosen.mean()
        total = total + 0.5**level * loss
        weights += 0.5**level
    return total / weights


def mean_by_structure(values: Tensor, wanted: Tensor, *, classes: int) -> Tensor:
    """Return the mean over the structures in a patch of each structure's mean value."""
    flat = wanted.flatten()
    counts = torch.bincount(flat, minlength=classes).float()
    sums = values.new_zeros(classes).index_add(0, flat, values.flatten())
    return (sums / counts.clamp(min=1.0)).sum() / (counts > 0).sum()


def soft_dice(shares: Tensor, chosen: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean Dice of the structures that are in the patch, background left out.

    Parameters
    ----------
    shares
        Probabilities, ``m c v``.
    chosen
        Probability of the wanted structure, ``m 1 v``.
    wanted
        Index of the wanted structure, ``m 1 v``.
    """
    classes = shares.shape[1]
    counts = torch.bincount(wanted.flatten(), minlength=classes).float()
    overlap = chosen.new_zeros(classes).index_add(0, wanted.flatten(), chosen.flatten())
    dice = (2 * overlap + 1.0) / (shares.sum((0, 2)) + counts + 1.0)
    present = (counts > 0).float()
    present[0] = 0.0
    return (dice * present).sum() / present.sum().clamp(min=1.0)
