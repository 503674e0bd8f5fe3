"""The method that suits a scan, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from anatwin.core import AnyKSpace, InputError, KSpace, NonCartesian, Volume
from anatwin.reconstruct.cascade import Cascade
from anatwin.reconstruct.gridding import Gridding
from anatwin.reconstruct.low_rank import LowRank
from anatwin.reconstruct.noncartesian_planes import trajectory_of
from anatwin.reconstruct.pocs import Pocs
from anatwin.reconstruct.root_sum_of_squares import RootSumOfSquares
from anatwin.reconstruct.wavelet import Wavelet

_FEWEST = 8
"""Shortest side of a complete middle with which Wavelet is as good as LowRank, and faster."""

Reconstructor = Callable[[Any], Volume]


class Choice(NamedTuple):
    """A method and one sentence that says why it was chosen."""

    method: Reconstructor
    reason: str


@dataclass(frozen=True, kw_only=True)
class Automatic:
    """Choose the method that suits the scan, and say why.

    Complete scans are combined as they are. One missing end of k-space is filled by its phase
    (Pocs). Several coils with a calibrated middle are solved by compressed sensing (Wavelet),
    without one by low-rank completion (LowRank). One coil is left to the deep cascade (Cascade).
    Samples along trajectories are solved by compressed sensing (Wavelet) too, or only gridded
    (Gridding) where the sensitivities of several coils cannot be known.
    """

    def __call__(self, kspace: AnyKSpace) -> Volume:
        """Return the image of a scan, by the method chosen."""
        return self.choose(kspace).method(kspace)

    def choose(self, kspace: AnyKSpace) -> Choice:
        """Return the method for a scan, and the reason."""
        if isinstance(kspace, NonCartesian):
            return _along_trajectories(kspace)
        if kspace.mask.all():
            reason = "Every sample was measured, so nothing has to be filled in."
            return Choice(RootSumOfSquares(), reason)
        if _misses_one_end(kspace):
            reason = "One end of k-space was left out, and the phase of the image tells it."
            return Choice(Pocs(), reason)
        if kspace.n_coils == 1:
            return Choice(
                Cascade(),
                "One coil leaves gaps that only what images look like can fill, and the cascade "
                "does so better than classical methods where it was tested.",
            )
        middle = _calibrated(kspace)
        if kspace.coils is not None or middle >= _FEWEST:
            known = "came with the scan" if kspace.coils is not None else "can be estimated"
            reason = f"{kspace.n_coils} coils whose sensitivities {known}."
            return Choice(Wavelet(), reason)
        return Choice(
            LowRank(),
            f"{kspace.n_coils} coils, but the fully sampled middle is {middle} samples wide, and "
            f"coil sensitivities need {_FEWEST}.",
        )


def chosen(method: Reconstructor, kspace: AnyKSpace) -> Choice:
    """Return the method that does the work, and why: Automatic's choice, or the method itself."""
    return method.choose(kspace) if isinstance(method, Automatic) else Choice(method, "")


def _along_trajectories(scan: NonCartesian) -> Choice:
    if scan.n_coils == 1:
        return Choice(Wavelet(), "One coil along a trajectory; sparsity fills its gaps.")
    known = scan.coils is not None
    if known or trajectory_of(scan).covers_middle:
        origin = "came with the scan" if known else "can be estimated from the middle of k-space"
        reason = f"{scan.n_coils} coils along a trajectory, whose sensitivities {origin}."
        return Choice(Wavelet(), reason)
    return Choice(
        Gridding(),
        f"{scan.n_coils} coils along a trajectory that leaves gaps in the middle of k-space, so "
        "their sensitivities cannot be estimated.",
    )


def _misses_one_end(kspace: KSpace) -> bool:
    """Tell whether the mask is that of a partial-Fourier scan without other gaps."""
    from anatwin.ops.partial_fourier import half_scan

    along = [axis for axis in range(3) if (kspace.mask != kspace.mask.take([0], axis)).any()]
    if len(along) != 1 or along[0] == kspace.slice_axis:
        return False
    lines = np.moveaxis(kspace.mask, along[0], 0).reshape(kspace.mask.shape[along[0]], -1)
    try:
        return half_scan(lines[:, :1]) is not None
    except InputError:
        return False


def _calibrated(kspace: KSpace) -> int:
    """Return the shortest side of the fully sampled middle of the scan's planes."""
    from anatwin.ops.coils import calibration_region

    across = kspace.readout_axis if kspace.slice_axis is None else kspace.slice_axis
    everywhere = np.broadcast_to(kspace.mask, kspace.grid.shape)
    plane = np.asarray(everywhere.all(axis=across))
    block = calibration_region(plane, 24)
    return min(part.stop - part.start for part in block) if plane.any() else 0
