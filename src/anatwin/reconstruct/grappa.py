"""Parallel imaging in k-space."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, KSpace, UsageError, Volume
from anatwin.reconstruct.planes import Plane, reconstruct_planes


@dataclass(frozen=True, kw_only=True)
class Grappa:
    """GRAPPA: missing samples are predicted from their measured neighbours in all coils.

    The weights are learned from the fully sampled middle of k-space, one set for every
    arrangement of neighbours that the mask holds, so equispaced lines, irregular lines and gaps
    along both axes all work. The image is the root sum of squares of the coils.

    References: Griswold et al. 2002, doi:10.1002/mrm.10171.
    """

    neighbours: int = 4
    """Measured lines that predict a missing one, the nearest; twice as many points where there
    are gaps along both axes."""
    kernel: int = 5
    """Samples of each line that take part."""
    calibration: int = 64
    """Longest side of the fully sampled middle that is used [samples]."""
    regularisation: float = 0.004
    """Weight of small weights, as a fraction of the power of the predicting samples."""

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise UsageError(f"Grappa.neighbours must be 1 or more, got {self.neighbours}.")
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise UsageError(f"Grappa.kernel must be odd and 1 or more, got {self.kernel}.")
        if self.calibration < 8:
            raise UsageError(f"Grappa.calibration must be 8 or more, got {self.calibration}.")
        if self.regularisation < 0:
            raise UsageError(
                f"Grappa.regularisation must not be negative, got {self.regularisation}."
            )

    def __call__(self, kspace: KSpace) -> Volume:
        """Return the real image of a scan."""
        return Volume(reconstruct_planes(kspace, self._solve), kspace.grid)

    def _solve(self, plane: Plane) -> NDArray[Any]:
        from anatwin.ops.fourier import ifft
        from anatwin.ops.grappa import choose_neighbours, fill_missing

        samples = plane.samples
        if not plane.mask.all():
            calibration = self._calibration(plane)
            rows, columns = calibration.shape[1:]
            both = min(plane.mask.shape) > 1
            neighbours = choose_neighbours(
                plane.mask,
                wanted=self.neighbours * (1 + both),
                kernel=self.kernel,
                largest=(2 * rows // 3, 2 * columns // 3),
            )
            samples = fill_missing(
                samples, plane.mask, calibration, neighbours, self.regularisation
            )
        images = ifft(samples, (1, 2))
        return np.sqrt((images.real**2 + images.imag**2).sum(axis=0))

    def _calibration(self, plane: Plane) -> NDArray[Any]:
        """Return the fully sampled middle of k-space."""
        from anatwin.ops.coils import calibration_region

        mask = np.broadcast_to(plane.mask, plane.shape)
        block = calibration_region(mask, self.calibration)
        calibration = plane.samples[(slice(None), *block)]
        if min(calibration.shape[1:]) < min(8, *plane.shape):
            raise InputError(
                "Grappa learns from a fully sampled centre of k-space of 8 samples or more, got "
                f"{calibration.shape[1]} x {calibration.shape[2]}; use RootSumOfSquares."
            )
        return calibration
