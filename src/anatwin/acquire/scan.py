"""From a pattern to a scan."""

from math import isfinite
from typing import ClassVar, Protocol

import numpy as np

from anatwin.acquire.axes import Coverage, scan_axes
from anatwin.core import KSpace, UsageError, Volume
from anatwin.phantoms.sampling import Mask
from anatwin.phantoms.scanner import Scanner, measure


class Sampler(Protocol):
    """What every acquirer has: the contract of ``anatwin.acquire``."""

    coverage: ClassVar[Coverage]

    @property
    def scanner(self) -> Scanner:
        """Coils, noise and phase."""

    def pattern(self, shape: tuple[int, ...]) -> Mask:
        """Return True for what is measured."""


def scan(volume: Volume, sampler: Sampler) -> KSpace:
    """Return what is measured of ``volume`` along the axes that a scanner would encode."""
    axes = scan_axes(volume)
    along = axes.undersampled(sampler.coverage)
    pattern = sampler.pattern(tuple(volume.grid.shape[axis] for axis in along))
    mask = pattern.transpose(np.argsort(along))
    return measure(
        volume,
        sampler.scanner,
        np.expand_dims(mask, [axis for axis in range(3) if axis not in along]),
        readout_axis=axes.readout,
        slice_axis=axes.slice_axis,
    )


def slice_pattern(sampler: Sampler, shape: tuple[int, int]) -> Mask:
    """Return the pattern on one slice, ``phase readout``, without scanning an image."""
    if sampler.coverage == "plane":
        return sampler.pattern(shape)
    return np.repeat(sampler.pattern(shape[:1])[:, None], shape[1], axis=1)


def check_acceleration(acceleration: float) -> None:
    """Raise UsageError where an acceleration is not a number from one."""
    if not (isfinite(acceleration) and acceleration >= 1):
        raise UsageError(f"Acceleration must be 1 or more, got {acceleration:g}.")


def check_count(name: str, count: int) -> None:
    """Raise UsageError where a number of lines is not positive."""
    if count < 1:
        raise UsageError(f"{name} must be 1 line or more, got {count}.")
