"""The average of several people's label maps, as an atlas.

Every map is placed and bent towards the average of all, as the atlas later is towards a scan
(Guimond, Meunier and Thirion 2000, doi:10.1006/cviu.1999.0815, make an unbiased average so).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from anatwin.core import (
    craniofacial_table,
    head_table,
    overview_index,
    overview_table,
    track,
)
from anatwin.segment.atlas.bending import BACKGROUND, smooth, step
from anatwin.segment.atlas.placing import affine, middles, trust
from anatwin.segment.atlas.template import HeadAtlas, channels
from anatwin.train.contrast import NAMES, TISSUE_OF_REGION
from anatwin.train.maps import FineMap
from anatwin.train.numbering import FINE, STRUCTURE_OF, TISSUE_OF

Array = NDArray[Any]

_STEP_MM = 4
_EXTENT_MM = (219.0, 272.0, 288.0)
_BRAIN_MM = (108.0, 136.0, 160.0)
"""Size of the atlas, and where the middle of the brain lies in it."""

_SMOOTH = (2.5, 2.0, 1.5, 1.25)
"""Of the bending, round by round [voxel]."""

_STEPS = 6
_ALIGNMENTS = 5
_LEAST_VOXELS = 2500
"""Of a class and its mirror partner in all maps together; rarer ones are errors of the maps."""

_NAMED = 6
_BLUR = 0.4
"""Of a map before it is sampled [voxel of the atlas]."""

_MIXED = ("background", "csf", "soft_tissue", "cancellous_bone", "mucosa", "skin", "scalp")
"""Tissues that look like two in many scans: fat and muscle, marrow and bone."""


@dataclass(frozen=True, eq=False)
class _Classes:
    """What the maps name: a fine entry and a region each."""

    fine: Array
    region: Array

    @classmethod
    def of(cls, heads: Sequence[FineMap]) -> "_Classes":
        """Return the classes that are common enough, each with its mirror partner."""
        found: dict[tuple[int, int], int] = {}
        for head in heads:
            keys, counts = np.unique(_keys(head), return_counts=True)
            for key, count in zip(keys, counts, strict=True):
                for fine in {int(key) // 256, int(_mirrored_fine()[key // 256])}:
                    region = int(key) % 256
                    if fine != int(key) // 256:
                        region = int(craniofacial_table().mirrored()[region])
                    found[fine, region] = found.get((fine, region), 0) + int(count)
        kept = sorted(
            key for key, count in found.items()
            if count >= _LEAST_VOXELS and (key[0] or not key[1])
        )  # fmt: skip
        fine, region = np.array(kept).T
        return cls(fine, region)

    @property
    def mirrored(self) -> Array:
        """The class of the other side."""
        keys = (self.fine * 256 + self.region).tolist()
        other = _mirrored_fine()[self.fine] * 256 + craniofacial_table().mirrored()[self.region]
        return np.array([keys.index(key) if key in keys else n for n, key in enumerate(other)])

    def read(self, head: FineMap) -> NDArray[np.uint8]:
        """Return the class of every voxel of a map; rare ones are background."""
        found = np.zeros(256 * len(FINE), np.uint8)
        found[self.fine * 256 + self.region] = np.arange(len(self.fine))
        return found[_keys(head)]


@dataclass(frozen=True, eq=False)
class _Person:
    """A map, and how it lies on the average.

    Parameters
    ----------
    classes
        Of its voxels of 1 mm, ``i j k``.
    shares
        Of channels, on coarse voxels, ``channel i j k``.
    matrix
        From its world to the average's [mm], both from the middle of the first coarse voxel.
    field
        By how much points of the average are moved before that is undone [mm], ``3 i j k``.
    """

    classes: NDArray[np.uint8]
    shares: Array
    matrix: Array
    field: Array

    def at(self, points_mm: Array, field: Array) -> Array:
        """Return points of the average in the person's world [mm], ``3 ...``."""
        inverse = np.linalg.inv(self.matrix)
        moved = (points_mm + field).reshape(3, -1)
        return (inverse[:3, :3] @ moved + inverse[:3, 3:]).reshape(points_mm.shape)


