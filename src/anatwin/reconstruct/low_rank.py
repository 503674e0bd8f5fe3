"""Structured low-rank completion of k-space."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import KSpace, UsageError, Volume
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.planes import Plane, reconstruct_planes


@dataclass(frozen=True, kw_only=True)
class LowRank:
    """Structured low-rank completion (SAKE, LORAKS): fill k-space without any calibration.

    Smooth coil sensitivities, air around the object and a smooth phase all make windows of
    k-space linearly dependent. The gaps are filled so that the windows' matrix has as low a rank
    as possible; measured samples stay exactly as they are. The coil images are then combined with
    maps estimated from the completed middle, so no fully sampled centre is needed. One coil alone
    works through the air around the object and its phase.

    References: SAKE: Shin et al. 2014, doi:10.1002/mrm.24997; LORAKS: Haldar 2014,
    doi:10.1109/TMI.2013.2293974, and Haldar and Zhuo 2016, doi:10.1002/mrm.25717; solved as in
    Ongie and Jacob 2017, doi:10.1109/TCI.2017.2721819.
    """

    kernel: int = 6
    """Side of the windows of k-space [samples]."""
    threshold: float = 0.02
    """Singular values below this fraction of the largest count as noise."""
    iterations: int = 20
    """How many times the relations between samples are learnt anew."""
    smooth_phase: bool | None = None
    """Use that the phase of the image is smooth; None does so for a single coil only, since it
    takes several times as long."""
    energy: float = 0.999
    """Fraction of the signal that virtual coils keep: fewer are faster, 1 keeps every coil."""
    espirit: Espirit = field(default_factory=Espirit)
    """How coil maps are estimated where the scan brings none."""

    def __post_init__(self) -> None:
        if self.kernel < 2:
            raise UsageError(f"LowRank.kernel must be 2 or more, got {self.kernel}.")
        if not 0 < self.threshold < 1:
            raise UsageError(f"LowRank.threshold must be between 0 and 1, got {self.threshold}.")
        if self.iterations < 1:
            raise UsageError(f"LowRank.iterations must be 1 or more, got {self.iterations}.")
        if not 0 < self.energy <= 1:
            raise UsageError(f"LowRank.energy must be above 0 and at most 1, got {self.energy}.")

    def __call__(self, kspace: KSpace) -> Volume:
        """Return the complex image of a scan."""
        return Volume(reconstruct_planes(kspace, self._solve, energy=self.energy), kspace.grid)

    def _solve(self, plane: Plane) -> NDArray[Any]:
        from anatwin.ops.linop import CoilSampling
        from anatwin.ops.structured_low_rank import complete_kspace

        single = len(plane.samples) == 1
        samples = complete_kspace(
            plane.samples,
            plane.mask,
            kernel=self.kernel,
            threshold=self.threshold,
            iterations=self.iterations,
            smooth_phase=single if self.smooth_phase is None else self.smooth_phase,
        )
        full = Plane(samples, np.ones((1, 1), bool), plane.coils, plane.largest_energy)
        sampling = CoilSampling(self.espirit.maps(full), full.mask)
        return sampling.adjoint(samples) / sampling.weight
