"""The packaged atlas: which classes lie where, on a lattice of its own."""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import (
    InputError,
    craniofacial_table,
    head_table,
    intracranial,
    overview_index,
    overview_table,
)
from anatwin.nets import find
from anatwin.ops.sparse_prior import sampled

Array = NDArray[Any]

_FIELDS = ("classes", "shares", "spacing_mm", "structure", "region", "tissue", "is_mixed")

_ALIKE = ("chewing_muscle", "cervical_spine")
"""Parents of regions that are one channel when the atlas is bent."""


@dataclass(frozen=True, eq=False)
class HeadAtlas:
    """Where the parts of a head lie in several people.

    Its world is in millimetres from the centre of its first voxel, right, anterior and superior
    upwards. A *class* is what has one structure, one region and one tissue; class 0 is nothing.

    Parameters
    ----------
    classes
        The classes that each voxel names, likeliest first, uint8, ``i j k m``.
    shares
        Their probabilities, 0 to 255, uint8, ``i j k m``.
    spacing_mm
        Of its voxels.
    structure, region
        Indices in the head table and in the craniofacial one, of every class.
    tissue
        Number of the tissue of every class; a tissue has one look, on both sides.
    is_mixed
        For every tissue, whether it is two that look different (fat and muscle, say).
    """

    classes: Array
    shares: Array
    spacing_mm: float
    structure: Array
    region: Array
    tissue: Array
    is_mixed: Array

    def __post_init__(self) -> None:
        n = len(self.structure)
        is_right = (
            self.classes.ndim == 4
            and self.classes.shape == self.shares.shape
            and self.classes.dtype == self.shares.dtype == np.uint8
            and int(self.classes.max()) < n == len(self.region) == len(self.tissue)
            and self.structure[0] == self.region[0] == 0
            and int(self.structure.max()) <= len(head_table())
            and int(self.region.max()) <= len(craniofacial_table())
            and int(self.tissue.max()) < len(self.is_mixed)
            and self.spacing_mm > 0
        )
        if not is_right:
            raise InputError("The atlas is not one that 'anatwin train atlas' wrote; install again")

    @cached_property
    def pairs(self) -> Array:
        """Structure and region of everything that a voxel can be named, ``pair 2``."""
        return np.unique(np.stack([self.structure, self.region], axis=1), axis=0)

    @cached_property
    def pair(self) -> Array:
        """The pair of every class."""
        same = (self.pairs[:, 0] == self.structure[:, None]) & (
            self.pairs[:, 1] == self.region[:, None]
        )
        return same.argmax(axis=1)

    @cached_property
    def is_plain(self) -> Array:
        """Whether a tissue is one of the brain or its fluid."""
        inside = np.zeros(len(self.is_mixed), np.bool_)
        inside[self.tissue[intracranial()[self.structure]]] = True
        return inside

    @cached_property
    def group(self) -> Array:
        """The channel that every class belongs to when the atlas is bent."""
        return channels(self.structure, self.region)

    def at(self, points_mm: Array) -> Array:
        """Return points of its world in voxels, ``3 n``."""
        return points_mm / self.spacing_mm

    def sampled(self, points_mm: Array, channel: Array) -> NDArray[np.float32]:
        """Return the prior at points of its world ``3 n``, summed by channel, ``channel n``."""
        return sampled(
            self.classes, self.shares, self.at(points_mm), channel, int(channel.max()) + 1
        )

    @cached_property
    def overview(self) -> Array:
        """The structure of the overview table of every class."""
        return overview_index(self.structure, self.region)

    def centroids_mm(self) -> Array:
        """Return the middle of every structure of the overview, ``42 3``; NaN for none."""
        shape = self.classes.shape[:3]
        index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij")).reshape(3, -1)
        name = self.overview[self.classes[..., 0].ravel()]
        n = len(overview_table()) + 1
        counts = np.bincount(name, minlength=n).astype(float)
        counts[counts == 0] = np.nan
        sums = [np.bincount(name, axis, minlength=n) for axis in index]
        return np.stack(sums, axis=1) / counts[:, None] * self.spacing_mm

    def write(self, path: Path) -> None:
        """Write it as one compressed file."""
        with path.open("wb") as file:
            np.savez_compressed(file, **{name: getattr(self, name) for name in _FIELDS})


def channels(structure: Array, region: Array) -> Array:
    """Return the channel that classes of a structure and a region belong to, numbered from 0.

    Both sides are one, and so are all chewing muscles, and all parts of the spine.
    """
    head, face = head_table().mirrored(), craniofacial_table().mirrored()
    parents = {label.index: label.parent for label in craniofacial_table().labels}
    first = {p: min(i for i, of in parents.items() if of == p) for p in _ALIKE}
    region = np.array([first.get(parents.get(int(i), ""), i) for i in region])
    one_side = np.stack(
        [np.minimum(structure, head[structure]), np.minimum(region, face[region])], axis=1
    )
    return np.unique(one_side, axis=0, return_inverse=True)[1].ravel()


def read_atlas(path: Path) -> HeadAtlas:
    """Return the atlas of a file.

    Raises
    ------
    InputError
        If it holds none.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            parts = {name: stored[name] for name in _FIELDS}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} must hold a head atlas (.npz), got something else.") from error
    return HeadAtlas(**{**parts, "spacing_mm": float(parts["spacing_mm"])})


@cache
def head_atlas() -> HeadAtlas:
    """Return the packaged atlas."""
    return read_atlas(find("head_atlas"))
