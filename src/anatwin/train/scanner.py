"""What a random scanner makes of tissues: bias field, resolution, noise, scaling."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from anatwin.train.contrast import FAT, MARROW, MUSCLE, TISSUE_OF_REGION, Contrast
from anatwin.train.fields import Chance, Shape, along_axes, slices, smooth_field, stretch
from anatwin.train.maps import FineMap
from anatwin.train.numbering import BRAIN, SOFT_TISSUE, TISSUE_OF, fine_index

_SOFT = fine_index("soft_tissue", SOFT_TISSUE)
_BONE = fine_index("cortical_bone", 15)


@dataclass(frozen=True, slots=True)
class Scanner:
    """How bad the images are.

    Parameters
    ----------
    thick
        Share of images with thick slices along one axis.
    coarse
        Share of images with coarse voxels along every axis.
    bias
        Largest standard deviation of the logarithm of the bias field.
    noise
        Largest standard deviation of the noise.
    gamma
        Standard deviation of the logarithm of the contrast's exponent.
    thickest, coarsest
        Largest size of thick slices and of coarse voxels [voxel].
    grain
        Share of the tissues' own spread that is left where voxels are larger than the grain.
    """

    thick: float = 0.25
    coarse: float = 0.35
    bias: float = 0.35
    noise: float = 0.06
    gamma: float = 0.2
    thickest: float = 6.0
    coarsest: float = 2.2
    grain: float = 1.0

    def image(
        self,
        fine: Tensor,
        contrast: Contrast,
        chance: Chance,
        *,
        regions: Tensor | None = None,
        voxel_mm: float = 1.0,
    ) -> Tensor:
        """Return the image, not yet scaled, of a patch's fine entries ``i j k``.

        Parameters
        ----------
        fine
            Fine entries, ``i j k``.
        contrast
            Brightness of every tissue.
        chance
            Source of chance.
        regions
            Where known, indices of the craniofacial table, ``i j k``.
        voxel_mm
            Of the patch.
        """
        shape: Shape = (fine.shape[0], fine.shape[1], fine.shape[2])
        tissue = _parted(fine, chance, voxel_mm).long()
        if regions is not None:
            own = torch.from_numpy(TISSUE_OF_REGION)[regions.long()].long()
            tissue = torch.where(own > 0, own, tissue)
        image = torch.randn(shape, generator=chance.noise)
        image *= torch.from_numpy(contrast.spread * np.float32(self.grain))[tissue]
        image += torch.from_numpy(contrast.mean)[tissue]
        field = smooth_field(shape, chance.rng.uniform(40.0, 90.0) / voxel_mm, chance.noise)
        field *= chance.rng.uniform(0.0, self.bias)
        return self._measured(image.clamp_(min=0) * field.exp_(), chance)

    def scaled(
        self, image: Tensor, bounds: tuple[float, float], rng: np.random.Generator
    ) -> Tensor:
        """Return the image scaled so that ``bounds`` become 0 and 1, with a random exponent."""
        bottom, top = bounds
        scaled = ((image - bottom) / max(top - bottom, 1e-6)).clamp_(0.0, 1.0)
        return scaled.pow_(float(np.exp(rng.normal(0.0, self.gamma))))

    def _measured(self, image: Tensor, chance: Chance) -> Tensor:
        """Return the image at a random resolution, with noise, on the old grid again."""
        rng = chance.rng
        down = [
            slices(n, s, s * 0.42 * rng.uniform(0.6, 1.3))
            for n, s in zip(image.shape, self._spacing(rng), strict=True)
        ]
        seen = along_axes(image, (down[0], down[1], down[2]))
        level = self.noise * rng.random() ** 2
        seen = seen + level * torch.randn(seen.shape, generator=chance.noise)
        if rng.random() < 0.6:  # the magnitude of complex noise
            seen = torch.hypot(seen, level * torch.randn(seen.shape, generator=chance.noise))
        if seen.shape == image.shape:
            return seen
        up = [stretch(n, len(d)) for n, d in zip(image.shape, down, strict=True)]
        return along_axes(seen, (up[0], up[1], up[2]))

    def _spacing(self, rng: np.random.Generator) -> list[float]:
        """Return the voxel size along every axis, in voxels of the grid."""
        kind = rng.random()
        if kind < self.thick:
            spacing = rng.uniform(1.0, min(1.4, self.coarsest), 3)
            spacing[rng.integers(3)] = rng.uniform(self.thickest / 3, self.thickest)
        elif kind < self.thick + self.coarse:
            spacing = np.full(3, rng.uniform(1.0, self.coarsest))
        else:
            spacing = np.full(3, 1.0)
        return [float(s) for s in spacing]


def _parted(fine: Tensor, chance: Chance, voxel_mm: float) -> Tensor:
    """Return tissues, soft tissue parted into fat and muscle, and bone into bone and marrow."""
    rng = chance.rng
    field = smooth_field(
        (fine.shape[0], fine.shape[1], fine.shape[2]),
        rng.uniform(5.0, 14.0) / voxel_mm,
        chance.noise,
    )
    low, high = sorted(rng.normal(0.0, 0.8, 2))
    tissue = torch.from_numpy(TISSUE_OF)[fine.long()]
    tissue = torch.where((fine == _SOFT) & (field < low), MUSCLE, tissue)
    tissue = torch.where((fine == _SOFT) & (field > high), FAT, tissue)
    if rng.random() < 0.4:
        marrow = (fine == _BONE) & (field > rng.uniform(0.5, 1.5))
        tissue = torch.where(marrow, MARROW, tissue)
    return tissue


def scan_bounds(
    head: FineMap, contrast: Contrast, rng: np.random.Generator, *, brain_only: bool
) -> tuple[float, float]:
    """Return the likely percentiles of the whole scan, from voxels drawn all over the head.

    A patch knows no more than itself, but a network is given images that were scaled by the
    percentiles of the whole scan (see ``ops.intensity``).
    """
    flat = head.data.ravel()
    fine = flat[rng.integers(flat.size, size=6000)]
    fine = fine[BRAIN[fine]] if brain_only else fine[fine != 0]
    if not fine.size:
        return 0.0, 1.0
    tissue = TISSUE_OF[fine]
    values = contrast.mean[tissue] + contrast.spread[tissue] * rng.standard_normal(fine.size)
    low, high = np.percentile(np.clip(values, 0, None), (0.5, 99.5))
    if not brain_only:
        low = min(low, float(contrast.mean[0]))
    return float(low * rng.uniform(0.8, 1.0)), float(high * rng.uniform(0.85, 1.2)) + 1e-3
