"""Label maps made ready for synthesis: oriented, completed, split into tissues, cached."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from anatwin.core import (
    InputError,
    LabelTable,
    anatomy_table,
    craniofacial_table,
    head_table,
)
from anatwin.ops.morphology import Box, largest_piece
from anatwin.train.numbering import (
    AIR,
    BRAIN,
    FINE,
    N_STRUCTURES,
    SKIN,
    SOFT_TISSUE,
    STRUCTURE_OF,
    fine_index,
    from_head,
    from_names,
    from_sources,
    region_of_structure,
)

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_SMALL = (7, 8, 9, 13, 14, 16, 17, 18)
_SMALL_REGIONS = tuple(range(1, 11)) + tuple(range(12, 25))
"""Structures that random patches seldom show, in the head table and in the craniofacial one."""

BALL_MM = 7
"""Openings of the head narrower than twice this do not lead outside."""


@dataclass(frozen=True, eq=False)
class FineMap:
    """A head in fine entries, on a RAS+ 1 mm grid without empty margins.

    Parameters
    ----------
    name
        Name of the file that it came from, without the ending.
    data
        Indices into ``numbering.FINE``, ``i j k``.
    seeds
        Voxels of the small structures, ``n 3``, for patches that show one of them.
    regions
        Where known, indices of the craniofacial table, ``i j k``: what a network learns to name
        from this map instead of the structures of the head table.
    """

    name: str
    data: Bytes
    seeds: NDArray[np.int32]
    regions: Bytes | None = None

    @property
    def table(self) -> LabelTable:
        """Table of what a network learns to name from this map."""
        return head_table() if self.regions is None else craniofacial_table()

    def truth(self) -> Bytes:
        """Return indices into ``table``, ``i j k``."""
        return STRUCTURE_OF[self.data] if self.regions is None else self.regions


def read_map(path: Path, *, numbering: str = "auto", regions: Path | None = None) -> FineMap:
    """Return the label map of a NIfTI file.

    Parameters
    ----------
    path
        Label map of about 1 mm voxels.
    numbering
        ``head`` (the head table), ``freesurfer`` (FreeSurfer's and SynthSeg's numbers) or
        ``auto`` (``head`` if no number is above 20).
    regions
        Label map on the same voxels, in the anatomy table, that completes this one.

    Raises
    ------
    InputError
        If a number is not in the table, or the two maps differ in shape.
    """
    numbers = _read_numbers(path)
    if numbering == "auto":
        numbering = "head" if numbers.max() < N_STRUCTURES else "freesurfer"
    table = from_head() if numbering == "head" else from_sources()
    fine = table[np.clip(numbers, 0, 65535)]
    if (fine == 255).any():
        unknown = np.unique(numbers[fine == 255])[:8].tolist()
        raise InputError(
            f"{path} has label numbers {unknown} that are not in the {numbering} table."
        )
    name = path.name.removesuffix(".gz").removesuffix(".nii")
    if regions is None:
        fine, _ = _finish(fine, numbering)
        return FineMap(name, fine, _seeds(STRUCTURE_OF[fine], _SMALL))
    known = from_names(anatomy_table())[_read_numbers(regions)]
    if known.shape != fine.shape:
        raise InputError(
            f"{regions} must have the shape {fine.shape} of {path}, got {known.shape}."
        )
    fine, box = _finish(fine, numbering)
    filled = region_of_structure()[STRUCTURE_OF[fine]]
    face = np.where(known[box] > 0, known[box], filled).astype(np.uint8)
    return FineMap(name, fine, _seeds(face, _SMALL_REGIONS), face)


def _read_numbers(path: Path) -> NDArray[np.int64]:
    """Return the numbers of a label map, RAS+, every 1 mm."""
    image = nib.as_closest_canonical(nib.load(path))  # type: ignore[no-untyped-call]
    numbers = np.asanyarray(image.dataobj).round().astype(np.int64)
    return _to_1mm(numbers, np.array(image.header.get_zooms()[:3], float))


def _to_1mm(numbers: NDArray[np.int64], spacing_mm: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return nearest-neighbour samples every 1 mm."""
    if np.allclose(spacing_mm, 1.0, atol=0.02):
        return numbers
    return ndimage.zoom(numbers, spacing_mm, order=0, grid_mode=True, mode="nearest")


def _finish(fine: Bytes, numbering: str) -> tuple[Bytes, Box]:
    """Complete a fine map; return it without empty margins, and where it was."""
    box = occupied(fine)
    fine = fine[box]
    if numbering == "freesurfer":
        fine = _split_sides(fine)
        if (STRUCTURE_OF[fine] == SKIN).any():
            fine = fill_air(keep_largest(fine))
            inner = occupied(fine)
            fine, box = fine[inner], _within(box, inner)
    return _split_layers(np.ascontiguousarray(fine)), box


def occupied(fine: Bytes) -> Box:
    """Return the part of the map that its empty margins surround."""
    found = ndimage.find_objects((fine != 0).astype(np.uint8))
    i, j, k = found[0] if found else (slice(0, n) for n in fine.shape)
    return i, j, k


def _within(outer: Box, inner: Box) -> Box:
    """Return a part of a part as a part of the whole."""
    i, j, k = (
        slice(a.start + b.start, a.start + b.stop) for a, b in zip(outer, inner, strict=True)
    )
    return i, j, k


def keep_largest(fine: Bytes) -> Bytes:
    """Return the map without what floats outside the head."""
    return np.where(largest_piece(fine != 0), fine, 0).astype(np.uint8)


