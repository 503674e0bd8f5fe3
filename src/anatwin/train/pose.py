"""How a random head lies and how it is shaped: where in the map every voxel of an image is."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from anatwin.train.fields import Chance, Shape, smooth_field
from anatwin.train.maps import FineMap

_OFF_MM = 15.0
"""How far off its middle a head may lie that is seen as a whole."""


@dataclass(frozen=True, slots=True)
class Pose:
    """How far heads are turned, stretched and deformed.

    Parameters
    ----------
    rotation_deg
        Largest rotation about each axis; one pose in eight goes to twice that.
    scale
        Largest change of size along each axis, as a share.
    shear
        Largest shear.
    warp_mm
        Largest standard deviation of the smooth deformation.
    zoom
        Largest voxel size of a patch in mm: above 1, a patch may show most of the head coarsely.
    """

    rotation_deg: float = 15.0
    scale: float = 0.1
    shear: float = 0.03
    warp_mm: float = 3.0
    zoom: float = 1.0

    def coordinates(
        self,
        shape: Shape,
        centre: NDArray[np.float64],
        chance: Chance,
        *,
        mirrored: bool,
        voxel_mm: float = 1.0,
    ) -> list[Tensor]:
        """Return where in the map every voxel of the patch lies, one array per axis."""
        rng = chance.rng
        matrix = self._matrix(rng) * voxel_mm
        if mirrored:
            matrix[0] *= -1.0
        steps = [torch.arange(n, dtype=torch.float32) - (n - 1) / 2 for n in shape]
        spacing, size = rng.uniform(14.0, 40.0) / voxel_mm, rng.uniform(0.0, self.warp_mm)
        found = []
        for row, middle in zip(matrix, centre, strict=True):
            a, b, c = (float(w) * s for w, s in zip(row, steps, strict=True))
            place = smooth_field(shape, spacing, chance.noise).mul_(size)
            place += (a + float(middle))[:, None, None]
            place += b[:, None] + c
            found.append(place)
        return found

    def _matrix(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return a random rotation, scaling and shear."""
        wild = 2.0 if rng.random() < 0.125 else 1.0
        angles = np.deg2rad(rng.uniform(-1, 1, 3) * self.rotation_deg * wild)
        matrix = np.diag(1.0 + rng.uniform(-self.scale, self.scale, 3))
        matrix = matrix + rng.uniform(-self.shear, self.shear, (3, 3)) * (1 - np.eye(3))
        for axis, angle in enumerate(angles):
            matrix = _rotation(axis, angle) @ matrix
        return matrix * rng.uniform(1.0, self.zoom)


def _rotation(axis: int, angle: float) -> NDArray[np.float64]:
    """Return the rotation about one axis."""
    a, b = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix


def random_centre(head: FineMap, shape: Shape, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the middle of a random patch: anywhere in the head, or at a small structure."""
    size = np.array(head.data.shape, float)
    if rng.random() < 0.3:
        return head.seeds[rng.integers(len(head.seeds))] + rng.normal(0.0, 8.0, 3)
    margin = np.minimum(np.array(shape) * 0.4, size / 2)
    return rng.uniform(margin - 8, size - margin + 8)


def near_middle(head: FineMap, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a place near the middle of the head."""
    return (np.array(head.data.shape) - 1) / 2 + rng.uniform(-_OFF_MM, _OFF_MM, 3)


def read_nearest(data: NDArray[np.uint8], coordinates: list[Tensor]) -> Tensor:
    """Return the map's nearest entries; 0 outside it."""
    flat = torch.zeros(coordinates[0].shape, dtype=torch.int64)
    inside = torch.ones(coordinates[0].shape, dtype=torch.bool)
    for place, n in zip(coordinates, data.shape, strict=True):
        index = place.round().to(torch.int64)
        inside &= (index >= 0) & (index < n)
        flat = flat.mul_(n).add_(index.clamp_(0, n - 1))
    return torch.from_numpy(data).flatten()[flat] * inside
