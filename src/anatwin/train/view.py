"""What part of a head an image shows: stripped to the brain, cut off, or all of it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from anatwin.train.fields import along_axes, slices
from anatwin.train.maps import FineMap, has_brain_only
from anatwin.train.numbering import BRAIN, fine_index

_CSF = fine_index("csf", 10)

# below, above, in front, behind, left, right, the face
_PLANE_SHARES = (0.3, 0.15, 0.15, 0.1, 0.08, 0.07, 0.15)


@dataclass(frozen=True, slots=True)
class View:
    """How often something is missing; what is missing is zero in the image and in the truth.

    Parameters
    ----------
    stripped
        Share of images without anything but the brain.
    cut
        Share of images whose field of view ends inside the head.
    foot
        Share of images that end where the map ends at the neck, with nothing but zeros below.
    """

    stripped: float = 0.2
    cut: float = 0.3
    foot: float = 0.5

    def mask(
        self, head: FineMap, fine: Tensor, coordinates: list[Tensor], rng: np.random.Generator
    ) -> Tensor:
        """Return what the image shows.

        Parameters
        ----------
        head
            The map.
        fine
            Its entries in the patch, ``i j k``.
        coordinates
            Where in the map the patch's voxels are, one array per axis.
        rng
            Source of chance.
        """
        seen = torch.ones(fine.shape, dtype=torch.bool)
        if rng.random() < self.stripped and not has_brain_only(head.data):
            seen &= _brain_mask(fine, rng)
        if rng.random() < self.cut:
            for inside in _planes(head.data.shape, coordinates, rng):
                seen &= inside
        if rng.random() < self.foot:
            seen &= coordinates[2] > -0.5
        return seen


def _brain_mask(fine: Tensor, rng: np.random.Generator) -> Tensor:
    """Return what a brain extraction leaves: the brain, and a little or much around it."""
    kept = torch.from_numpy(BRAIN).clone()
    kept[_CSF] = bool(rng.random() < 0.4)
    profile = [slices(n, 1.0, rng.uniform(0.3, 2.5)) for n in fine.shape]
    soft = along_axes(kept[fine.long()].float(), (profile[0], profile[1], profile[2]))
    return soft > rng.uniform(0.1, 0.5)


def _planes(
    size: tuple[int, ...], coordinates: list[Tensor], rng: np.random.Generator
) -> list[Tensor]:
    """Return half-spaces that a field of view or a defacing leaves."""
    i, j, k = coordinates
    slope = rng.uniform(-0.3, 0.3)
    choices = (
        lambda: k + slope * (j - size[1] / 2) > rng.uniform(0.0, 0.55) * size[2],
        lambda: k + slope * (j - size[1] / 2) < rng.uniform(0.7, 1.0) * size[2],
        lambda: j + slope * (k - size[2] / 2) < rng.uniform(0.72, 1.0) * size[1],
        lambda: j + slope * (k - size[2] / 2) > rng.uniform(0.0, 0.2) * size[1],
        lambda: i > rng.uniform(0.0, 0.5) * size[0],
        lambda: i < rng.uniform(0.5, 1.0) * size[0],
        lambda: j - rng.uniform(0.5, 1.0) * (k - 0.45 * size[2]) < 0.85 * size[1],
    )
    picked = rng.choice(len(choices), rng.integers(1, 3), replace=False, p=_PLANE_SHARES)
    return [choices[p]() for p in picked]
