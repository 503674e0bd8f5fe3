"""Slices whose gaps are filled with samples of their neighbours."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from anatwin.core import KSpace
from anatwin.reconstruct.planes import Units, choose_units
from anatwin.reconstruct.stack import Stack, open_stack

Array = NDArray[Any]


@dataclass(frozen=True, eq=False, slots=True)
class SharedSamples:
    """Samples shared between slices that were measured at different places of k-space.

    Parameters
    ----------
    stacks
        The scan, filled from neighbours one slice away, then up to two slices, and so on.
    units
        Of the scan.

    Source: Schlemper et al. 2018, doi:10.1109/TMI.2017.2760978.
    """

    stacks: tuple[Stack, ...]
    units: Units

    @classmethod
    def of(cls, kspace: KSpace, reach: int) -> Self:
        """Return a scan's slices, filled from up to ``reach`` neighbours on either side."""
        filled = (fill_from_neighbours(kspace, n) for n in range(1, reach + 1))
        units = choose_units(open_stack(kspace), 1.0)
        return cls(tuple(open_stack(scan) for scan in filled), units)

    def samples(self, index: int) -> list[Array]:
        """Return what is shared with a slice: one array ``coil row column`` for every reach."""
        reads = ((stack, stack.read(range(index, index + 1))[0]) for stack in self.stacks)
        return [self.units.plane(samples, stack, index).samples for stack, samples in reads]


def fill_from_neighbours(kspace: KSpace, reach: int) -> KSpace:
    """Return a scan whose missing samples are the mean of those that neighbouring slices have.

    Where no neighbour has one it stays zero. A 3-D scan comes back as it is: what one of its
    planes lacks, all lack.
    """
    if kspace.slice_axis is None:
        return kspace
    mask = np.broadcast_to(kspace.mask, kspace.grid.shape)
    total = over_neighbours(kspace.data, kspace.slice_axis + 1, reach)
    count = over_neighbours(mask.astype(np.float32), kspace.slice_axis, reach)
    return replace(kspace, data=np.where(mask, kspace.data, total / np.maximum(count, 1)))


def over_neighbours(values: Array, axis: int, reach: int) -> Array:
    """Return the sum over at most ``reach`` places on either side along an axis."""
    source = np.moveaxis(values, axis, 0)
    sums = [source[max(0, i - reach) : i + reach + 1].sum(axis=0) for i in range(len(source))]
    return np.stack(sums, axis)
