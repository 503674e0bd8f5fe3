"""What became of every structure: found, cut off, outside the field of view, missing or failed."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Check, Label, Labels, anatomy
from anatwin.core.twin import Verdict
from anatwin.measure.census import Structure, census
from anatwin.ops.morphology import Box, largest_part

State = Literal["found", "cut off", "outside the field of view", "missing", "failed"]

PREFIX = "structure: "
"""How the names of these checks begin."""

SPECK_ML = 0.05
"""What is smaller does not count as found."""

_NEAR_MM = 25.0
"""A structure beyond a neighbour this close to the edge may lie outside the field of view."""

_LEAST_SCORE = 0.5
"""Below this score a structure has failed."""

_LOST = 1.9
"""Dice lost per doubt: what one minus the mean confidence costs (docs/whole-head.md)."""

_SURE = 0.9
"""From this mean confidence on nothing needs to be said of it."""

_VERDICT: dict[State, Verdict] = {
    "found": "pass",
    "cut off": "warn",
    "outside the field of view": "warn",
    "missing": "warn",
    "failed": "warn",
}

_ADVICE: dict[State, str] = {
    "found": "",
    "cut off": "Its volume is a lower bound; scan a larger field of view to measure it.",
    "outside the field of view": "Scan a larger field of view if it is needed.",
    "missing": "Look for it in the image; the scan may be stripped, defaced or of poor contrast.",
    "failed": "Do not use it as it is; look at its contours and at the uncertainty.",
}

_SPINE = {f"vertebra_c{n + 1}": (f"vertebra_c{n}", "I") for n in range(1, 7)}
_DISCS = {f"disc_c{n}_c{n + 1}": (f"vertebra_c{n}", "I") for n in range(2, 7)}
_MUSCLES = {
    f"{name}_{side}": ("skull", "AI")
    for name in ("masseter", "medial_pterygoid", "lateral_pterygoid", "temporalis", "tmj_disc")
    for side in ("left", "right")
}
_BEYOND: dict[str, tuple[str, str]] = {
    "spinal_cord": ("brain_stem", "I"),
    "brain_stem": ("white_matter_left", "I"),
    "cerebellum_left": ("cortex_left", "IP"),
    "cerebellum_right": ("cortex_right", "IP"),
    "eye_left": ("cortex_left", "AI"),
    "eye_right": ("cortex_right", "AI"),
    "air": ("cortex_left", "AI"),
    "mandible": ("skull", "AI"),
    "upper_airway": ("skull", "AI"),
    "tongue": ("skull", "AI"),
    "vertebra_c1": ("brain_stem", "I"),
    **_SPINE,
    **_DISCS,
    **_MUSCLES,
}
"""For structures that short scans miss: a neighbour, and the edges that they lie towards."""

_IN_ONE_PIECE = ("eye_", "mandible", "masseter", "pterygoid", "temporalis", "tongue", "vertebra_c")


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A factor of a structure's score, and why it is not 1."""

    factor: float
    why: str


def check_structures(labels: Labels) -> tuple[Check, ...]:
    """Say of every structure of a head's table what became of it, one check each.

    A structure is found, cut off by the edge of the grid, outside the field of view (absent, and
    the neighbour that it lies beyond is near the edge), missing (absent all the same) or failed.
    It has failed where its score is under 0.5: the product of the Dice that its mean confidence
    lets expect, the share of its largest piece where it is one piece by nature, and how near its
    volume is to the range of adults. A cut-off structure is not judged by its volume. A structure
    that failed is a warning: whether the whole is fit for use is for ``check_labels`` to say.
    """
    return check_found(labels, found_structures(labels))


def found_structures(labels: Labels) -> dict[str, Structure]:
    """Return every structure that is more than a speck, by name."""
    voxel_ml = labels.grid.voxel_mm3 / 1000
    return {n: s for n, s in census(labels).items() if s.n_voxels * voxel_ml >= SPECK_ML}


