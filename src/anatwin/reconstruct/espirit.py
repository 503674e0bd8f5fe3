"""Coil sensitivities from the scan itself."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, UsageError
from anatwin.ops.coils import calibration_region
from anatwin.reconstruct.planes import Plane


@dataclass(frozen=True, kw_only=True)
class Espirit:
    """Estimate coil sensitivities from the fully sampled centre of k-space.

    References: Uecker et al. 2014, ESPIRiT, doi:10.1002/mrm.24751.
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
        from anatwin.ops.espirit import espirit_kernel, espirit_maps

        mask = np.broadcast_to(plane.mask, plane.shape)
        centre = plane.samples[(slice(None), *calibration_region(mask, self.calibration))]
        if min(centre.shape[1:]) < self.kernel + 2:
            raise InputError(
                f"Coil maps need a fully sampled centre of k-space of {self.kernel + 2} samples or "
                f"more, got {centre.shape[1]} x {centre.shape[2]}; give the maps, or use "
                "RootSumOfSquares."
            )
        convolution = espirit_kernel(
            centre, self.kernel, self.threshold, energy=plane.largest_energy
        )
        maps, support = espirit_maps(convolution, centre, plane.shape)
        maps *= support >= self.crop
        return maps
