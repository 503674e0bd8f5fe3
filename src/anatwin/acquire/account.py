"""What a pattern costs and what it does to the image."""

from dataclasses import dataclass
from math import isfinite, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import KSpace, UsageError
from anatwin.ops.coils import calibration_region
from anatwin.ops.fourier import ifft
from anatwin.phantoms.sampling import Mask

_LEAST = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What a pattern asks for, takes and gives.

    Parameters
    ----------
    requested
        Acceleration that was asked for.
    acceleration
        True acceleration: all samples over measured samples, the centre counted.
    centre
        Sides of the largest fully measured block around zero frequency; zeros where zero
        frequency itself was not measured.
    readouts
        Complete readouts that a Cartesian scanner needs: lines with at least one sample.
    scan_time_s
        Their time: one repetition each, one echo per repetition, slices one after the other,
        nothing else (no dummy cycles, preparation or calibration scans).
    proportional_time_s
        Time if it were in proportion to the samples, as their plain quotient promises; less than
        ``scan_time_s`` where only parts of lines are measured.
    side_lobe
        Largest side lobe of the point-spread function over its main peak.
    """

    requested: float
    acceleration: float
    centre: tuple[int, ...]
    readouts: int
    scan_time_s: float
    proportional_time_s: float
    side_lobe: float

    @property
    def takes_centre(self) -> bool:
        """Tell whether zero frequency was measured."""
        return min(self.centre) > 0


def account(
    mask: Mask,
    requested: float,
    *,
    repetition_time_s: float,
    readout_axis: int | None = None,
    repeats: int = 1,
) -> Account:
    """Return what a pattern costs and gives.

    Parameters
    ----------
    mask
        True where measured, one axis or more, zero frequency at ``n // 2``.
    requested
        Acceleration that was asked for.
    repetition_time_s
        Time from one readout to the next [s].
    readout_axis
        Axis of the mask that one readout covers; None where all are phase-encoding axes.
    repeats
        How often the pattern is measured: the slices, or the steps along a phase-encoding axis
        that the mask does not have.

    Raises
    ------
    UsageError
        If the repetition time is not positive, or nothing is measured.
    """
    if not (isfinite(repetition_time_s) and repetition_time_s > 0):
        raise UsageError(f"A repetition time must be above 0 s, got {repetition_time_s:g}.")
    if not mask.any():
        raise UsageError("A pattern must measure something, got an empty mask.")
    lines = mask if readout_axis is None else mask.any(axis=readout_axis)
    readouts = int(lines.sum()) * repeats
    true = mask.size / int(mask.sum())
    return Account(
        requested=requested,
        acceleration=true,
        centre=_centre(mask),
        readouts=readouts,
        scan_time_s=readouts * repetition_time_s,
        proportional_time_s=lines.size * repeats * repetition_time_s / true,
        side_lobe=largest_side_lobe(point_spread(mask)),
    )


def account_scan(kspace: KSpace, requested: float, *, repetition_time_s: float) -> Account:
    """Return what the pattern of a scan costs and gives, over all its slices or partitions.

    The centre and the side lobe are those of the mask along the axes that it undersamples.
    """
    shape = kspace.mask.shape
    kept = tuple(axis for axis in range(3) if shape[axis] > 1 and axis != kspace.slice_axis)
    everywhere = kspace.mask.any(axis=tuple(axis for axis in range(3) if axis not in kept))
    others = [n for axis, n in enumerate(kspace.grid.shape) if axis not in kept]
    readout = kspace.readout_axis
    repeats = prod(others) // (1 if readout in kept else kspace.grid.shape[readout])
    return account(
        np.atleast_1d(everywhere),
        requested,
        repetition_time_s=repetition_time_s,
        readout_axis=kept.index(readout) if readout in kept else None,
        repeats=repeats,
    )


def point_spread(mask: Mask) -> NDArray[np.complex128]:
    """Return the zero-filled image of a point at index ``n // 2``: one there, of the mask's shape.

    Source: Lustig et al. 2007, doi:10.1002/mrm.21391.
    """
    image = ifft(mask.astype(np.complex128), tuple(range(mask.ndim)))
    return image * (mask.size**0.5 / int(mask.sum()))


def largest_side_lobe(spread: NDArray[Any]) -> float:
    """Return the largest local maximum of a point-spread function beside its main peak.

    A place is a local maximum where none of its neighbours, diagonal ones included, is larger.
    The main lobe's own flanks do not count, however wide it is. Zero where there is none.
    """
    height = np.abs(spread)
    highest = height
    for axis in range(height.ndim):
        shifted = [np.roll(highest, step, axis) for step in (-1, 0, 1)]
        highest = np.maximum.reduce(shifted)
    is_peak = height >= highest
    is_peak[tuple(n // 2 for n in height.shape)] = False
    largest = float(height[is_peak].max(initial=0))
    return largest if largest > _LEAST else 0.0


def _centre(mask: Mask) -> tuple[int, ...]:
    if not mask[tuple(n // 2 for n in mask.shape)]:
        return (0,) * mask.ndim
    region = calibration_region(mask, max(mask.shape))
    return tuple(part.stop - part.start for part in region)
