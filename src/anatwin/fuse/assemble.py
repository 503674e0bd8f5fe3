"""Which views belong together, and how they lie."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from anatwin.core import Grid, QualityError, Transform, Volume, track
from anatwin.fuse.posed import Posed

Match = Callable[[Volume, Volume], tuple[Transform, float]]
"""Takes the moving and the fixed volume; returns the map from the fixed world to the moving one and
how well they then agree, at most 1. Raises QualityError where they cannot be aligned."""

_MIRROR_SHARE = 0.75
"""Share of its disagreement that a mirrored view may keep for its header to be doubted."""


class LeftOut(NamedTuple):
    """A view that was not used: its place in the list, and why."""

    view: int
    reason: str


@dataclass(frozen=True, eq=False, slots=True)
class Assembly:
    """Views that fit together.

    Parameters
    ----------
    views
        With their poses; the first is the reference, whose world all share.
    used
        The place of each of them in the list that was given.
    agreement
        How well each agrees with the reference, at most 1.
    left_out
        The others.
    """

    views: tuple[Posed, ...]
    used: tuple[int, ...]
    agreement: tuple[float, ...]
    left_out: tuple[LeftOut, ...]


def assemble(views: Sequence[Volume], match: Match) -> Assembly:
    """Find how views lie to one another, and leave out those that do not fit.

    The finest view is the reference, unless most of the others do not fit it: then the next is.

    Parameters
    ----------
    views
        Stacks of one person, in any order and direction.
    match
        How to align two of them, for example ``GlobalRigid().matched``.

    Raises
    ------
    QualityError
        If no two of several views fit each other, or every view is empty.
    """
    shown = [n for n, view in enumerate(views) if float(np.ptp(view.magnitude().data)) > 0]
    empty = tuple(LeftOut(n, "it is empty") for n in range(len(views)) if n not in shown)
    if not shown:
        raise QualityError("Every view is empty; are these the right files?")
    order = sorted(shown, key=lambda n: (_coarseness(views[n]), n))
    best: Assembly | None = None
    for reference in order:
        found = _around(views, reference, order, match)
        if best is None or len(found.used) > len(best.used):
            best = found
        if 2 * len(best.used) >= len(order):
            break
    assert best is not None
    if len(best.used) == 1 < len(order):
        reasons = "; ".join(f"view {n + 1}: {reason}" for n, reason in best.left_out)
        raise QualityError(f"No two of the views fit each other ({reasons}).")
    return replace(best, left_out=tuple(sorted((*best.left_out, *empty))))


def _around(views: Sequence[Volume], reference: int, order: list[int], match: Match) -> Assembly:
    """Align every view with one of them."""
    fixed = views[reference]
    posed = [Posed(fixed, Transform.from_matrix(np.eye(4)))]
    used, agreement, left_out = [reference], [1.0], []
    for n in track([n for n in order if n != reference], "aligning views"):
        try:
            transform, value = match(views[n], fixed)
            mirrored = _mirrored_agreement(views[n], fixed, match)
            if 1 - mirrored < _MIRROR_SHARE * (1 - value):
                reason = (
                    f"its header mirrors it: mirrored, it agrees better with view {reference + 1} "
                    f"({mirrored:.3f} instead of {value:.3f})"
                )
                left_out.append(LeftOut(n, reason))
                continue
        except QualityError as error:
            left_out.append(LeftOut(n, f"it does not fit view {reference + 1}: {error}"))
            continue
        posed.append(Posed(views[n], transform))
        used.append(n)
        agreement.append(value)
    return Assembly(tuple(posed), tuple(used), tuple(agreement), tuple(left_out))


def _mirrored_agreement(view: Volume, fixed: Volume, match: Match) -> float:
    """Return how well a view agrees after exchanging its left and right; -1 where it cannot."""
    matrix = view.grid.matrix
    matrix[0] *= -1
    mirrored = Volume(view.data, Grid.from_matrix(view.grid.shape, matrix, view.grid.frame))
    try:
        return match(mirrored, fixed)[1]
    except QualityError:
        return -1.0


def _coarseness(view: Volume) -> float:
    """Return the largest voxel edge [mm]."""
    return round(max(view.grid.spacing_mm), 3)
