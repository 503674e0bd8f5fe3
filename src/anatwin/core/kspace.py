"""What the scanner measured."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core.errors import GeometryError, InputError
from anatwin.core.grid import Grid
from anatwin.core.volume import count_not_finite

Origin = Literal["raw", "synthetic"]


@dataclass(frozen=True, eq=False, slots=True)
class KSpace:
    """Cartesian multi-coil samples and the grid that their image lies on.

    Parameters
    ----------
    data
        Complex samples, ``coil i j k``, zero where not measured. The zero frequency is at index
        ``n // 2`` of every encoded axis, and the transform to the image is unitary.
    mask
        True where measured, ``i j k``; an axis that all entries share may have length one.
    grid
        Grid of the fully sampled image.
    readout_axis
        Grid axis of the frequency encoding, always fully sampled by a scanner.
    slice_axis
        Grid axis along which slices were excited one by one; it is not Fourier encoded. None for
        a 3-D scan, where all three axes are encoded.
    origin
        ``raw`` for a scanner's measurement, ``synthetic`` for one simulated from an image.
    coils
        Receive sensitivities, ``coil i j k``, where they are known; a method that needs them
        estimates them otherwise.

    Raises
    ------
    GeometryError
        If data, mask, coils and grid do not have fitting shapes.
    InputError
        If a sample is not finite, or nothing was measured.
    """

    data: NDArray[np.complex64]
    mask: NDArray[np.bool_]
    grid: Grid
    readout_axis: int = 0
    slice_axis: int | None = None
    origin: Origin = "raw"
    coils: NDArray[np.complex64] | None = None

    def __post_init__(self) -> None:
        self._check_shapes()
        if self.readout_axis not in (0, 1, 2) or self.slice_axis not in (0, 1, 2, None):
            raise GeometryError("KSpace axes must be 0, 1 or 2.")
        if self.readout_axis == self.slice_axis:
            raise GeometryError(f"KSpace axis {self.slice_axis} cannot be readout and slice.")
        if not np.iscomplexobj(self.data):
            raise InputError(f"KSpace.data must be complex, got {self.data.dtype}.")
        if bad := sum(count_not_finite(coil) for coil in self.data):
            raise InputError(f"KSpace.data must be finite, got {bad} NaN or infinite samples.")
        if not self.mask.any() or not any(coil.any() for coil in self.data):
            raise InputError("KSpace must hold a measurement, got only zeros.")

    def _check_shapes(self) -> None:
        if self.data.ndim != 4 or self.data.shape[1:] != self.grid.shape:
            raise GeometryError(
                f"KSpace.data must be (coil, {', '.join(map(str, self.grid.shape))}) to lie on "
                f"its grid, got {self.data.shape}."
            )
        fits = self.mask.ndim == 3 and all(
            m in (1, n) for m, n in zip(self.mask.shape, self.grid.shape, strict=True)
        )
        if not fits or self.mask.dtype != np.bool_:
            raise GeometryError(
                f"KSpace.mask must be boolean and fit {self.grid.shape}, got {self.mask.dtype} "
                f"{self.mask.shape}."
            )
        if self.coils is not None and self.coils.shape != self.data.shape:
            raise GeometryError(
                f"KSpace.coils must have the shape {self.data.shape} of the samples, "
                f"got {self.coils.shape}."
            )

    @property
    def n_coils(self) -> int:
        """Number of receive coils."""
        return int(self.data.shape[0])

    @property
    def encoded_axes(self) -> tuple[int, ...]:
        """Grid axes that are Fourier encoded: two for slices, three for a 3-D scan."""
        return tuple(axis for axis in range(3) if axis != self.slice_axis)

    @property
    def acceleration(self) -> float:
        """Grid points over measured points: the true acceleration, centre included."""
        return float(self.mask.size / np.count_nonzero(self.mask))


def describe(kspace: KSpace) -> dict[str, Any]:
    """Return the facts a reader wants first, in plain values."""
    return {
        "coils": kspace.n_coils,
        "shape": kspace.grid.shape,
        "spacing_mm": tuple(round(s, 4) for s in kspace.grid.spacing_mm),
        "encoding": "3-D" if kspace.slice_axis is None else "2-D slices",
        "acceleration": round(kspace.acceleration, 2),
        "origin": f"{kspace.origin} k-space",
    }