def outside(empty: Mask, *, ball_mm: float = BALL_MM) -> Mask:
    """Return the part of ``empty`` that a ball reaches from every face but the lowest one.

    The neck is cut there, and the airway, which the cut opens, is inside the head.
    """
    margin = int(ball_mm) + 2
    padded = np.pad(empty, ((margin, margin), (margin, margin), (0, margin)), constant_values=True)
    roomy = ndimage.distance_transform_edt(padded) > ball_mm
    parts, _ = ndimage.label(roomy)
    reached = parts == parts[0, 0, -1]
    near = ndimage.distance_transform_edt(~reached) <= ball_mm + 3.0
    inner = (slice(margin, -margin), slice(margin, -margin), slice(0, -margin))
    return empty & near[inner]


def fill_air(fine: Bytes, *, smallest: int = 60) -> Bytes:
    """Return the map with the air inside the head named, and specks of nothing filled.

    Parameters
    ----------
    fine
        Map whose zeros are both what surrounds the head and the air inside it.
    smallest
        Cavities of fewer voxels are noise and take the nearest tissue.
    """
    empty = fine == 0
    inside = empty & ~outside(empty)
    dense = inside & (ndimage.uniform_filter(inside.astype(np.float32), 3) > 0.4)
    parts, _ = ndimage.label(dense)
    size = np.bincount(parts.ravel())
    size[0] = 0
    air = inside & ndimage.binary_dilation(size[parts] >= smallest)
    tissue = ndimage.distance_transform_edt(empty, return_distances=False, return_indices=True)
    filled = np.where(inside & ~air, fine[tuple(tissue)], fine)
    return np.where(air, fine_index("air", AIR), filled).astype(np.uint8)


def _split_sides(fine: Bytes) -> Bytes:
    """Return the map with midline entries that have a side given to the nearer one."""
    fine = fine.copy()
    left, right = (np.argwhere(STRUCTURE_OF[fine] == s)[:, 0] for s in (1, 2))
    if not (len(left) and len(right)):
        return fine
    on_right = np.arange(len(fine))[:, None, None] > (left.mean() + right.mean()) / 2
    fine[(fine == fine_index("eye", 16)) & on_right] = fine_index("eye", 17)
    callosum = fine == fine_index("corpus_callosum", 1)
    fine[callosum] = fine_index("white_matter", 1)
    fine[callosum & on_right] = fine_index("white_matter", 2)
    return fine


def _split_layers(fine: Bytes) -> Bytes:
    """Return the map with scalp apart from skin, and fat under it apart from deeper tissue."""
    skin, soft = fine_index("skin", SKIN), fine_index("soft_tissue", SOFT_TISSUE)
    if not (fine == skin).any():
        return fine
    padded = np.pad(fine, ((1, 1), (1, 1), (0, 1)))
    depth = ndimage.distance_transform_edt(padded != 0)[1:-1, 1:-1, :-1]
    under = ndimage.distance_transform_edt(fine != skin)
    fine = fine.copy()
    fine[(fine == skin) & (depth > 1.8)] = fine_index("scalp", SKIN)
    fine[(fine == soft) & (under <= 4.0)] = fine_index("subcutaneous", SOFT_TISSUE)
    return fine


def _seeds(truth: Bytes, small: tuple[int, ...], *, per_structure: int = 200) -> NDArray[np.int32]:
    """Return voxels of the structures that random patches seldom show."""
    rng = np.random.default_rng(0)
    found = []
    for structure in small:
        voxels = np.argwhere(truth == structure).astype(np.int32)
        if len(voxels):
            found.append(voxels[rng.integers(len(voxels), size=per_structure)])
    return np.concatenate(found) if found else np.argwhere(truth != 0)[:1].astype(np.int32)


def prepare(
    paths: list[Path], cache: Path, *, numbering: str = "auto", regions: Path | None = None
) -> list[Path]:
    """Return the prepared maps of label maps, made where they are missing.

    Parameters
    ----------
    paths
        Label maps.
    cache
        Folder of the prepared maps.
    numbering
        As for ``read_map``.
    regions
        Folder with a completed map of the same file name for each, or None.

    Raises
    ------
    InputError
        If two label maps have the same name.
    """
    cache.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in paths)
    if twice := [a for a, b in pairwise(names) if a == b]:
        raise InputError(f"Label maps need different file names, got {twice[0]} twice.")
    return [
        _prepare_one(path, cache, numbering, regions / path.name if regions else None)
        for path in paths
    ]


def _prepare_one(path: Path, cache: Path, numbering: str, completed: Path | None) -> Path:
    """Return the prepared map of one label map."""
    target = cache / f"{path.name}.npz"
    newest = max(p.stat().st_mtime for p in (path, completed) if p is not None)
    if not target.exists() or target.stat().st_mtime < newest:
        ready = read_map(path, numbering=numbering, regions=completed)
        partial = target.with_suffix(".part.npz")
        regions = np.empty(0, np.uint8) if ready.regions is None else ready.regions
        np.savez_compressed(partial, data=ready.data, seeds=ready.seeds, regions=regions)
        partial.replace(target)
    return target


def load_prepared(path: Path) -> FineMap:
    """Return a prepared map."""
    with np.load(path, allow_pickle=False) as stored:
        regions = stored["regions"] if "regions" in stored else np.empty(0, np.uint8)
        name = path.name.split(".nii")[0]
        return FineMap(name, stored["data"], stored["seeds"], regions if regions.size else None)


def has_brain_only(fine: Bytes) -> bool:
    """Tell whether the map shows a brain without the head around it."""
    present = np.bincount(fine.ravel(), minlength=len(FINE)) > 0
    return not bool((present & ~BRAIN & (STRUCTURE_OF > 10)).any())
