"""Coil sensitivities from the scan itself."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, UsageError
from anatwin.ops.coils import calibration_region, low_resolution, middle_block
from anatwin.reconstruct.planes import Plane

_FEWEST_FOR_KERNELS = 12
"""Shortest side of a complete middle of k-space from which kernels are found reliably."""

_FEWEST = 4


@dataclass(frozen=True, kw_only=True)
class Espirit:
    """Estimate coil sensitivities from the fully sampled centre of k-space.

    A centre of fewer than 12 samples, or too small for the kernel, tells too little for that: then
    the maps are those of the low-resolution images, which miss the finest changes but never go
    astray.

    References: Uecker et al. 2014, ESPIRiT, doi:10.1002/mrm.24751; Walsh et al. 2000,
    doi:10.1002/(SICI)1522-2594(200005)43:5<682::AID-MRM10>3.0.CO;2-G.
    """

    kernel: int = 6
    """Side of the k-space windows that must agree with one another [samples]."""
    calibration: int = 24
    """Longest side of the fully sampled centre that is used [samples]."""
    threshold: float = 0.02
    """Singular values below this fraction of the largest count as noise."""
    crop: float = 0.8
    """Support from 0 to 1 that a pixel needs; below it the image is zero. 0 keeps them all."""

    def __post_init__(self) -> None:
        if self.kernel < 2:
            raise UsageError(f"Espirit.kernel must be 2 or more, got {self.kernel}.")
        if self.calibration < self.kernel + 2:
            raise UsageError(
                f"Espirit.calibration must exceed the kernel by 2 or more, got "
                f"{self.calibration} for a kernel of {self.kernel}."
            )
        if not 0 < self.threshold < 1 or not 0 <= self.crop < 1:
            raise UsageError(
                "Espirit.threshold and Espirit.crop must be between 0 and 1, got "
                f"{self.threshold} and {self.crop}."
            )

    def maps(self, plane: Plane) -> NDArray[Any]:
        """Return sensitivities ``coil row column``: the plane's own, or an estimate.

        Raises
        ------
        InputError
            If the centre of k-space is not sampled enough.
        """
        if plane.coils is not None:
            return plane.coils
        if len(plane.samples) == 1:
            return np.ones_like(plane.samples)
        mask = np.broadcast_to(plane.mask, plane.shape)
        region = calibration_region(mask, self.calibration)
        rows, columns = (part.stop - part.start for part in region)
        if min(rows, columns) < _FEWEST:
            raise InputError(
                f"Coil maps need a fully sampled centre of k-space of {_FEWEST} samples or "
                f"more, got {rows} x {columns}; give the maps, or use RootSumOfSquares."
            )
        if min(rows, columns) < max(_FEWEST_FOR_KERNELS, self.kernel + 2):
            return self._smooth_maps(plane)
        return self._kernel_maps(plane, plane.samples[(slice(None), *region)])

    def _smooth_maps(self, plane: Plane) -> NDArray[Any]:
        """Return maps from the middle of k-space as it was measured, gaps and all."""
        from anatwin.ops.walsh import walsh_maps

        sides = [min(self.calibration, n) for n in plane.shape]
        middle = plane.samples[(slice(None), *middle_block(plane.shape, sides))]
        return walsh_maps(low_resolution(middle, plane.shape))

    def _kernel_maps(self, plane: Plane, centre: NDArray[Any]) -> NDArray[Any]:
        """Return maps that windows of the complete middle agree on, zero outside the object."""
        from anatwin.ops.espirit import espirit_kernel, espirit_maps

        convolution = espirit_kernel(
            centre, self.kernel, self.threshold, energy=plane.largest_energy
        )
        maps, support = espirit_maps(convolution, centre, plane.shape)
        maps *= support >= self.crop
        return maps
