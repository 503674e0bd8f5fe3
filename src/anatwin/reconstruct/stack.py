"""A scan as a stack of slices that do not depend on one another."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, KSpace, NonCartesian, UsageError
from anatwin.ops.coils import middle_block
from anatwin.ops.fourier import ifft

Array = NDArray[Any]
Mask = NDArray[np.bool_]
Order = tuple[int, int, int]


class Stack(Protocol):
    """Slices of a scan.

    ``order`` names the grid axes across slices, along rows and along columns of a slice;
    ``shape`` counts rows and columns.
    """

    order: Order
    shape: tuple[int, int]

    def __len__(self) -> int:
        """Return the number of slices."""
        ...

    def read(self, which: range) -> Array:
        """Return the samples of some slices, ``slice coil row column``."""
        ...

    def centre(self, side: int) -> Array:
        """Return the samples around the zero frequency of all slices."""
        ...

    def mask(self, index: int) -> Mask:
        """Return where a slice was measured; an axis that all entries share has length one."""
        ...

    def coils(self, index: int) -> Array | None:
        """Return the sensitivities ``coil row column`` that came with the scan."""
        ...


def open_stack(kspace: KSpace) -> Stack:
    """Return the slices of a scan.

    Two-dimensional slices are independent as they are. A three-dimensional scan falls apart into
    slices once it is transformed along the readout.

    Raises
    ------
    InputError
        If the readout of a 3-D scan is not fully sampled.
    UsageError
        If the samples lie along trajectories.
    """
    if isinstance(kspace, NonCartesian):
        raise UsageError(
            "The method takes Cartesian k-space, got samples along trajectories; use Automatic, "
            "Gridding, Sense or Wavelet."
        )
    across = kspace.readout_axis if kspace.slice_axis is None else kspace.slice_axis
    row, column = (axis for axis in range(3) if axis != across)
    if not _varies(kspace.mask, column):  # lines are fastest when contiguous
        row, column = column, row
    order = (across, row, column)
    return ReadoutPlanes(kspace, order) if kspace.slice_axis is None else Slices(kspace, order)


class Slices:
    """The slices of a two-dimensional acquisition."""

    def __init__(self, kspace: KSpace, order: Order) -> None:
        self.order = order
        self._samples = _by_slice(kspace.data, order)
        self._coils = None if kspace.coils is None else _by_slice(kspace.coils, order)
        self._mask = kspace.mask.transpose(order)
        self.shape = (self._samples.shape[2], self._samples.shape[3])

    def __len__(self) -> int:
        """Return the number of slices."""
        return len(self._samples)

    def read(self, which: range) -> Array:
        """Return the samples of some slices."""
        return np.ascontiguousarray(self._samples[which.start : which.stop])

    def centre(self, side: int) -> Array:
        """Return the samples around the zero frequency of all slices."""
        return self._samples[(slice(None), slice(None), *_middle(self.shape, side))]

    def mask(self, index: int) -> Mask:
        """Return where a slice was measured."""
        return _shared_axes(self._mask[index if len(self._mask) > 1 else 0])

    def coils(self, index: int) -> Array | None:
        """Return the sensitivities that came with a slice."""
        return None if self._coils is None else self._coils[index]


class ReadoutPlanes:
    """The planes across the readout of a three-dimensional acquisition.

    Only measured samples are kept, so an accelerated scan costs a fraction of its memory again.
    """

    def __init__(self, kspace: KSpace, order: Order) -> None:
        self.order = order
        if _varies(kspace.mask, order[0]):
            raise InputError(
                "The readout of a 3-D scan must be fully sampled, but the mask changes along "
                f"axis {order[0]}; set readout_axis to the axis of the frequency encoding."
            )
        samples = kspace.data.transpose(0, *(axis + 1 for axis in order))
        self.shape = (samples.shape[2], samples.shape[3])
        self._mask = _shared_axes(kspace.mask.transpose(order)[0])
        self._where = np.broadcast_to(self._mask, self.shape)
        measured = int(np.count_nonzero(self._where))
        self._hybrid = np.empty((len(samples), samples.shape[1], measured), kspace.data.dtype)
        for coil, target in zip(samples, self._hybrid, strict=True):
            target[:] = ifft(coil[:, self._where], (0,))
        self._coils = None if kspace.coils is None else _by_slice(kspace.coils, order)

    def __len__(self) -> int:
        """Return the number of planes."""
        return self._hybrid.shape[1]

    def read(self, which: range) -> Array:
        """Return the samples of some planes."""
        planes = np.zeros((len(which), len(self._hybrid), *self.shape), self._hybrid.dtype)
        planes[:, :, self._where] = self._hybrid[:, which.start : which.stop].swapaxes(0, 1)
        return planes

    def centre(self, side: int) -> Array:
        """Return the samples around the zero frequency of all planes."""
        block = _middle(self.shape, side)
        inside = np.zeros(self.shape, np.bool_)
        inside[block] = True
        chosen = self._hybrid[:, :, inside[self._where]]
        measured = self._where[block]
        planes = np.zeros((len(self), len(chosen), *measured.shape), chosen.dtype)
        planes[:, :, measured] = chosen.swapaxes(0, 1)
        return planes

    def mask(self, index: int) -> Mask:
        """Return where every plane was measured."""
        return self._mask

    def coils(self, index: int) -> Array | None:
        """Return the sensitivities that came with a plane."""
        return None if self._coils is None else self._coils[index]


def _by_slice(coils: Array, order: Order) -> Array:
    """Return a view ``slice coil row column`` of an array ``coil i j k``."""
    across, row, column = order
    return coils.transpose(across + 1, 0, row + 1, column + 1)


def _middle(shape: tuple[int, int], side: int) -> tuple[slice, ...]:
    return middle_block(shape, [min(side, n) for n in shape])


def _varies(mask: Mask, axis: int) -> bool:
    first = np.take(mask, [0], axis)
    return bool((mask != first).any())


def _shared_axes(mask: Mask) -> Mask:
    mask = mask if _varies(mask, 0) else mask[:1]
    return mask if _varies(mask, 1) else mask[:, :1]
