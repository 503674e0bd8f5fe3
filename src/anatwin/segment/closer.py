"""A closer look at small structures of a finely sampled scan: at half a millimetre.

The networks see 1 mm and the atlas 3, but a fitted atlas can name voxels of any size: by the
networks' probabilities in between their voxels, and by grey values that are not blurred.
"""

import numpy as np
from numpy.typing import NDArray

from anatwin.core import craniofacial_table
from anatwin.ops.intensity import rescale
from anatwin.ops.morphology import Box
from anatwin.segment.argmax import label_slabs
from anatwin.segment.atlas import Evidence, Fitted, Places
from anatwin.segment.lattice import Lattice
from anatwin.segment.seen import Seen

_STEP_MM = 0.5
_FINE_MM = 0.75
"""Scans with coarser voxels have no more to show."""

_SMALL = (
    "tmj_disc_left",
    "tmj_disc_right",
    "eye_left",
    "eye_right",
    "upper_airway",
    "cervical_disc",
)
_MARGIN_MM = 6.0
_COARSE_MM = 2.0
_STRAYS = 1.0
"""Percentage at either end of a structure that may have come loose from it."""


def look_closer(
    seen: Seen,
    fitted: Fitted,
    evidence: Evidence,
    pair: NDArray[np.uint8],
    uncertainty: NDArray[np.float16],
) -> None:
    """Name small structures and what lies around them again, in place.

    Parameters
    ----------
    seen
        The scan.
    fitted
        The atlas on it.
    evidence
        What it was fitted to.
    pair
        Pair of names of every voxel of the scan, ``i j k``; changed.
    uncertainty
        Of the pairs; changed.
    """
    if np.median(seen.volume.grid.spacing_mm) > _FINE_MM:
        return
    for name in _SMALL:
        box = _box(pair, fitted, name, seen.volume.grid.spacing_mm)
        if box is None:
            continue
        lattice = Lattice.of(seen.volume.grid, (_STEP_MM,) * 3, box=box)
        part = evidence.closer(*finer(seen, lattice))
        label_slabs(fitted.slabs(part), lattice.back, lattice.view(pair), lattice.view(uncertainty))


def _box(
    pair: NDArray[np.uint8], fitted: Fitted, name: str, spacing_mm: tuple[float, ...]
) -> Box | None:
    """Return the box about a structure, without what lies far from it."""
    pairs = np.flatnonzero(fitted.atlas.pairs[:, 1] == craniofacial_table()[name].index)
    steps = [max(1, round(_COARSE_MM / mm)) for mm in spacing_mm]
    i, j, k = (slice(None, None, step) for step in steps)
    found = np.nonzero(np.isin(pair[i, j, k], pairs))
    if not len(found[0]):
        return None
    parts = []
    for at, step, mm, n in zip(found, steps, spacing_mm, pair.shape, strict=True):
        low, high = np.percentile(at, (_STRAYS, 100 - _STRAYS)) * step
        margin = _MARGIN_MM / mm
        parts.append(slice(max(0, int(low - margin)), min(n, int(high + margin) + 1)))
    return (parts[0], parts[1], parts[2])


def finer(seen: Seen, lattice: Lattice) -> tuple[NDArray[np.float32], Places]:
    """Return the grey values, from 0 to 1, on a half-millimetre lattice, and where they lie.

    Parameters
    ----------
    seen
        The scan.
    lattice
        Of a part of it.
    """
    image = rescale(lattice.sample(seen.volume.magnitude().data), seen.bounds)
    grid = seen.volume.grid
    first = []
    for axis, n in enumerate(image.shape):
        of = lattice.axes[axis]
        full, part = grid.shape[of], lattice.box[of]
        off = (part.start + part.stop - full) / 2 * grid.spacing_mm[of]
        off_mm = -off if lattice.is_flipped[axis] else off
        middle = (len(seen.lattice.forward[axis]) - 1) / 2 - seen.box[axis].start + off_mm
        first.append(middle - (n - 1) / 2 * _STEP_MM)
    i, j, k = image.shape
    return image, Places((i, j, k), _STEP_MM, (first[0], first[1], first[2]))
