"""What is known of a scan before an atlas is fitted: grey values, and what networks say."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.blocks import block_means
from anatwin.ops.morphology import span
from anatwin.ops.resample import apply_matrices, hat_matrix
from anatwin.segment.atlas.evenness import degrees, noise_variance, variance_about

Array = NDArray[Any]

Place = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Places:
    """A regular lattice along a scan's axes.

    Parameters
    ----------
    shape
        Its size, ``i j k``.
    step_mm
        Distance of neighbours.
    first_mm
        Where the first lies from the centre of the scan's first 1 mm voxel, along every axis.
    """

    shape: tuple[int, int, int]
    step_mm: float = 1.0
    first_mm: Place = (0.0, 0.0, 0.0)

    def along(self, axis: int) -> Array:
        """Return the positions along one axis [mm]."""
        return self.first_mm[axis] + np.arange(self.shape[axis]) * self.step_mm

    def rows(self, rows: slice) -> "Places":
        """Return some planes of the first axis."""
        start, stop, _ = rows.indices(self.shape[0])
        i, j, k = self.first_mm
        return Places(
            (stop - start, *self.shape[1:]), self.step_mm, (i + start * self.step_mm, j, k)
        )

    def coarser(self, factor: int) -> "Places":
        """Return the middles of blocks of so many places along every axis."""
        i, j, k = (-(-n // factor) for n in self.shape)
        shift = (factor - 1) / 2 * self.step_mm
        x, y, z = (first + shift for first in self.first_mm)
        return Places((i, j, k), self.step_mm * factor, (x, y, z))

    def read(self, values: Array, at: "Places") -> Array:
        """Return values of these places at others, linear in between, the ends going on."""
        return self.reader(at)(values)

    def reader(self, at: "Places") -> Callable[[Array], Array]:
        """Return what reads values of these places at others, for many values at the same."""
        if (part := self._part(at)) is not None:
            return lambda values: values[part]
        width = at.step_mm / self.step_mm
        matrices = [
            hat_matrix(
                (at.along(axis) - self.first_mm[axis]) / self.step_mm, self.shape[axis], width=width
            )
            for axis in range(3)
        ]
        near = tuple(span(np.any(matrix != 0, axis=0)) for matrix in matrices)
        needed = [matrix[:, part] for matrix, part in zip(matrices, near, strict=True)]

        def read(values: Array) -> Array:
            seen = values[near]
            return apply_matrices(seen, needed) if seen.any() else np.zeros(at.shape, np.float32)

        return read

    def _part(self, at: "Places") -> tuple[slice, ...] | None:
        """Return where others lie among these; None if they lie in between."""
        first = (np.array(at.first_mm) - self.first_mm) / self.step_mm
        start = np.rint(first).astype(int)
        is_part = (
            at.step_mm == self.step_mm
            and bool((np.abs(first - start) < 1e-6).all())
            and bool((start >= 0).all())
            and bool((start + at.shape <= self.shape).all())
        )
        parts = zip(start, at.shape, strict=True)
        return tuple(slice(a, a + n) for a, n in parts) if is_part else None


@dataclass(frozen=True, eq=False)
class Witness:
    """What one network says of a scan.

    Parameters
    ----------
    levels
        Probability of everything that it names, 0 to 255, uint8, ``name i j k``.
    name_of
        What it calls every class of the atlas.
    trust
        Power of its probabilities: networks that see the same scan are not independent.
    step_mm
        Distance of the levels' voxels.
    first_mm
        Where the first of them lies from the scan's first 1 mm voxel, along every axis.
    """

    levels: Array
    name_of: Array
    trust: float
    step_mm: float = 1.0
    first_mm: Place = (0.0, 0.0, 0.0)

    @property
    def places(self) -> Places:
        """Where its voxels lie."""
        i, j, k = self.levels.shape[1:]
        return Places((i, j, k), self.step_mm, self.first_mm)

    def at(self, places: Places) -> Array:
        """Return its levels at some places, uint8, ``name i j k``."""
        read = self.places.reader(places)
        parts = np.stack([read(level) for level in self.levels])
        return parts if parts.dtype == np.uint8 else np.rint(parts).astype(np.uint8)

    def coarser(self, factor: int) -> "Witness":
        """Return means over blocks of voxels."""
        blocks = (np.rint(block_means(level, factor)).astype(np.uint8) for level in self.levels)
        places = self.places.coarser(factor)
        return replace(
            self, levels=np.stack(list(blocks)), step_mm=places.step_mm, first_mm=places.first_mm
        )


@dataclass(frozen=True, eq=False)
class Evidence:
    """A scan, or a part of one, and what networks say of it.

    Parameters
    ----------
    image
        Grey values from 0 to 1, ``i j k``.
    places
        Where its voxels lie.
    overview
        Who saw the whole head at once and names what the overview table does.
    near
        Who saw its parts.
    variance
        Of the grey values about every voxel, ``i j k``.
    noise
        What of it is noise.
    """

    image: Array
    places: Places
    overview: Witness
    near: tuple[Witness, ...]
    variance: Array
    noise: float

    @classmethod
    def of(cls, image: Array, overview: Witness, near: tuple[Witness, ...]) -> "Evidence":
        """Return a scan of 1 mm voxels and what networks say of it."""
        variance = variance_about(image)
        i, j, k = image.shape
        noise = noise_variance(image, variance)
        return cls(image, Places((i, j, k)), overview, near, variance, noise)

    @property
    def witnesses(self) -> tuple[Witness, ...]:
        """All of them."""
        return (*self.near, self.overview)

    def degrees(self, rows: slice = slice(None)) -> NDArray[np.uint16]:
        """Return how uneven it is about every voxel of some planes."""
        return degrees(self.variance[rows], self.noise)

    def coarser(self, factor: int) -> "Evidence":
        """Return means over blocks of voxels."""
        near = tuple(witness.coarser(factor) for witness in self.near)
        image, variance = (block_means(values, factor) for values in (self.image, self.variance))
        places = self.places.coarser(factor)
        return replace(self, image=image, places=places, near=near, variance=variance)

    def closer(self, image: Array, places: Places) -> "Evidence":
        """Return the same of a part of the scan that was sampled more finely."""
        variance = variance_about(image)
        noise = noise_variance(image, variance)
        return replace(self, image=image, places=places, variance=variance, noise=noise)
