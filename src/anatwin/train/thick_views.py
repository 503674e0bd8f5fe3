"""Simulated views of people, on disk: what segmentation and alignment are trained on together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.acquire import ThickSlices
from anatwin.core import Grid, Labels, Transform, Volume, track
from anatwin.io.files import atomic_output
from anatwin.ops.warp import warped
from anatwin.segment.recipe import bright_box
from anatwin.train.prepared import Prepared, places_of
from anatwin.train.subjects import OBJECT, Subject
from anatwin.train.views_plan import VIEW

Matrix = NDArray[np.float64]

DIRECTIONS = ("axial", "coronal", "sagittal")
LATTICE = 48
"""Edge of the lattice that alignment sees, in voxels."""
LATTICE_MM = 4.0
"""Its voxels' edge."""


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """A view as a scanner and a reader made it.

    Parameters
    ----------
    volume
        Slices along the last axis.
    labels
        The object where slices are at least half full of it.
    pose
        From the view's world to that of the person.
    """

    volume: Volume
    labels: Labels
    pose: Transform


@dataclass(frozen=True)
class Example:
    """A view on disk, cropped to what it shows and scaled; arrays are read when they are used.

    Parameters
    ----------
    folder
        Of its arrays.
    """

    folder: Path

    @cached_property
    def prepared(self) -> Prepared:
        """The arrays that the segmentation is trained on."""
        return Prepared(self.folder)

    @cached_property
    def matrix(self) -> Matrix:
        """From an index of the crop to the view's world, 4 x 4."""
        return np.asarray(np.load(self.folder / "matrix.npy"))

    @cached_property
    def pose(self) -> Matrix:
        """From the view's world to the person's, 4 x 4."""
        return np.asarray(np.load(self.folder / "pose.npy"))

    @cached_property
    def centred(self) -> Matrix:
        """From an index of the crop to mm from the centre of brightness, 4 x 4."""
        return about_centre(self.image, self.matrix)

    @property
    def image(self) -> NDArray[np.float32]:
        """Scaled values, ``i j k``."""
        return np.asarray(self.prepared.image[0], np.float32)

    @cached_property
    def lattice(self) -> NDArray[np.float32]:
        """What alignment sees of the image, ``i j k``."""
        return on_lattice(self.image, self.centred)

    @cached_property
    def lattice_mask(self) -> NDArray[np.float32]:
        """What alignment sees of the object, ``i j k``."""
        return on_lattice(np.asarray(self.prepared.labels, np.float32), self.centred)


def see(image: Volume, mask: Volume, scan: ThickSlices) -> Seen:
    """Return a simulated view of a person.

    Parameters
    ----------
    image, mask
        On one grid; the mask is 0 to 1.
    scan
        How it is scanned.
    """
    view = scan(image)
    marked = replace(scan, noise=0.0, contrast=0.0)(mask).volume.data > 0.5
    labels = Labels(marked.astype(np.uint8), view.volume.grid, OBJECT)
    return Seen(Volume(np.maximum(view.volume.data, 0), view.volume.grid), labels, view.transform)


def at_rest(image: Volume, mask: Volume) -> Seen:
    """Return the person as if scanned at high resolution."""
    labels = Labels((mask.data > 0.5).astype(np.uint8), image.grid, OBJECT)
    return Seen(image, labels, Transform.from_matrix(np.eye(4)))


def prepare_views(
    subjects: Sequence[Subject], scan: ThickSlices, folder: Path, *, poses: int, edge_mm: float
) -> dict[str, list[Example]]:
    """Return views of every person, made once: three directions in each of several poses.

    Parameters
    ----------
    subjects
        The people.
    scan
        How they are scanned; direction and seed are chosen here.
    folder
        Where views are kept.
    poses
        How many poses; each direction has its own.
    edge_mm
        Of the cube about the object.
    """
    found: dict[str, list[Example]] = {}
    for n, subject in enumerate(track(subjects, "simulating views")):
        homes = [folder / subject.name / str(k) for k in range(3 * poses)]
        if not all((home / "places.npy").exists() for home in homes):
            image, mask = subject.in_cube(edge_mm)
            for k, home in enumerate(homes):
                seed = (n * poses + k // 3) * 3 + k % 3
                store(see(image, mask, replace(scan, direction=DIRECTIONS[k % 3], seed=seed)), home)
        found[subject.name] = [Example(home) for home in homes]
    return found


def prepare_whole(
    subjects: Sequence[Subject], folder: Path, *, edge_mm: float
) -> dict[str, list[Example]]:
    """Return every person at high resolution, prepared once."""
    for subject in track(subjects, "preparing whole volumes"):
        if not (folder / subject.name / "places.npy").exists():
            store(at_rest(*subject.in_cube(edge_mm)), folder / subject.name)
    return {subject.name: [Example(folder / subject.name)] for subject in subjects}


def store(seen: Seen, folder: Path) -> None:
    """Write a view, cropped and scaled."""
    image, grid, box = shown(seen.volume)
    labels = seen.labels.data[box].astype(np.uint8)
    arrays: dict[str, NDArray[np.generic]] = {
        "image": image[None].astype(np.float16),
        "labels": labels,
        "matrix": grid.matrix,
        "pose": seen.pose.matrix,
        "places": places_of(labels),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():  # the last one tells that the view is complete
        with atomic_output(folder / f"{name}.npy") as path:
            np.save(path, array)


def shown(volume: Volume) -> tuple[NDArray[np.float32], Grid, tuple[slice, ...]]:
    """Return the part of a scan that is not dark, its grid, and where it lies.

    It is empty where all is dark.
    """
    data = np.asarray(volume.magnitude().data, np.float32)
    box = bright_box(data)
    cut = data[box]
    scaled = VIEW.scale(cut) if np.ptp(cut) > 0 else np.zeros_like(cut)
    matrix = volume.grid.matrix
    matrix[:3, 3] = volume.grid.at(*(part.start for part in box))
    return scaled, Grid.from_matrix(cut.shape, matrix, volume.grid.frame), box


def about_centre(image: NDArray[np.float32], matrix: Matrix) -> Matrix:
    """Return the map from an index to mm from the image's centre of brightness."""
    total = max(float(image.sum()), 1e-6)
    index = []
    for axis, n in enumerate(image.shape):
        along = image.sum(axis=tuple(other for other in range(3) if other != axis))
        index.append(float(along @ np.arange(n)) / total)
    centred = matrix.copy()
    centred[:3, 3] = -matrix[:3, :3] @ index
    return centred


def lattice_matrix() -> Matrix:
    """Return the map from an index of alignment's lattice to mm from its middle, 4 x 4."""
    return Grid.isotropic((LATTICE,) * 3, LATTICE_MM).matrix


def on_lattice(image: NDArray[np.float32], centred: Matrix) -> NDArray[np.float32]:
    """Return an image, blurred to the lattice's voxels, on alignment's lattice.

    Parameters
    ----------
    image
        ``i j k``.
    centred
        From its index to mm from the lattice's middle.
    """
    from scipy.ndimage import gaussian_filter

    spacing = np.linalg.norm(centred[:3, :3], axis=0)
    sigma = np.sqrt(np.maximum(LATTICE_MM**2 - spacing**2, 0)) / 2.3548 / spacing
    index = np.linalg.inv(centred) @ lattice_matrix()
    index[:3, 3] += 1
    blurred = np.pad(gaussian_filter(image, sigma, mode="constant"), 1)
    return np.asarray(warped(blurred, index, (LATTICE,) * 3)[0], np.float32)
