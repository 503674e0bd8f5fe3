"""A DICOM series: slices found, chosen, ordered and checked, then one volume in RAS+."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, Volume, track
from anatwin.io.dicom_files import is_dicom, read_frames, read_pixels
from anatwin.io.dicom_frames import Facts, Frame
from anatwin.io.dicom_stack import height_mm, largest_stack, one_volume, stacks_of, step_lps
from anatwin.io.files import naming, require_memory

_FEWEST_SLICES = 3
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def read_series(path: Path, *, frame: int | None = None) -> Volume:
    """Read a series; see ``read_series_and_notes``."""
    return read_series_and_notes(path, frame=frame)[0]


def read_series_and_notes(
    path: Path, *, frame: int | None = None
) -> tuple[Volume, tuple[str, ...], Facts]:
    """Read a DICOM series as float32, what a reader should know, and how it was acquired.

    Of several series, the one with the most voxels is taken and the others are named. Slices are
    ordered by their position along the normal. Copies of a slice are dropped with a note. Notes
    name no file, since scanners put the person's name into file names; errors do.

    Parameters
    ----------
    path
        A folder, whose files may have any name, or one file (enhanced multi-frame).
    frame
        Which volume of a series that holds several (echoes, time points), from 0.

    Raises
    ------
    InputError
        If there is no image, a slice is missing, two slices contradict each other, a file is
        damaged, or the series holds several volumes and ``frame`` is None.
    MissingPartError
        If the compression needs a package that is not installed.
    ResourceError
        If the volume does not fit the memory.
    """
    path = Path(path)
    with naming(path):
        frames, notes = _find_frames(path)
        stack, left_out = largest_stack(frames)
        volume, noticed = _volume(stack, frame)
        return volume, (*notes, *left_out, *noticed), stack[0].facts


def read_every_series(path: Path) -> tuple[tuple[str, Volume], ...]:
    """Read all series of a folder, each direction of one by itself; return them with a name.

    Series of fewer than three slices, which only show where the others lie, are passed over.

    Raises
    ------
    InputError
        If there is none, or one of them is not a whole volume.
    """
    with naming(Path(path)):
        frames, _ = _find_frames(Path(path))
        stacks = [stack for stack in stacks_of(frames) if len(stack) >= _FEWEST_SLICES]
        if not stacks:
            raise InputError("no series of three slices or more.")
        found = []
        for stack in stacks:
            name = f"series {stack[0].series_number}"
            with naming(Path(path) / name):
                found.append((name, _volume(stack, None)[0]))
        return tuple(found)


def _volume(stack: list[Frame], frame: int | None) -> tuple[Volume, list[str]]:
    """Return the volume of a series, and what a reader should know."""
    stack, chosen = one_volume(stack, frame)
    stack = sorted(stack, key=height_mm)
    step, spaced = step_lps(stack)
    data = _pixels(stack)
    if not data.any():
        raise InputError("the series holds only zeros; there is nothing to see in it.")
    return Volume(data, _grid(stack, step)), [*chosen, *spaced, *_content_notes(stack[0])]


def _find_frames(path: Path) -> tuple[list[Frame], list[str]]:
    frames: list[Frame] = []
    n_ignored = 0
    for file in track(_files(path), "reading DICOM headers"):
        found = read_frames(file) if is_dicom(file) else []
        frames += found
        n_ignored += not found
    if not frames:
        raise InputError(
            f"no DICOM image among {n_ignored} files; give the folder that holds the series "
            "itself, not one above it."
        )
    return frames, [_ignored_note(n_ignored)] if n_ignored else []


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    visible = (file for file in path.iterdir() if not file.name.startswith("."))
    return sorted(file for file in visible if file.is_file())


def _ignored_note(n_files: int) -> str:
    what = "1 file that is" if n_files == 1 else f"{n_files} files that are"
    return f"Ignored: {what} no DICOM image with a position."


def _content_notes(first: Frame) -> list[str]:
    notes = []
    if (modality := dict(first.facts).get("modality", "MR")) != "MR":
        notes.append(f"The modality is {modality}, not MR.")
    if first.is_inverted:
        notes.append("The image was stored dark for bright (MONOCHROME1) and has been inverted.")
    return notes


def _pixels(stack: list[Frame]) -> NDArray[np.float32]:
    """Return real values, ``i j k``, decoding every file once."""
    shape = (*stack[0].shape, len(stack))
    require_memory(4 * int(np.prod(shape)), f"A series of {len(stack)} slices")
    data = np.empty(shape, np.float32)
    files: dict[Path, list[int]] = {}
    for k, frame in enumerate(stack):
        files.setdefault(frame.path, []).append(k)
    for path, slices in track(files.items(), "reading DICOM slices", total=len(files)):
        decoded = read_pixels(path, [stack[k].index for k in slices])
        for k, stored in zip(slices, decoded, strict=True):
            with np.errstate(over="ignore"):
                data[:, :, k] = stored * stack[k].slope + stack[k].intercept
    if stack[0].is_inverted:
        np.subtract(data.max(), data, out=data)
    return data


def _grid(stack: list[Frame], step: NDArray[np.float64]) -> Grid:
    first = stack[0]
    matrix = np.eye(4)
    matrix[:3, 0] = np.array(first.orientation[:3]) * first.spacing_mm[0]
    matrix[:3, 1] = np.array(first.orientation[3:]) * first.spacing_mm[1]
    matrix[:3, 2] = step
    matrix[:3, 3] = first.position_mm
    return Grid.from_matrix((*first.shape, len(stack)), _LPS_TO_RAS @ matrix)
