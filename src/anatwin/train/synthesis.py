"""Random images from label maps: pose, shape, contrast, resolution, bias field and noise at random.

Only the patch's own voxels are computed: coordinates are drawn for the patch and the label map is
read there, so the cost does not depend on the size of the head. After SynthSeg (Billot et al.
2023, doi:10.1016/j.media.2023.102789).
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from anatwin.train.contrast import draw_contrast
from anatwin.train.fields import Chance, Shape
from anatwin.train.maps import FineMap
from anatwin.train.numbering import N_STRUCTURES, STRUCTURE_OF
from anatwin.train.pose import Pose, random_centre, read_nearest
from anatwin.train.scanner import Scanner, scan_bounds
from anatwin.train.view import View


@dataclass(frozen=True, eq=False)
class Sample:
    """A synthetic image and its truth.

    Parameters
    ----------
    image
        Scaled to 0..1, ``i j k``.
    target
        Indices of the map's table, uint8, ``i j k``.
    """

    image: NDArray[np.floating]
    target: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Synthesis:
    """How random the images are.

    Parameters
    ----------
    pose, view, scanner
        How heads lie, what is missing of them, and how bad the images are.
    flip
        Share of heads that are mirrored, sides renamed.
    plausible
        Share of contrasts that look like a weighting in use; the others are fully random.
    """

    pose: Pose = field(default_factory=Pose)
    view: View = field(default_factory=View)
    scanner: Scanner = field(default_factory=Scanner)
    flip: float = 0.5
    plausible: float = 0.7

    def patch(self, head: FineMap, shape: Shape, seed: int) -> Sample:
        """Return a random patch; the same seed gives the same patch."""
        chance = Chance.of(seed)
        return self._sample(head, shape, random_centre(head, shape, chance.rng), chance)

    def whole(self, head: FineMap, shape: Shape, seed: int) -> Sample:
        """Return a random image of the whole head, its middle in the middle of the grid."""
        return self._sample(head, shape, (np.array(head.data.shape) - 1) / 2, Chance.of(seed))

    def _sample(
        self, head: FineMap, shape: Shape, centre: NDArray[np.float64], chance: Chance
    ) -> Sample:
        """Return the image and the truth of one place."""
        rng = chance.rng
        mirrored = bool(rng.random() < self.flip)
        coordinates = self.pose.coordinates(shape, centre, chance, mirrored=mirrored)
        fine = read_nearest(head.data, coordinates)
        seen = self.view.mask(head, fine, coordinates, rng)
        contrast = draw_contrast(rng, plausible=self.plausible)
        regions = None if head.regions is None else read_nearest(head.regions, coordinates)
        image = self.scanner.image(fine, contrast, chance, regions=regions) * seen
        truth = torch.from_numpy(STRUCTURE_OF)[fine.long()] if regions is None else regions
        if mirrored:
            truth = torch.from_numpy(head.table.mirrored().astype(np.uint8))[truth.long()]
        truth = truth * seen
        bounds = scan_bounds(head, contrast, rng, brain_only=_mostly_brain(fine * seen))
        return Sample(self.scanner.scaled(image, bounds, rng).numpy(), truth.numpy())


EASY = Synthesis(
    pose=Pose(rotation_deg=8.0, warp_mm=2.0, zoom=2.4),
    view=View(stripped=0.1, cut=0.0, foot=0.2),
    scanner=Scanner(thick=0.0, coarse=0.2, bias=0.2, noise=0.03, gamma=0.1),
    plausible=1.0,
)
"""Milder images to start a training with: from the full recipe alone it hardly gets going."""


def _mostly_brain(fine: Tensor) -> bool:
    """Tell whether a patch shows little but the brain."""
    structure = torch.from_numpy(STRUCTURE_OF)[fine.long()]
    counts = torch.bincount(structure.flatten(), minlength=N_STRUCTURES)
    return bool(counts[1:14].sum() > 20 * counts[15:].sum())
