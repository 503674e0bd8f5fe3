"""What segmentation and alignment of views are penalised for, apart and by each other.

``L_align = 1 - correlation + identity + masks``, and in turns with
``L_seg = Dice + cross-entropy``: the segmentation of a view carried into another's pose shall be
that of the other, which teaches the segmentation, and the masks of both shall cover each other,
which teaches the alignment (SuperMask, Gu et al. 2023).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from anatwin.train.align_net import AlignNet, lattice_index
from anatwin.train.losses import deeply_supervised
from anatwin.train.planned_unet import PlannedUNet
from anatwin.train.rigid_warp import difference, local_correlation, warp
from anatwin.train.thick_views import LATTICE


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each term counts, SuperMask's by default.

    Parameters
    ----------
    identity, masks
        Of the alignment: a view is not moved onto itself; the readers' masks agree.
    segmentations
        Of the alignment by the network's masks, and of the segmentation by the aligned image.
    """

    identity: float = 0.1
    masks: float = 0.05
    segmentations: float = 0.05


@dataclass(frozen=True, eq=False, slots=True)
class Pair:
    """Two views of one person; every array has the leading axes ``1 1``.

    Parameters
    ----------
    moving, fixed
        Slices, ``i j k``; edges suit the segmentation network.
    target
        The object in the fixed slices, ``1 i j k``.
    moving_index, fixed_index
        From an index of the slices to mm from the centre, ``1 4 4``.
    moving_lattice, fixed_lattice
        The images on alignment's lattice.
    moving_mask, fixed_mask
        The readers' masks there.
    start
        Motion from which alignment starts, ``1 4 4``.
    """

    moving: Tensor
    fixed: Tensor
    target: Tensor
    moving_index: Tensor
    fixed_index: Tensor
    moving_lattice: Tensor
    fixed_lattice: Tensor
    moving_mask: Tensor
    fixed_mask: Tensor
    start: Tensor

    def onto_fixed(self, values: Tensor, motion: Tensor) -> Tensor:
        """Return what lies on the moving slices at the places of the fixed ones."""
        index = torch.linalg.inv(self.moving_index) @ motion @ self.fixed_index
        i, j, k = self.fixed.shape[2:]
        return warp(values, index, (i, j, k))


def estimated(net: nn.Module, pair: Pair) -> Tensor:
    """Return the motion after one estimate from the pair's start."""
    edge = (LATTICE,) * 3
    moved = warp(pair.moving_lattice, lattice_index(pair.start), edge)
    motion: Tensor = pair.start @ net(moved, pair.fixed_lattice)
    return motion


def align_loss(net: AlignNet, pair: Pair, weights: Weights) -> tuple[Tensor, Tensor]:
    """Return what alignment alone is penalised for, and the motion that it found."""
    motion = estimated(net, pair)
    index, edge = lattice_index(motion), (LATTICE,) * 3
    unlike = 1 - local_correlation(warp(pair.moving_lattice, index, edge), pair.fixed_lattice)
    masks = difference(warp(pair.moving_mask, index, edge), pair.fixed_mask)
    itself = pair.fixed_lattice
    unmoved = warp(itself, lattice_index(net(itself, itself)), edge)
    identity = (unmoved - itself).square().mean() / itself.square().mean().clamp(min=1e-6)
    return unlike + weights.identity * identity + weights.masks * masks, motion


def align_loss_with_masks(
    net: AlignNet, segmentor: PlannedUNet, pair: Pair, weights: Weights
) -> Tensor:
    """Return the alignment's loss with the network's own masks; it steps the alignment alone."""
    alone, motion = align_loss(net, pair, weights)
    with torch.no_grad():
        moving, fixed = shares(segmentor, pair.moving), shares(segmentor, pair.fixed)
    return alone + weights.segmentations * difference(pair.onto_fixed(moving, motion), fixed)


def segment_loss_across(
    net: AlignNet, segmentor: PlannedUNet, pair: Pair, weights: Weights
) -> Tensor:
    """Return the segmentation's loss with the other view's image; it steps that network alone."""
    with torch.no_grad():
        carried = pair.onto_fixed(pair.moving, estimated(net, pair))
    scores = segmentor.supervised(pair.fixed)
    across = difference(shares(segmentor, carried), _object(scores[0]))
    return deeply_supervised(scores, pair.target) + weights.segmentations * across


def shares(segmentor: PlannedUNet, image: Tensor) -> Tensor:
    """Return how far every voxel belongs to the object, ``n 1 i j k``."""
    return _object(segmentor(image))


def _object(scores: Tensor) -> Tensor:
    return scores.float().softmax(1)[:, 1:].sum(1, keepdim=True)
