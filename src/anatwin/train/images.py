"""Images to train reconstruction with: stacks of slices in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import AnyKSpace, InputError, NonCartesian, UsageError, Volume, track
from anatwin.io.source import open_source
from anatwin.ops.coils import middle_block, typical_brightness
from anatwin.ops.fourier import fft, ifft

Array = NDArray[Any]

_ISOTROPIC = 1.35
"""Longest over shortest voxel edge up to which a volume is cut along all three axes."""
_FAINT = 0.15
"""Root mean square, as a fraction of the strongest slice's, below which a slice is left out."""


@dataclass(frozen=True, eq=False, slots=True)
class Stack:
    """Slices of one volume.

    Parameters
    ----------
    name
        File that they came from.
    slices
        ``slice row column``, half precision or complex, typical brightness 1.
    useful
        Indices of the slices that show more than a faint rest.
    """

    name: str
    slices: Array
    useful: NDArray[np.intp]

    @property
    def side(self) -> int:
        """Shortest edge of a slice."""
        return min(self.slices.shape[1:])


def read_stacks(inputs: tuple[Path, ...], *, exclude: tuple[str, ...] = ()) -> list[Stack]:
    """Return the stacks of all images and k-spaces in files and folders.

    Parameters
    ----------
    inputs
        Files, folders of files (searched at any depth), or folders of DICOM files. What is named
        twice is returned twice, but kept in memory once.
    exclude
        Files to keep out: those whose path contains one of these.

    Raises
    ------
    InputError
        If there is none.
    """
    found = [path for item in inputs for path in _files(item)]
    kept = [path for path in found if not any(part in str(path) for part in exclude)]
    if not kept:
        raise InputError(
            f"Training needs images or k-space, got {len(found)} files, all of them excluded."
        )
    read = {path: list(_stacks(path)) for path in track(sorted(set(kept)), "read")}
    return [stack for path in kept for stack in read[path]]


def _files(item: Path) -> list[Path]:
    """Return the images in a folder; a folder of DICOM files is one image."""
    if item.is_file():
        return [item]
    files = sorted(p for end in ("*.nii", "*.nii.gz", "*.h5", "*.cfl") for p in item.rglob(end))
    folders = {path.parent for path in item.rglob("*.dcm")}
    return [*files, *sorted(folders)]


def _stacks(path: Path) -> Iterator[Stack]:
    """Yield the stacks of every frame of a file."""
    try:
        source = open_source(path)
        frames = [source.product]
    except InputError:
        frames = list(_frames(path))
    for frame in frames:
        array = frame.data if isinstance(frame, Volume) else _complex_image(frame)
        yield from cut(array, frame.grid.spacing_mm, name=path.name)


def _frames(path: Path) -> Iterator[Volume | AnyKSpace]:
    """Yield the frames of a file that holds several."""
    for index in range(1000):
        try:
            yield open_source(path, frame=index).product
        except (InputError, UsageError):
            if index == 0:
                raise
            return


def _complex_image(kspace: AnyKSpace) -> Array:
    """Return the image of a fully sampled scan: complex of one coil, magnitude of several.

    Raises
    ------
    InputError
        If samples are missing.
    """
    if isinstance(kspace, NonCartesian):
        raise InputError("k-space to train on must be Cartesian, got samples along trajectories.")
    if not kspace.mask.all():
        raise InputError(
            f"k-space to train on must be fully sampled, got {kspace.acceleration:.1f}x."
        )
    images = ifft(kspace.data, tuple(axis + 1 for axis in kspace.encoded_axes))
    if len(images) == 1:
        return images[0]
    return np.sqrt((np.abs(images) ** 2).sum(0))


def cut(array: Array, spacing_mm: tuple[float, ...], *, name: str) -> list[Stack]:
    """Return the slices of a volume across its thickest direction, or across all if it is even.

    Parameters
    ----------
    array
        Real or complex, ``i j k``. Values below zero (standardised images) are lifted.
    spacing_mm
        Edges of a voxel.
    name
        What it is called.
    """
    array = np.nan_to_num(array)
    if not np.iscomplexobj(array):
        darkest = float(np.percentile(array[::4, ::4, ::4], 0.1))
        array = np.maximum(array.astype(np.float32) - min(darkest, 0.0), 0.0)
    even = max(spacing_mm) < _ISOTROPIC * min(spacing_mm)
    axes = range(3) if even else [int(np.argmax(spacing_mm))]
    stacks = (_stack(np.moveaxis(array, axis, 0), name) for axis in axes)
    return [stack for stack in stacks if stack is not None]


def _stack(slices: Array, name: str) -> Stack | None:
    """Return slices at typical brightness 1, or None where they show nothing or are too thin."""
    size = np.array([float(np.linalg.norm(x)) for x in slices])
    useful = np.flatnonzero(size > _FAINT * size.max())
    if min(slices.shape[1:]) < 32 or size.max() == 0:
        return None
    some = slices[useful[:: max(1, len(useful) // 40)]].astype(np.complex64)
    centre = fft(some, (1, 2))[(slice(None), *middle_block(some.shape[1:], (24, 24)))]
    brightness = typical_brightness(centre[:, None], some.shape[1:])
    kind = np.complex64 if np.iscomplexobj(slices) else np.float16
    return Stack(name, np.ascontiguousarray((slices / brightness).astype(kind)), useful)
