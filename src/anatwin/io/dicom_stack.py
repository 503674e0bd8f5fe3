"""Which frames make one volume, in which order, and whether any is missing."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError
from anatwin.io.dicom_files import read_pixels
from anatwin.io.dicom_frames import Frame

_SAME_PLACE_MM = 0.01
_UNEVEN = 0.05
"""Part of the distance between slices that may vary: scanners round positions."""


def stacks_of(frames: list[Frame]) -> list[list[Frame]]:
    """Return the frames of every series, those of another size or direction apart."""
    stacks: list[list[Frame]] = []
    for frame in frames:
        fitting = next((stack for stack in stacks if _belongs(frame, stack[0])), None)
        if fitting is None:
            stacks.append([frame])
        else:
            fitting.append(frame)
    return stacks


def largest_stack(frames: list[Frame]) -> tuple[list[Frame], list[str]]:
    """Return the frames of the largest stack, and what was left out."""
    stacks = stacks_of(frames)
    largest = max(stacks, key=lambda stack: len(stack) * np.prod(stack[0].shape))
    notes = [_left_out_note(stack, largest[0]) for stack in stacks if stack is not largest]
    return largest, notes


def _belongs(frame: Frame, first: Frame) -> bool:
    return (
        (frame.series, frame.shape) == (first.series, first.shape)
        and np.allclose(frame.orientation, first.orientation, atol=1e-3)
        and np.allclose(frame.spacing_mm, first.spacing_mm, atol=1e-4)
    )


def _left_out_note(stack: list[Frame], taken: Frame) -> str:
    first = stack[0]
    which = (
        f"another size or direction in series {first.series_number}"
        if first.series == taken.series
        else f"series {first.series_number}"
    )
    what = f"{len(stack)} image{'s' if len(stack) > 1 else ''}"
    return f"Not used: {what} of {first.shape[0]} x {first.shape[1]} of {which}."


def height_mm(frame: Frame) -> float:
    """Return the position along the normal."""
    return float(frame.normal @ frame.position_mm)


def one_volume(stack: list[Frame], chosen: int | None) -> tuple[list[Frame], list[str]]:
    """Return one frame for each place: of several volumes the chosen one, of copies the first."""
    n_volumes = _most_at_one_place(stack)
    if n_volumes == 1:
        if chosen not in (None, 0):
            raise InputError(f"there is no volume {chosen}; the series holds one.")
        return stack, []
    for what, volumes in _splits(stack):
        is_split = all(_most_at_one_place(volume) == 1 for volume in volumes.values())
        if len(volumes) == n_volumes and is_split:
            return _choose(what, volumes, chosen)
    return _without_copies(stack)


def _most_at_one_place(stack: list[Frame]) -> int:
    """Return how many frames lie at the place that has the most."""
    most = run = 1
    for below, above in pairwise(sorted(map(height_mm, stack))):
        run = run + 1 if above - below < _SAME_PLACE_MM else 1
        most = max(most, run)
    return most


def _splits(stack: list[Frame]) -> Iterator[tuple[str, dict[str, list[Frame]]]]:
    """Yield the stack divided by each mark, then by all of them."""
    names = list(dict.fromkeys(name for frame in stack for name, _ in frame.marks))
    for chosen in (*((name,) for name in names), tuple(names)):
        volumes: dict[str, list[Frame]] = {}
        for frame in stack:
            marks = dict(frame.marks)
            value = ", ".join(marks.get(name, "none") for name in chosen)
            volumes.setdefault(value, []).append(frame)
        yield " and ".join(chosen), volumes


def _choose(
    what: str, volumes: dict[str, list[Frame]], chosen: int | None
) -> tuple[list[Frame], list[str]]:
    values = sorted(volumes, key=_as_number)
    if chosen is None:
        shown = "; ".join(values[:4]) + ("; ..." if len(values) > 4 else "")
        raise InputError(
            f"the series holds {len(values)} volumes that differ in {what} ({shown}); choose one "
            f"with frame=0 to frame={len(values) - 1} (--frame on the command line)."
        )
    if not 0 <= chosen < len(values):
        raise InputError(f"there is no volume {chosen}; the series holds 0 to {len(values) - 1}.")
    note = f"Volume {chosen} of {len(values)} in the series is used: {what} {values[chosen]}."
    return volumes[values[chosen]], [note]


def _as_number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def _without_copies(stack: list[Frame]) -> tuple[list[Frame], list[str]]:
    kept: list[Frame] = []
    n_copies = 0
    for frame in sorted(stack, key=height_mm):
        if kept and abs(height_mm(frame) - height_mm(kept[-1])) < _SAME_PLACE_MM:
            _require_copy(kept[-1], frame)
            n_copies += 1
        else:
            kept.append(frame)
    what = "1 image that is a copy" if n_copies == 1 else f"{n_copies} images that are copies"
    return kept, [f"Dropped: {what} of another slice."]


def _require_copy(first: Frame, second: Frame) -> None:
    is_copy = np.allclose(first.position_mm, second.position_mm, atol=_SAME_PLACE_MM)
    if not is_copy or not np.array_equal(_slice(first), _slice(second)):
        raise InputError(
            f"two different images lie at the same place ({height_mm(first):.2f} mm along the "
            f"normal): {first.name} and {second.name}; remove one of them."
        )


def _slice(frame: Frame) -> NDArray[np.floating]:
    return next(read_pixels(frame.path, [frame.index])) * frame.slope + frame.intercept


def step_lps(stack: list[Frame]) -> tuple[NDArray[np.float64], list[str]]:
    """Return the vector from one slice to the next, after checking that none is missing."""
    first = stack[0]
    if len(stack) == 1:
        step_mm = first.step_mm or first.thickness_mm or 1.0
        return first.normal * step_mm, [f"One slice only; taken as {step_mm:g} mm thick."]
    positions = np.array([frame.position_mm for frame in stack])
    steps_mm = np.diff(positions @ first.normal)
    _require_even(stack, steps_mm)
    step = (positions[-1] - positions[0]) / (len(stack) - 1)
    expected = positions[0] + np.arange(len(stack))[:, None] * step
    off_mm = float(np.linalg.norm(positions - expected, axis=1).max())
    step_mm = float(np.median(steps_mm))
    if off_mm > 2 * _UNEVEN * step_mm + _SAME_PLACE_MM:
        raise InputError(
            f"the slices do not lie on one straight line (up to {off_mm:.2f} mm off); "
            "the series mixes several stacks."
        )
    return step, _step_notes(first, step, step_mm)


def _require_even(stack: list[Frame], steps_mm: NDArray[np.float64]) -> None:
    usual = float(np.median(steps_mm))
    gaps = np.flatnonzero(steps_mm > 1.5 * usual)
    if gaps.size:
        at = int(gaps[0])
        n_missing = int(np.rint(steps_mm[gaps] / usual - 1).sum())
        more = f" (the first of {gaps.size} gaps)" if gaps.size > 1 else ""
        raise InputError(
            f"{n_missing} slice{'s are' if n_missing > 1 else ' is'} missing: {steps_mm[at]:.2f} "
            f"mm instead of {usual:.2f} mm between {stack[at].name} and {stack[at + 1].name}"
            f"{more}; copy the whole series."
        )
    if np.abs(steps_mm - usual).max() > _UNEVEN * usual + _SAME_PLACE_MM:
        raise InputError(
            f"the slices are unevenly spaced, {steps_mm.min():.2f} to {steps_mm.max():.2f} mm "
            "apart; an evenly spaced series was expected."
        )


def _step_notes(first: Frame, step: NDArray[np.float64], step_mm: float) -> list[str]:
    notes = []
    thick = first.thickness_mm
    if thick and step_mm - thick > _UNEVEN * step_mm:
        notes.append(
            f"Slices are {thick:g} mm thick every {step_mm:.2f} mm: "
            f"{step_mm - thick:.2f} mm between them were not measured."
        )
    elif thick and thick - step_mm > _UNEVEN * step_mm:
        notes.append(f"Slices overlap: {thick:g} mm thick every {step_mm:.2f} mm.")
    if first.step_mm and abs(first.step_mm - step_mm) > _UNEVEN * step_mm:
        notes.append(
            f"The header says slices are {first.step_mm:g} mm apart, their positions say "
            f"{step_mm:.2f} mm; the positions are used."
        )
    tilt = np.degrees(np.arccos(min(1.0, step_mm / float(np.linalg.norm(step)))))
    if tilt > 0.5:
        notes.append(f"The stack of slices leans by {tilt:.1f} degrees; its grid leans with it.")
    return notes
