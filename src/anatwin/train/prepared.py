"""Labelled cases as the network sees them, on disk, so that a training reads only what it needs."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Labels, track
from anatwin.io.files import atomic_output
from anatwin.ops.resample import apply_matrices
from anatwin.segment.lattice import Lattice
from anatwin.segment.recipe import Recipe
from anatwin.train.dataset import Case, Dataset

_PLACES = 5000
"""Voxels remembered of every structure of a case, to centre patches on."""


@dataclass(frozen=True)
class Prepared:
    """One case, prepared; its arrays stay on disk until they are used.

    Parameters
    ----------
    folder
        Of its three arrays.
    """

    folder: Path

    @cached_property
    def image(self) -> NDArray[np.float16]:
        """Scaled values, ``channel i j k``."""
        return np.load(self.folder / "image.npy", mmap_mode="r")

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        """Structures' indices, ``i j k``."""
        return np.load(self.folder / "labels.npy", mmap_mode="r")

    @cached_property
    def places(self) -> NDArray[np.int32]:
        """Some voxels of every structure: ``place (index, i, j, k)``, sorted by index."""
        return np.load(self.folder / "places.npy")


def prepare_cases(dataset: Dataset, recipe: Recipe, folder: Path) -> dict[str, Prepared]:
    """Return every case on the network's lattice, prepared once for each recipe.

    Parameters
    ----------
    dataset
        Labelled people.
    recipe
        What the network expects.
    folder
        Where prepared cases are kept.
    """
    digest = hashlib.sha256(recipe.to_json().encode()).hexdigest()[:8]
    places = {case.name: folder / digest / case.name for case in dataset.cases}
    for case in track(dataset.cases, "prepare"):
        if not (places[case.name] / "places.npy").exists():
            _prepare(case, recipe, places[case.name])
    return {name: Prepared(place) for name, place in places.items()}


def _prepare(case: Case, recipe: Recipe, folder: Path) -> None:
    volumes, labels = case.read(recipe.table)
    lattice = recipe.lattice(labels.grid)
    image = recipe.prepare(volumes, lattice).astype(np.float16)
    on_lattice = labels_on(lattice, labels)
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[Any]] = {
        "image": image,
        "labels": on_lattice,
        "places": places_of(on_lattice),
    }
    for name, array in arrays.items():  # the last one tells that the case is complete
        with atomic_output(folder / f"{name}.npy") as path:
            np.save(path, array)


def labels_on(lattice: Lattice, labels: Labels) -> NDArray[np.uint8]:
    """Return labels on a lattice: at every voxel the structure with the largest share."""
    view = lattice.view(labels.data)
    best = np.zeros([len(matrix) for matrix in lattice.forward], np.float32)
    chosen = np.zeros(best.shape, np.uint8)
    for index in (0, *labels.table.indices):
        if not (mask := view == index).any():
            continue
        share = apply_matrices(mask, lattice.forward)
        is_more = share > best
        chosen[is_more], best[is_more] = index, share[is_more]
    return chosen


def places_of(labels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return some voxels of every structure: ``place (index, i, j, k)``, sorted by index."""
    rng = np.random.default_rng(0)
    found: list[NDArray[np.int32]] = [np.zeros((0, 4), np.int32)]
    for index in np.unique(labels[labels > 0]):
        voxels = np.argwhere(labels == index)
        kept = rng.choice(len(voxels), min(_PLACES, len(voxels)), replace=False)
        found.append(np.insert(voxels[kept], 0, index, axis=1).astype(np.int32))
    return np.concatenate(found)


def split(names: Sequence[str], n_folds: int, *, seed: int = 0) -> tuple[tuple[str, ...], ...]:
    """Return the names of each fold: shuffled once, in parts that differ by one at most."""
    shuffled = np.random.default_rng(seed).permutation(sorted(names))
    return tuple(tuple(sorted(map(str, part))) for part in np.array_split(shuffled, n_folds))
