"""What a labelled folder is like: the numbers that a plan follows from.

After Isensee et al. 2021 (doi:10.1038/s41592-020-01008-z).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, track
from anatwin.segment.lattice import Lattice
from anatwin.train.dataset import Dataset

_SAMPLES = 10_000
"""Voxels taken of every case and channel for the statistics of intensities."""


@dataclass(frozen=True, slots=True)
class Intensity:
    """Values of one channel inside the structures.

    Parameters
    ----------
    channel
        Its name.
    low, high
        Percentiles 0.5 and 99.5.
    mean, deviation
        Mean and standard deviation.
    """

    channel: str
    low: float
    high: float
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A dataset in numbers. Axes point to the right, to the front and upwards.

    Parameters
    ----------
    n_cases
        Number of people.
    shape
        Median number of voxels along every axis.
    spacing_mm
        Median edges of a voxel.
    fine_spacing_mm
        10th percentile of the edges of a voxel.
    nonzero
        Median share of voxels that are not zero in the first channel.
    intensities
        Values inside the structures, per channel.
    present
        Share of cases that have each structure.
    volumes_mm3
        Median volume of each structure, where it is present.
    """

    n_cases: int
    shape: tuple[float, float, float]
    spacing_mm: tuple[float, float, float]
    fine_spacing_mm: tuple[float, float, float]
    nonzero: float
    intensities: tuple[Intensity, ...]
    present: dict[str, float]
    volumes_mm3: dict[str, float]


def take_fingerprint(dataset: Dataset, *, seed: int = 0) -> Fingerprint:
    """Read every case, which checks it, and return the dataset in numbers.

    Raises
    ------
    InputError
        If a case cannot be used, or a structure is in none.
    """
    rng = np.random.default_rng(seed)
    shapes, spacings, nonzero, counts, samples = [], [], [], [], []
    for case in track(dataset.cases, "fingerprint"):
        volumes, labels = case.read(dataset.table)
        axes = list(Lattice.of(labels.grid).axes)
        shapes.append([labels.grid.shape[axis] for axis in axes])
        spacings.append([labels.grid.spacing_mm[axis] for axis in axes])
        nonzero.append(np.count_nonzero(volumes[0].data) / volumes[0].data.size)
        voxel_mm3 = labels.grid.voxel_mm3
        counts.append([n * voxel_mm3 for n in labels.counts().values()])
        inside = np.flatnonzero(labels.data)
        if inside.size:
            chosen = rng.choice(inside, min(_SAMPLES, inside.size), replace=False)
            samples.append([volume.magnitude().data.ravel()[chosen] for volume in volumes])
    present, volumes_mm3 = _structures(dataset, np.array(counts))
    return Fingerprint(
        n_cases=len(dataset.cases),
        shape=_three(np.median(shapes, axis=0)),
        spacing_mm=_three(np.median(spacings, axis=0)),
        fine_spacing_mm=_three(np.percentile(spacings, 10, axis=0)),
        nonzero=float(np.median(nonzero)),
        intensities=tuple(
            _intensity(name, np.concatenate(values))
            for name, values in zip(dataset.channels, zip(*samples, strict=True), strict=True)
        ),
        present=present,
        volumes_mm3=volumes_mm3,
    )


def _structures(
    dataset: Dataset, volumes_mm3: NDArray[np.float64]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return how often every structure is there, and its median volume."""
    names = [label.name for label in dataset.table.labels]
    if missing := [n for n, v in zip(names, volumes_mm3.T, strict=True) if not v.any()]:
        raise InputError(f"{dataset.folder}: no case has a voxel of {', '.join(missing)}.")
    present = {n: float((v > 0).mean()) for n, v in zip(names, volumes_mm3.T, strict=True)}
    medians = {n: float(np.median(v[v > 0])) for n, v in zip(names, volumes_mm3.T, strict=True)}
    return present, medians


def _intensity(channel: str, values: NDArray[Any]) -> Intensity:
    low, high = (float(v) for v in np.percentile(values, (0.5, 99.5)))
    return Intensity(channel, low, high, float(values.mean(dtype=np.float64)), float(values.std()))


def _three(values: NDArray[np.floating]) -> tuple[float, float, float]:
    x, y, z = (round(float(v), 4) for v in values)
    return (x, y, z)