def check_found(labels: Labels, found: dict[str, Structure]) -> tuple[Check, ...]:
    """Say what became of every structure, given what was found; see ``check_structures``."""
    from scipy.ndimage import find_objects

    boxes = find_objects(labels.data, max_label=max(labels.table.indices, default=0))
    return tuple(
        _check_found(found[label.name], labels, boxes[label.index - 1])
        if label.name in found
        else _check_absent(label, found)
        for label in labels.table.labels
    )


def is_outside(name: str, found: dict[str, Structure]) -> bool:
    """Tell whether an absent structure may lie outside the field of view.

    Parameters
    ----------
    name
        The structure.
    found
        What was found, by name.
    """
    neighbour, edges = _BEYOND.get(name, (name, ""))
    if neighbour not in found:
        return neighbour != name and is_outside(neighbour, found)
    return any(found[neighbour].gap_mm[edge] <= _NEAR_MM for edge in edges)


def _check_absent(label: Label, found: dict[str, Structure]) -> Check:
    """Return why a structure is not there."""
    outside = is_outside(label.name, found)
    state: State = "outside the field of view" if outside else "missing"
    reason = "It was not found, and lies beyond the edge." if outside else "It was not found."
    return _describe(label, state, state, reason)


def _check_found(structure: Structure, labels: Labels, box: Box) -> Check:
    """Return whether a structure that is there is to be trusted."""
    doubts = _doubts(structure, labels, box)
    score = float(np.prod([doubt.factor for doubt in doubts]))
    state: State = "failed" if score < _LEAST_SCORE else "cut off" if structure.is_cut else "found"
    volume = structure.n_voxels * labels.grid.voxel_mm3 / 1000
    reason = " ".join(doubt.why for doubt in doubts if doubt.why) or "Nothing speaks against it."
    return _describe(structure.label, state, f"{state}, {volume:.3g} ml, score {score:.2f}", reason)


def _describe(label: Label, state: State, seen: str, reason: str) -> Check:
    return Check(
        PREFIX + label.name, _VERDICT[state], seen, _threshold(label), reason, _ADVICE[state]
    )


def _threshold(label: Label) -> str:
    volume = _volume_range_ml().get(label.name)
    whole = f"found whole, score at least {_LEAST_SCORE:g}"
    return f"{whole}, {volume[0]:g} to {volume[1]:g} ml" if volume else whole


def _doubts(structure: Structure, labels: Labels, box: Box) -> list[_Doubt]:
    """Return what may speak against a structure."""
    name, mask = structure.label.name, labels.data[box] == structure.label.index
    doubts = []
    if labels.uncertainty is not None:
        doubts.append(_confidence(mask, labels.uncertainty[box]))
    if any(part in name for part in _IN_ONE_PIECE):
        doubts.append(_pieces(mask))
    if not structure.is_cut:
        doubts.append(_volume(name, structure.n_voxels * labels.grid.voxel_mm3 / 1000))
    return doubts


def _confidence(mask: NDArray[np.bool_], uncertainty: NDArray[np.floating]) -> _Doubt:
    mean = 1.0 - float(uncertainty[mask].mean(dtype=np.float64))
    expected = max(0.0, 1.0 - _LOST * (1.0 - mean))
    why = f"Mean confidence {mean:.0%}: expect a Dice of about {expected:.1f}."
    return _Doubt(expected, why if mean < _SURE else "")


def _pieces(mask: NDArray[np.bool_]) -> _Doubt:
    share, n_pieces = largest_part(mask)
    return _Doubt(share, f"It is in {n_pieces} pieces." if share < 0.98 else "")


def _volume(name: str, volume_ml: float) -> _Doubt:
    """Return how near a volume is to the range of adults: 1 within, 1/2 at half or twice of it."""
    low, high = _volume_range_ml().get(name, (volume_ml, volume_ml))
    factor = min(volume_ml / low, high / volume_ml, 1.0)
    side = "below" if volume_ml < low else "above"
    return _Doubt(factor, f"Its volume is {side} {low:g} to {high:g} ml." if factor < 1 else "")


@cache
def _volume_range_ml() -> dict[str, tuple[float, float]]:
    """Return the range of adults of the structures that have one, by name."""
    return {x.label.name: x.volume_ml for x in anatomy() if x.volume_ml is not None}
