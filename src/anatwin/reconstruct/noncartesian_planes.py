"""The image of a non-Cartesian scan, slice by slice on all cores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, KSpace, NonCartesian, UsageError, track
from anatwin.ops.threads import available_cores
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.planes import Plane, combined

Array = NDArray[Any]

_CENTRE = 24
_COVERED = 0.8


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Where all slices were measured, and what follows from it alone.

    Parameters
    ----------
    points
        Frequencies [cycles per voxel], ``point 2``.
    shape
        Rows and columns of a slice.
    given
        Density weights of any scale, ``point``, where they came with the scan.
    """

    points: Array
    shape: tuple[int, int]
    given: Array | None = None

    @cached_property
    def weights(self) -> NDArray[np.float32]:
        """How many Cartesian samples each sample stands for, ``point``."""
        from anatwin.ops.density import pipe_menon_density, scale_density

        if self.given is None:
            weights = pipe_menon_density(self.points, self.shape)
        else:
            weights = scale_density(self.given, self.points, self.shape)
        return weights.astype(np.float32)

    @cached_property
    def transfer(self) -> NDArray[np.float32]:
        """The spectrum of the weighted point-spread function."""
        from anatwin.ops.nufft import transfer_function

        return transfer_function(self.points, self.weights, self.shape).astype(np.float32)

    @cached_property
    def covered(self) -> float:
        """Part of the middle of k-space that is sampled, 0 to 1."""
        from anatwin.ops.central_samples import central_coverage

        return central_coverage(self.points, self.shape, side=_CENTRE)

    @property
    def covers_middle(self) -> bool:
        """Whether coil maps can be estimated from the middle of k-space."""
        return self.covered >= _COVERED


@dataclass(frozen=True, eq=False, slots=True)
class CurvedPlane:
    """What is known about one slice.

    Parameters
    ----------
    samples
        Of its coils, ``coil point``, in units of the scan's typical brightness.
    trajectory
        Where they were measured.
    centre
        The middle of k-space on the Cartesian grid, to estimate coil maps from.
    """

    samples: Array
    trajectory: Trajectory
    centre: Plane

    def maps(self, espirit: Espirit) -> Array:
        """Return sensitivities ``coil row column``: the scan's own, or an estimate.

        Raises
        ------
        InputError
            If the middle of k-space is not sampled enough.
        """
        estimated = self.centre.coils is None and len(self.samples) > 1
        if estimated and not self.trajectory.covers_middle:
            raise InputError(
                f"Coil maps need the middle {_CENTRE} x {_CENTRE} samples of k-space, got "
                f"{self.trajectory.covered:.0%} of them; give the maps, or use Gridding."
            )
        return espirit.maps(self.centre)

    def gridded(self, maps: Array) -> Array:
        """Return the samples, weighted by their density, brought to the image ``row column``."""
        from anatwin.ops.nufft import CoilNufft

        samples = self.samples * self.trajectory.weights
        return CoilNufft(maps, self.trajectory.points).adjoint(samples)


@dataclass(frozen=True, eq=False, slots=True)
class CurvedStack:
    """A scan and how its samples are brought to a common form before they are solved.

    Parameters
    ----------
    scan
        Samples along a trajectory.
    trajectory
        The trajectory.
    middle
        Of k-space on the Cartesian grid, ``slice coil row column``.
    combine
        Orthonormal combinations of coils, ``virtual coil``.
    brightness
        Typical brightness of the scan's image.
    """

    scan: NonCartesian
    trajectory: Trajectory
    middle: Array
    combine: Array
    brightness: float

    def plane(self, index: int) -> CurvedPlane:
        """Return a slice in units of the brightness."""
        from anatwin.ops.coils import middle_block

        shape = self.trajectory.shape
        block = middle_block(shape, self.middle.shape[2:])
        mask = np.zeros(shape, np.bool_)
        mask[block] = True
        centre = np.zeros((len(self.combine), *shape), self.middle.dtype)
        centre[(slice(None), *block)] = combined(self._units, self.middle[index])
        samples = self.scan.data[index].reshape(self.scan.n_coils, -1)
        plane = Plane(centre, mask, self._maps(index), self._largest_energy)
        return CurvedPlane(self._units @ samples, self.trajectory, plane)

    @property
    def _units(self) -> Array:
        return self.combine / self.combine.real.dtype.type(self.brightness)

    @property
    def _largest_energy(self) -> float:
        """Sum of squares of the middle of the strongest slice."""
        return max(float(np.linalg.norm(m / np.float32(self.brightness))) for m in self.middle) ** 2

    def _maps(self, index: int) -> Array | None:
        """Return the maps ``coil row column`` that came with a slice."""
        if self.scan.coils is None:
            return None
        return combined(
            self.combine, np.moveaxis(self.scan.coils, self.scan.slice_axis + 1, 0)[index]
        )


def open_curved(scan: NonCartesian, *, energy: float) -> CurvedStack:
    """Return the slices of a scan; virtual coils keep a fraction of the energy.

    Raises
    ------
    UsageError
        If the scan is Cartesian.
    """
    if isinstance(scan, KSpace):
        raise UsageError(
            "Gridding takes samples along trajectories, got Cartesian k-space; use Automatic or "
            "RootSumOfSquares."
        )
    from anatwin.ops.central_samples import central_samples
    from anatwin.ops.coils import typical_brightness, virtual_coils

    trajectory = trajectory_of(scan)
    samples = scan.data.reshape(*scan.data.shape[:2], -1)
    middle = central_samples(samples, trajectory.points, trajectory.shape, side=_CENTRE)
    brightness = typical_brightness(middle, trajectory.shape)
    combine = virtual_coils(middle.swapaxes(0, 1), energy)
    return CurvedStack(scan, trajectory, middle, combine, brightness)


def trajectory_of(scan: NonCartesian) -> Trajectory:
    """Return where a scan was measured."""
    given = None if scan.weights is None else scan.weights.ravel()
    return Trajectory(scan.trajectory.reshape(-1, 2), scan.plane_shape, given)


def reconstruct_curved(
    scan: NonCartesian, solve: Callable[[CurvedPlane], Array], *, energy: float = 1.0
) -> Array:
    """Solve every slice of a scan and return the image ``i j k``.

    Parameters
    ----------
    scan
        Samples along a trajectory.
    solve
        Returns the image ``row column`` of a slice.
    energy
        Fraction of the signal that virtual coils keep; one keeps every coil.
    """
    stack = open_curved(scan, energy=energy)
    n_slices = len(scan.data)
    with ThreadPoolExecutor(available_cores()) as pool:
        images = pool.map(lambda index: solve(stack.plane(index)), range(n_slices))
        solved = list(track(images, "reconstructing slices", total=n_slices))
    image = np.stack(solved, axis=scan.slice_axis)
    image *= image.real.dtype.type(stack.brightness)
    return np.ascontiguousarray(image)
