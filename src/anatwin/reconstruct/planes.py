"""The image of a scan, slice by slice on all cores."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import KSpace, track
from anatwin.ops.coils import typical_brightness, virtual_coils
from anatwin.ops.threads import available_cores
from anatwin.reconstruct.stack import Stack, open_stack

Array = NDArray[Any]

_CENTRE = 24
_BATCH = 8


@dataclass(frozen=True, eq=False, slots=True)
class Plane:
    """What is known about one slice.

    Parameters
    ----------
    samples
        k-space of its coils, ``coil row column``, in units of the scan's typical brightness.
    mask
        True where measured, ``row column``; an axis that all entries share has length one.
    coils
        Sensitivities ``coil row column``, where they came with the scan.
    largest_energy
        Sum of squares around the middle of k-space of the scan's strongest slice.
    index
        Which slice it is.
    """

    samples: Array
    mask: NDArray[np.bool_]
    coils: Array | None = None
    largest_energy: float = 0.0
    index: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (self.samples.shape[1], self.samples.shape[2])


@dataclass(frozen=True, eq=False, slots=True)
class Units:
    """How samples are brought to a common form before they are solved.

    Parameters
    ----------
    combine
        Orthonormal combinations of coils, ``virtual coil``.
    brightness
        Typical brightness of the scan's image.
    largest_energy
        Of the middle of any slice, in units of the squared brightness.
    """

    combine: Array
    brightness: float
    largest_energy: float

    def plane(self, samples: Array, stack: Stack, index: int) -> Plane:
        """Return a slice in these units."""
        coils = stack.coils(index)
        virtual = combined(self.combine / self.combine.real.dtype.type(self.brightness), samples)
        maps = None if coils is None else combined(self.combine, coils)
        return Plane(virtual, stack.mask(index), maps, self.largest_energy, index)


def reconstruct_planes(
    kspace: KSpace, solve: Callable[[Plane], Array], *, energy: float = 1.0
) -> Array:
    """Solve every slice of a scan and return the image ``i j k``.

    Parameters
    ----------
    kspace
        The scan.
    solve
        Returns the image ``row column`` of one slice.
    energy
        Fraction of the signal that the virtual coils must keep; one keeps every coil.

    Raises
    ------
    InputError
        If the readout of a 3-D scan is not fully sampled, or as ``solve`` says.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    stack = open_stack(kspace)
    with threadpool_limits(1, user_api="blas"):  # slices share the cores already
        units = choose_units(stack, energy)
        slices = track(_solve(stack, units, solve), "slices", total=len(stack))
        first = next(slices)
        image = np.empty(kspace.grid.shape, first.dtype)
        targets = image.transpose(stack.order)
        for plane, target in zip(chain([first], slices), targets, strict=True):
            np.multiply(plane, units.brightness, out=target, dtype=first.dtype)
    return image


def choose_units(stack: Stack, energy: float) -> Units:
    """Return the virtual coils and the typical brightness of a scan."""
    centre = stack.centre(_CENTRE)
    combine = virtual_coils(centre.swapaxes(0, 1), energy)
    brightness = typical_brightness(centre, stack.shape)
    norms = [float(np.linalg.norm(samples / np.float32(brightness))) for samples in centre]
    return Units(combine, brightness, max(norms) ** 2)


def combined(combine: Array, coils: Array) -> Array:
    """Return virtual coils ``coil row column``."""
    return (combine @ coils.reshape(len(coils), -1)).reshape(-1, *coils.shape[1:])


def _solve(stack: Stack, units: Units, solve: Callable[[Plane], Array]) -> Iterator[Array]:
    """Yield the image of every slice in order, a few of them in memory at a time."""

    def image(samples: Array, index: int) -> Array:
        return solve(units.plane(samples, stack, index))

    with ThreadPoolExecutor(available_cores()) as pool:
        for start in range(0, len(stack), _BATCH):
            which = range(start, min(start + _BATCH, len(stack)))
            yield from pool.map(image, stack.read(which), which)
