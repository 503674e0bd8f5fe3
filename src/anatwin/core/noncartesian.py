"""What the scanner measured along curves through k-space."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core.errors import GeometryError, InputError
from anatwin.core.grid import Grid
from anatwin.core.kspace import KSpace, Origin
from anatwin.core.volume import count_not_finite

_EDGE = 0.5 + 1e-4


@dataclass(frozen=True, eq=False, slots=True)
class NonCartesian:
    """Multi-coil samples along one trajectory, the same for every slice of a 2-D scan.

    Frequencies are cycles per voxel, so a Cartesian scan would measure ``(m - n // 2) / n`` for
    ``m`` below the grid's ``n``. Position zero is the voxel at index ``n // 2``, and a sample is
    what the unitary transform of the image would be there.

    Parameters
    ----------
    data
        Complex samples, ``slice coil shot sample``.
    trajectory
        Where they were measured, ``shot sample 2``, along the two encoded axes of the grid in
        the order of the axes [cycles per voxel], each from -0.5 to 0.5.
    grid
        Grid of the image.
    slice_axis
        Grid axis along which slices were excited one by one.
    origin
        ``raw`` for a scanner's measurement, ``synthetic`` for one simulated from an image.
    weights
        Share of k-space that each sample stands for, ``shot sample``, at any scale, where it is
        known; a method that needs it computes it otherwise.
    coils
        Receive sensitivities, ``coil i j k``, where they are known; a method that needs them
        estimates them otherwise.

    Raises
    ------
    GeometryError
        If the shapes do not fit, or the trajectory leaves the grid's k-space.
    InputError
        If a value is not finite, a weight is negative, or nothing was measured.
    """

    data: NDArray[np.complex64]
    trajectory: NDArray[np.float64]
    grid: Grid
    slice_axis: int = 2
    origin: Origin = "raw"
    weights: NDArray[np.float64] | None = None
    coils: NDArray[np.complex64] | None = None

    def __post_init__(self) -> None:
        if self.slice_axis not in (0, 1, 2):
            raise GeometryError(f"NonCartesian.slice_axis must be 0, 1 or 2: {self.slice_axis}.")
        self._check_shapes()
        self._check_values()
        farthest = float(np.abs(self.trajectory).max())
        if farthest > _EDGE:
            raise GeometryError(
                "NonCartesian.trajectory must be in cycles per voxel, from -0.5 to 0.5, got "
                f"{farthest:g}; divide cycles per field of view by the number of voxels."
            )

    def _check_shapes(self) -> None:
        shape, n_slices = self.data.shape, self.grid.shape[self.slice_axis]
        if len(shape) != 4 or shape[0] != n_slices or 0 in shape:
            raise GeometryError(
                f"NonCartesian.data must be (slice, coil, shot, sample) with {n_slices} slices, "
                f"got {shape}."
            )
        if self.trajectory.shape != (*shape[2:], 2):
            raise GeometryError(
                f"NonCartesian.trajectory must be {(*shape[2:], 2)} to fit the samples, got "
                f"{self.trajectory.shape}."
            )
        if self.weights is not None and self.weights.shape != shape[2:]:
            raise GeometryError(
                f"NonCartesian.weights must be {shape[2:]} to fit the samples, got "
                f"{self.weights.shape}."
            )
        if self.coils is not None and self.coils.shape != (shape[1], *self.grid.shape):
            raise GeometryError(
                f"NonCartesian.coils must be {(shape[1], *self.grid.shape)} to fit samples and "
                f"grid, got {self.coils.shape}."
            )

    def _check_values(self) -> None:
        if not np.iscomplexobj(self.data):
            raise InputError(f"NonCartesian.data must be complex, got {self.data.dtype}.")
        if bad := sum(count_not_finite(part) for part in self.data):
            raise InputError(f"NonCartesian.data must be finite, got {bad} NaN or infinite values.")
        if not any(part.any() for part in self.data):
            raise InputError("NonCartesian must hold a measurement, got only zeros.")
        if not np.isfinite(self.trajectory).all():
            raise InputError("NonCartesian.trajectory must be finite.")
        if self.weights is not None and not (
            np.isfinite(self.weights).all() and self.weights.min() >= 0 and self.weights.any()
        ):
            raise InputError("NonCartesian.weights must be finite, not negative and not all zero.")

    @property
    def n_coils(self) -> int:
        """Number of receive coils."""
        return int(self.data.shape[1])

    @property
    def encoded_axes(self) -> tuple[int, int]:
        """The two grid axes that are Fourier encoded, in ascending order."""
        first, second = (axis for axis in range(3) if axis != self.slice_axis)
        return (first, second)

    @property
    def plane_shape(self) -> tuple[int, int]:
        """Voxels along the two encoded axes."""
        first, second = self.encoded_axes
        return (self.grid.shape[first], self.grid.shape[second])


AnyKSpace = KSpace | NonCartesian
"""What a scanner measured, along lines or along curves."""


def describe_noncartesian(samples: NonCartesian) -> dict[str, Any]:
    """Return the facts a reader wants first, in plain values."""
    _, n_coils, n_shots, n_samples = samples.data.shape
    return {
        "coils": n_coils,
        "shape": samples.grid.shape,
        "spacing_mm": tuple(round(s, 4) for s in samples.grid.spacing_mm),
        "encoding": f"2-D slices, {n_shots} shots of {n_samples} samples",
        "origin": f"{samples.origin} k-space",
    }
