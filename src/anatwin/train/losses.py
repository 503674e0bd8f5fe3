"""What the network is penalised for."""

import torch
from torch import Tensor

from anatwin.train.unet import space_to_depth


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
        Blocks as channels, ``n 8c i/2 j/2 k/2``.
    target
        Indices, ``n i j k``.
    classes
        Number of structures ``c``, background included.
    even
        Share in which every structure counts alike.
    """
    n, _, *half = scores.shape
    voxels = n * 8 * half[0] * half[1] * half[2]
    logs = scores.float().reshape(n * 8, classes, -1).log_softmax(1)
    wanted = space_to_depth(target[:, None]).reshape(n * 8, 1, -1).long()
    chosen = logs.gather(1, wanted)
    soft = 1.0 - soft_dice(logs.exp(), chosen.exp(), wanted)
    if even == 0:
        return soft - chosen.sum() / voxels
    alike = mean_by_structure(chosen, wanted, classes=classes)
    return soft - (1 - even) * chosen.sum() / voxels - even * alike


def mean_by_structure(values: Tensor, wanted: Tensor, *, classes: int) -> Tensor:
    """Return the mean over the structures in a patch of each structure's mean value."""
    flat = wanted.flatten()
    counts = torch.bincount(flat, minlength=classes).float()
    sums = torch.zeros(classes, device=values.device).index_add(0, flat, values.flatten())
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
    overlap = torch.zeros(classes, device=shares.device).index_add(
        0, wanted.flatten(), chosen.flatten()
    )
    dice = (2 * overlap + 1.0) / (shares.sum((0, 2)) + counts + 1.0)
    present = (counts > 0).float()
    present[0] = 0.0
    return (dice * present).sum() / present.sum().clamp(min=1.0)
