"""Label maps made ready for synthesis: oriented, completed, split into tissues, cached."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from anatwin.core import InputError
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
    from_sources,
)

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

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
    """

    name: str
    data: Bytes
    seeds: NDArray[np.int32]


def read_map(path: Path, *, numbering: str = "auto") -> FineMap:
    """Return the label map of a NIfTI file.

    Parameters
    ----------
    path
        Label map of about 1 mm voxels.
    numbering
        ``head`` (the head table), ``freesurfer`` (FreeSurfer's and SynthSeg's numbers) or
        ``auto`` (``head`` if no number is above 20).

    Raises
    ------
    InputError
        If a number is not in the table.
    """
    image = nib.as_closest_canonical(nib.load(path))  # type: ignore[no-untyped-call]
    numbers = np.asanyarray(image.dataobj).round().astype(np.int64)
    numbers = _to_1mm(numbers, np.array(image.header.get_zooms()[:3], float))
    if numbering == "auto":
        numbering = "head" if numbers.max() < N_STRUCTURES else "freesurfer"
    table = from_head() if numbering == "head" else from_sources()
    fine = table[np.clip(numbers, 0, 65535)]
    if (fine == 255).any():
        unknown = np.unique(numbers[fine == 255])[:8].tolist()
        raise InputError(
            f"{path} has label numbers {unknown} that are not in the {numbering} table."
        )
    return FineMap(path.name.removesuffix(".gz").removesuffix(".nii"), *_finish(fine, numbering))


def _to_1mm(numbers: NDArray[np.int64], spacing_mm: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return nearest-neighbour samples every 1 mm."""
    if np.allclose(spacing_mm, 1.0, atol=0.02):
        return numbers
    return ndimage.zoom(numbers, spacing_mm, order=0, grid_mode=True, mode="nearest")


def _finish(fine: Bytes, numbering: str) -> tuple[Bytes, NDArray[np.int32]]:
    """Complete a fine map and list the voxels of its small structures."""
    fine = crop(fine)
    if numbering == "freesurfer":
        fine = _split_sides(fine)
        if (STRUCTURE_OF[fine] == SKIN).any():
            fine = crop(fill_air(keep_largest(fine)))
    fine = _split_layers(fine)
    return fine, _seeds(fine)


def crop(fine: Bytes) -> Bytes:
    """Return the map without empty margins."""
    box = ndimage.find_objects((fine != 0).astype(np.uint8))
    return np.ascontiguousarray(fine[box[0]]) if box else fine


def keep_largest(fine: Bytes) -> Bytes:
    """Return the map without what floats outside the head."""
    parts, n = ndimage.label(fine != 0)
    if n < 2:
        return fine
    largest = np.bincount(parts.ravel())[1:].argmax() + 1
    return np.where(parts == largest, fine, 0).astype(np.uint8)


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


def _seeds(fine: Bytes, *, per_structure: int = 200) -> NDArray[np.int32]:
    """Return voxels of the structures that random patches seldom show."""
    rng = np.random.default_rng(0)
    found = []
    for structure in (7, 8, 9, 13, 14, 16, 17, 18):
        voxels = np.argwhere(STRUCTURE_OF[fine] == structure).astype(np.int32)
        if len(voxels):
            found.append(voxels[rng.integers(len(voxels), size=per_structure)])
    return np.concatenate(found) if found else np.argwhere(fine != 0)[:1].astype(np.int32)


def prepare(paths: list[Path], cache: Path, *, numbering: str = "auto") -> list[Path]:
    """Return the prepared maps of label maps, made where they are missing.

    Raises
    ------
    InputError
        If two label maps have the same name.
    """
    cache.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in paths)
    if twice := [a for a, b in pairwise(names) if a == b]:
        raise InputError(f"Label maps need different file names, got {twice[0]} twice.")
    return [_prepare_one(path, cache, numbering) for path in paths]


def _prepare_one(path: Path, cache: Path, numbering: str) -> Path:
    """Return the prepared map of one label map."""
    target = cache / f"{path.name}.npz"
    if not target.exists() or target.stat().st_mtime < path.stat().st_mtime:
        ready = read_map(path, numbering=numbering)
        partial = target.with_suffix(".part.npz")
        np.savez_compressed(partial, data=ready.data, seeds=ready.seeds)
        partial.replace(target)
    return target


def load_prepared(path: Path) -> FineMap:
    """Return a prepared map."""
    with np.load(path, allow_pickle=False) as stored:
        return FineMap(path.name.split(".nii")[0], stored["data"], stored["seeds"])


def has_brain_only(fine: Bytes) -> bool:
    """Tell whether the map shows a brain without the head around it."""
    present = np.bincount(fine.ravel(), minlength=len(FINE)) > 0
    return not bool((present & ~BRAIN & (STRUCTURE_OF > 10)).any())
