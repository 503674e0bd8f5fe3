"""How well a network names structures: on synthetic images of held-out heads, and on real ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from anatwin.core import Grid, Labels, LabelTable, Volume, anatomy_table, head_table, track
from anatwin.measure.samples import mean_interval
from anatwin.train.maps import FineMap
from anatwin.train.numbering import N_STRUCTURES, STRUCTURE_OF, from_sources
from anatwin.train.pose import Pose
from anatwin.train.synthesis import Synthesis
from anatwin.train.view import View

MERGED = {
    "white_matter": (1, 2),
    "cortex": (3, 4),
    "deep_grey": (5, 6),
    "lateral_ventricles": (7, 8),
    "cerebellum": (11, 12),
}
"""Structures of both sides counted as one."""


OWN_POSE = Synthesis(
    pose=Pose(rotation_deg=0.0, scale=0.0, shear=0.0),
    view=View(stripped=0.0, cut=0.0, foot=0.0),
    flip=0.0,
)
"""The recipe of the test images."""


@dataclass(frozen=True, slots=True)
class Row:
    """Dice of one structure over several images.

    Parameters
    ----------
    structure
        Its name.
    n
        Number of images that show it.
    mean, low, high
        Mean and its 95 % confidence interval (Student's t, images as the unit).
    """

    structure: str
    n: int
    mean: float
    low: float
    high: float


def head_structures(labels: Labels) -> NDArray[np.uint8]:
    """Return labels of the anatomy table in the head table, ``i j k``, parts as their wholes."""
    known = {label.name: label.index for label in head_table().labels}
    found = np.zeros(max(anatomy_table().indices) + 1, np.uint8)
    for label in anatomy_table().labels:
        found[label.index] = known.get(label.name) or known[label.parent]
    return found[labels.data]


def dice(
    labels: NDArray[np.generic], truth: NDArray[np.generic], *, n: int = N_STRUCTURES
) -> NDArray[np.float64]:
    """Return the Dice of every index below ``n`` but 0; NaN where the truth has none."""
    a, b = labels.ravel().astype(np.int64), truth.ravel().astype(np.int64)
    same = np.bincount(a[a == b], minlength=n)[:n]
    size_a, size_b = (np.bincount(x, minlength=n)[:n] for x in (a, b))
    with np.errstate(invalid="ignore", divide="ignore"):
        score = 2.0 * same / (size_a + size_b)
    return np.where(size_b > 0, score, np.nan)[1:]


def merged_dice(labels: NDArray[np.generic], truth: NDArray[np.generic]) -> dict[str, float]:
    """Return the Dice of the structures in ``MERGED``, both sides as one."""
    scores = {}
    for name, indices in MERGED.items():
        a, b = np.isin(labels, indices), np.isin(truth, indices)
        scores[name] = 2.0 * float((a & b).sum()) / max(int(a.sum() + b.sum()), 1)
    return scores


def synthetic_images(
    heads: Sequence[FineMap],
    *,
    n_images: int = 10,
    seed: int = 1000,
    synthesis: Synthesis = OWN_POSE,
) -> Iterator[tuple[Volume, NDArray[np.uint8]]]:
    """Yield random images of whole heads on voxels of 1 mm, and their truth, ``i j k``.

    Parameters
    ----------
    heads
        Maps that were kept out of the training.
    n_images
        Images per map.
    seed
        Seed of the first image; the others follow.
    synthesis
        How images are made; the default is the training's recipe in the map's own pose, with
        nothing stripped or cut away, so that every structure is there.
    """
    jobs = [head for head in heads for _ in range(n_images)]
    for number, head in enumerate(track(jobs, "evaluate")):
        i, j, k = (-(-(n + 16) // 32) * 32 for n in head.data.shape)
        sample = synthesis.whole(head, (i, j, k), seed + number)
        yield Volume(sample.image, Grid.isotropic((i, j, k), 1.0)), sample.target


def table(scores: NDArray[np.float64], structures: LabelTable | None = None) -> list[Row]:
    """Return one row per structure, and their mean per image in the last row.

    Parameters
    ----------
    scores
        Dice, ``image structure``.
    structures
        Table of the structures; the default is the head table.
    """
    rows = []
    for label, column in zip((structures or head_table()).labels, scores.T, strict=True):
        n = int(np.isfinite(column).sum())
        rows.append(Row(label.name, n, *mean_interval(column.tolist())))
    means = np.nanmean(scores, axis=1)
    rows.append(Row("mean of structures", len(means), *mean_interval(means.tolist())))
    return rows


def markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| structure | n | Dice | 95 % CI |", "|---|---|---|---|"]
    lines += [
        f"| {r.structure} | {r.n} | {r.mean:.3f} | {r.low:.3f} to {r.high:.3f} |" for r in rows
    ]
    return "\n".join(lines)


def read_real(
    image_path: Path, labels_path: Path, *, axes: str = ""
) -> tuple[Volume, NDArray[np.uint8]]:
    """Return a scan and its FreeSurfer segmentation in the head table, both RAS+.

    Numbers without a side (lesions, corpus callosum) take the side of the nearest structure
    that has one.

    Parameters
    ----------
    image_path, labels_path
        NIfTI files on one grid.
    axes
        Where the stored axes really point, ``LIA`` for example, for files of 1 mm voxels whose
        header is known to be wrong; empty to believe the header.
    """
    image, labels = (_oriented(path, axes) for path in (image_path, labels_path))
    numbers = np.asanyarray(labels.dataobj).astype(np.int64)
    fine = from_sources()[np.clip(numbers, 0, 65535)]
    structure = np.where(fine == 255, 0, STRUCTURE_OF[np.minimum(fine, len(STRUCTURE_OF) - 1)])
    unsided = np.isin(numbers, (77, 80, 251, 252, 253, 254, 255))
    white = np.where(np.isin(structure, (1, 2)) & ~unsided, structure, 0)
    nearest = ndimage.distance_transform_edt(
        white == 0, return_distances=False, return_indices=True
    )
    structure = np.where(unsided, white[tuple(nearest)], structure).astype(np.uint8)
    data = np.asanyarray(image.dataobj).astype(np.float32)
    return Volume(data, Grid.from_matrix(data.shape, image.affine)), structure


def _oriented(path: Path, axes: str) -> Any:  # noqa: ANN401 (nibabel's images have no types)
    """Return an image turned to RAS+."""
    image: Any = nib.load(path)
    if axes:
        affine = np.diag([0.0, 0.0, 0.0, 1.0])
        for axis, code in enumerate(axes):
            affine["RLAPSI".index(code) // 2, axis] = 1.0 if code in "RAS" else -1.0
        image = nib.Nifti1Image(np.asanyarray(image.dataobj), affine)  # type: ignore[no-untyped-call]
    return nib.as_closest_canonical(image)  # type: ignore[no-untyped-call]