def averaged(heads: Sequence[FineMap], spacing_mm: float) -> HeadAtlas:
    """Return the atlas of several people, and of their mirror images.

    Parameters
    ----------
    heads
        Completed maps.
    spacing_mm
        Voxel edge of the atlas.
    """
    classes = _Classes.of(heads)
    people = _bent(_placed(heads, classes), channels(*_names(classes)))
    shares, weight = _sampled(people, len(classes.fine), spacing_mm)
    shares += shares[classes.mirrored][:, ::-1]
    return _atlas(_filled(shares, weight + weight[::-1]), classes, spacing_mm)


def _names(classes: _Classes) -> tuple[Array, Array]:
    """Return structure and region of every class."""
    return STRUCTURE_OF[classes.fine], classes.region.astype(np.uint8)


def _placed(heads: Sequence[FineMap], classes: _Classes) -> list[_Person]:
    """Return people, carried by affine maps to the mean place of their structures."""
    structure, region = _names(classes)
    people, points, weights = [], [], []
    for head in track(heads, "placing"):
        named = classes.read(head)
        name = overview_index(structure, region)[named]
        middle, size = middles(_shares(name, len(overview_table()) + 1), _STEP_MM)
        points.append(middle)
        weights.append(np.sqrt(np.minimum(size, 300)) * trust())
        shares = _shares(channels(structure, region)[named], channels(structure, region).max() + 1)
        people.append(_Person(named, shares, np.eye(4), np.zeros(3)))
    brain = [label.index for label in overview_table().labels if label.parent == "brain"]
    matrices = []
    for middle in points:
        matrix = np.eye(4)
        matrix[:3, 3] = np.array(_BRAIN_MM) - np.nanmean(middle[brain], axis=0)
        matrices.append(matrix)
    for _ in range(_ALIGNMENTS):
        pairs = list(zip(points, matrices, strict=True))
        carried = np.array([p @ matrix[:3, :3].T + matrix[:3, 3] for p, matrix in pairs])
        seen = np.isfinite(carried)
        mean = np.where(seen, carried, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
        mean[~seen.any(axis=0)] = np.nan
        matrices = [affine(p, mean, w) for p, w in zip(points, weights, strict=True)]
    return [replace(p, matrix=matrix) for p, matrix in zip(people, matrices, strict=True)]


def _bent(people: list[_Person], channel: Array) -> list[_Person]:
    """Return people bent towards their average, again and again."""
    points = _points(_STEP_MM)
    weight = np.ones(int(channel.max()) + 1)
    weight[channel[0]] = BACKGROUND
    people = [replace(p, field=np.zeros(points.shape, np.float32)) for p in people]
    for sigma in track(_SMOOTH, "bending"):
        seen = [_seen(person, points) for person in people]
        total = np.add.reduce([known for _, known in seen])
        mean = np.add.reduce([now * known for now, known in seen]) / np.maximum(total, 1e-3)
        people = [_towards(person, mean, weight, sigma) for person in people]
        middle = np.mean([person.field for person in people], axis=0)
        people = [replace(person, field=person.field - middle) for person in people]
    return people


def _towards(person: _Person, mean: Array, weight: Array, sigma: float) -> _Person:
    points = _points(_STEP_MM)
    for _ in range(_STEPS):
        now, known = _seen(person, points)
        moved = step(now, mean, weight, known) * np.float32(_STEP_MM)
        person = replace(person, field=smooth(person.field + moved, sigma))
    return person


def _seen(person: _Person, points: Array) -> tuple[Array, Array]:
    """Return a person's channels on the average's coarse voxels, and where they are known."""
    at = person.at(points, person.field) / _STEP_MM
    now = np.stack([_read(share, at, mode="nearest") for share in person.shares])
    # Below a map's last slice the person goes on, unseen.
    return now, (at[2] > -0.5).astype(np.float32)


def _sampled(people: list[_Person], n: int, spacing_mm: float) -> tuple[Array, Array]:
    """Return the sum of all people's classes on the atlas, and how many are known there."""
    points = _points(spacing_mm)
    shares = np.zeros((n, *points.shape[1:]), np.float32)
    total = np.zeros(points.shape[1:], np.float32)
    for person in track(people, "averaging"):
        field = np.stack([_read(part, points / _STEP_MM, mode="nearest") for part in person.field])
        at = person.at(points, field) + (_STEP_MM - 1) / 2
        known = (at[2] > -0.5).astype(np.float32)
        for index, box in enumerate(ndimage.find_objects(person.classes.astype(np.int32) + 1)):
            if box is None:
                continue
            wide = tuple(slice(max(part.start - 8, 0), part.stop + 8) for part in box)
            mask = (person.classes[wide] == index).astype(np.float32)
            start = np.array([part.start for part in wide])[:, None, None, None]
            mode = "nearest" if index == 0 else "constant"
            soft = ndimage.gaussian_filter(mask, _BLUR * spacing_mm, mode=mode)
            shares[index] += _read(soft, at - start, mode=mode) * known
        total += known
    shares[0] += np.maximum(total - shares.sum(axis=0), 0)
    return shares, total


def _filled(shares: Array, weight: Array) -> Array:
    """Return shares that sum to 1; where no map reaches, what lies above goes on."""
    for k in range(shares.shape[3] - 2, -1, -1):
        unseen = weight[:, :, k] < 0.5
        shares[:, unseen, k] = shares[:, unseen, k + 1]
    return shares / np.maximum(shares.sum(axis=0), 1e-6)


def _atlas(shares: Array, classes: _Classes, spacing_mm: float) -> HeadAtlas:
    named = np.argsort(-shares, axis=0, kind="stable")[:_NAMED]
    part = np.take_along_axis(shares, named, 0)
    level = np.rint(part / part.sum(axis=0) * 255).astype(np.uint8)
    structure, region = _names(classes)
    tissue = np.where(
        TISSUE_OF_REGION[region] > 0, TISSUE_OF_REGION[region], TISSUE_OF[classes.fine]
    )
    fluid, ventricle = NAMES.index("csf"), NAMES.index("ventricle")
    tissue = np.where(tissue == ventricle, fluid, tissue)  # what fills both is one fluid
    used, number = np.unique(tissue, return_inverse=True)
    return HeadAtlas(
        classes=np.moveaxis(np.where(level > 0, named, 0), 0, -1).astype(np.uint8),
        shares=np.moveaxis(level, 0, -1),
        spacing_mm=spacing_mm,
        structure=structure,
        region=region,
        tissue=number.astype(np.uint8),
        is_mixed=np.array([NAMES[index] in _MIXED for index in used]),
    )


def _points(spacing_mm: float) -> Array:
    """Return the places of an atlas's voxels [mm], ``3 i j k``."""
    axes = [np.arange(0, length, spacing_mm) for length in _EXTENT_MM]
    # Left and right are averaged, so both lie alike about the middle.
    axes[0] += _BRAIN_MM[0] - axes[0].mean()
    return np.stack(np.meshgrid(*axes, indexing="ij")).astype(np.float32)


def _shares(labels: Array, n: int) -> Array:
    """Return the share of every label in blocks of voxels, ``label i j k``."""
    padded = np.pad(labels, [(0, -size % _STEP_MM) for size in labels.shape])
    i, j, k = (size // _STEP_MM for size in padded.shape)
    blocks = padded.reshape(i, _STEP_MM, j, _STEP_MM, k, _STEP_MM)
    means = [(blocks == index).mean(axis=(1, 3, 5), dtype=np.float32) for index in range(n)]
    return np.stack(means)


def _read(values: Array, at: Array, *, mode: str) -> Array:
    found: Array = ndimage.map_coordinates(values, at, order=1, mode=mode, prefilter=False)
    return found


def _keys(head: FineMap) -> NDArray[np.int32]:
    assert head.regions is not None
    return head.data.astype(np.int32) * 256 + head.regions


def _mirrored_fine() -> NDArray[np.intp]:
    """Return the fine entry of the other side of every fine entry."""
    mirror = head_table().mirrored()
    names = [(fine.tissue, fine.structure) for fine in FINE]
    other = [(fine.tissue, int(mirror[fine.structure])) for fine in FINE]
    return np.array([names.index(x) if x in names else n for n, x in enumerate(other)])
