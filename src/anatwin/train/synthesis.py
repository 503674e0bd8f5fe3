"""Random images from label maps: pose, shape, contrast, resolution, bias field and noise at random.

Only the patch's own voxels are computed: coordinates are drawn for the patch and the label map is
read there, so the cost does not depend on the size of the head. After SynthSeg (Billot et al.
2023, doi:10.1016/j.media.2023.102789).
"""

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from anatwin.core import LabelTable, overview_index, overview_table
from anatwin.train.contrast import draw_contrast
from anatwin.train.fields import Chance, Shape, smooth_field
from anatwin.train.maps import FineMap
from anatwin.train.numbering import BRAIN, N_STRUCTURES, STRUCTURE_OF, fine_index
from anatwin.train.pose import Pose, near_middle, random_centre, read_nearest
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
    resected
        Share of heads that have lost a part of the brain, with fluid in its place.
    voxel_mm
        Of the images; deformations, fields and textures are on the scale of the map's 1 mm.
    is_overview
        Whether the truth is in the overview table, of maps that have regions, and patches lie
        about the middle of the head.
    """

    pose: Pose = field(default_factory=Pose)
    view: View = field(default_factory=View)
    scanner: Scanner = field(default_factory=Scanner)
    flip: float = 0.5
    plausible: float = 0.7
    resected: float = 0.0
    voxel_mm: float = 1.0
    is_overview: bool = False

    def table(self, head: FineMap) -> LabelTable:
        """Return the table of the truth."""
        return overview_table() if self.is_overview else head.table

    def patch(self, head: FineMap, shape: Shape, seed: int) -> Sample:
        """Return a random patch; the same seed gives the same patch."""
        chance = Chance.of(seed)
        if self.is_overview:
            return self._sample(head, shape, near_middle(head, chance.rng), chance)
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
        coordinates = self.pose.coordinates(
            shape, centre, chance, mirrored=mirrored, voxel_mm=self.voxel_mm
        )
        fine = read_nearest(head.data, coordinates)
        if self.resected and rng.random() < self.resected:
            fine = without_part(fine, chance, voxel_mm=self.voxel_mm)
        seen = self.view.mask(head, fine, coordinates, rng)
        contrast = draw_contrast(rng, plausible=self.plausible)
        regions = None if head.regions is None else read_nearest(head.regions, coordinates)
        image = self.scanner.image(fine, contrast, chance, regions=regions, voxel_mm=self.voxel_mm)
        image *= seen
        truth = self._truth(fine, regions)
        if mirrored:
            mirror = self.table(head).mirrored().astype(np.uint8)
            truth = torch.from_numpy(mirror)[truth.long()]
        truth = truth * seen
        bounds = scan_bounds(head, contrast, rng, brain_only=_mostly_brain(fine * seen))
        return Sample(self.scanner.scaled(image, bounds, rng).numpy(), truth.numpy())

    def _truth(self, fine: Tensor, regions: Tensor | None) -> Tensor:
        """Return what a network should name, ``i j k``."""
        structure = torch.from_numpy(STRUCTURE_OF)[fine.long()]
        if regions is None:
            return structure
        if not self.is_overview:
            return regions
        return torch.from_numpy(overview_index(structure.numpy(), regions.numpy()))


EASY = Synthesis(
    pose=Pose(rotation_deg=8.0, warp_mm=2.0, zoom=2.4),
    view=View(stripped=0.1, cut=0.0, foot=0.2),
    scanner=Scanner(thick=0.0, coarse=0.2, bias=0.2, noise=0.03, gamma=0.1),
    plausible=1.0,
)
"""Milder images to start a training with: from the full recipe alone it hardly gets going."""

OVERVIEW = Synthesis(
    view=View(stripped=0.12, cut=0.25),
    scanner=Scanner(noise=0.05, thickest=2.6, coarsest=1.3, grain=0.5),
    resected=0.15,
    voxel_mm=2.5,
    is_overview=True,
)
"""Whole heads on coarse voxels."""

EASY_OVERVIEW = replace(
    OVERVIEW,
    pose=Pose(rotation_deg=8.0, warp_mm=2.0),
    view=View(stripped=0.05, cut=0.0, foot=0.2),
    scanner=replace(OVERVIEW.scanner, thick=0.0, coarse=0.2, bias=0.2, noise=0.02, gamma=0.1),
    plausible=1.0,
)
"""Milder ones."""

_LEAST_VOXELS = 100
_RADIUS_MM = (10.0, 45.0)
_RAGGED_MM = 20.0


def without_part(fine: Tensor, chance: Chance, *, voxel_mm: float) -> Tensor:
    """Return fine entries ``i j k`` with fluid in place of a ragged part of the cerebrum."""
    rng = chance.rng
    places = torch.nonzero(torch.from_numpy(BRAIN)[fine.long()])
    if len(places) < _LEAST_VOXELS:
        return fine
    middle = places[int(rng.integers(len(places)))]
    radius = rng.uniform(*_RADIUS_MM) / voxel_mm
    away = torch.zeros(fine.shape)
    for axis, n in enumerate(fine.shape):
        apart = (torch.arange(n) - middle[axis]) / rng.uniform(0.6, 1.4)
        away += apart.reshape([-1 if a == axis else 1 for a in range(3)]) ** 2
    shape: Shape = (fine.shape[0], fine.shape[1], fine.shape[2])
    ragged = smooth_field(shape, _RAGGED_MM / voxel_mm, chance.noise) * (0.3 * radius)
    is_cerebrum = torch.from_numpy(BRAIN & (STRUCTURE_OF <= 8))[fine.long()]
    lost = (away.sqrt() + ragged < radius) & is_cerebrum
    return torch.where(lost, torch.tensor(fine_index("csf", 10), dtype=fine.dtype), fine)


def _mostly_brain(fine: Tensor) -> bool:
    """Tell whether a patch shows little but the brain."""
    structure = torch.from_numpy(STRUCTURE_OF)[fine.long()]
    counts = torch.bincount(structure.flatten(), minlength=N_STRUCTURES)
    return bool(counts[1:14].sum() > 20 * counts[15:].sum())
