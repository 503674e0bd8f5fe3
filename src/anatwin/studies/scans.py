"""Accelerated scans of one person beside a reference scan: the head-twin paper's Table 1."""

from dataclasses import dataclass, field
from math import nan
from pathlib import Path

import numpy as np

from anatwin.align import Rigid, resampled
from anatwin.core import Transform, UsageError, Volume, track
from anatwin.measure.quality import image_quality
from anatwin.studies.findings import Cell, Findings, Table
from anatwin.studies.slices import read_volumes

_REMARKS = (
    "Scans taken one after the other differ by motion, by drift and by noise, not by acceleration "
    "alone: the reference is a scan too, not the truth. Two scans with the same protocol give the "
    "PSNR that no acceleration can exceed; include such a repeat where there is one.",
    "The paper's Table 1 prints 27.23 dB and SSIM 0.9922 in one row or column each for its two "
    "accelerated scans, 26.28 dB and 0.9909 for the other, with rows and columns exchanged, and "
    "its Table 2 gives the better pair to 8x; by Table 1 they belong to 4x (11 minutes) and the "
    "worse pair to 8x (7 minutes), against 2x (15 minutes) as reference.",
)


@dataclass(frozen=True, kw_only=True)
class Scans:
    """Accelerated scans of one person beside a reference scan.

    Every scan is registered to the first one where that brings it closer, its brightness is
    matched by least squares, and PSNR and SSIM are taken where both scans have voxels.
    """

    minutes: tuple[float, ...] = ()
    """Scan time of every input, the reference first [min]; empty where not known."""
    rigid: Rigid = field(default_factory=Rigid)
    """How scans are registered."""

    def __call__(self, inputs: tuple[Path, ...]) -> Findings:
        """Compare every other input with the first.

        Raises
        ------
        UsageError
            If there are fewer than two inputs, or not one time for each.
        """
        if len(inputs) < 2:
            raise UsageError(f"Scans needs a reference and one scan or more, got {len(inputs)}.")
        if self.minutes and len(self.minutes) != len(inputs):
            raise UsageError(
                f"minutes must name {len(inputs)} times, one per input, got {len(self.minutes)}."
            )
        reference, *others = read_volumes(inputs)
        times = self.minutes or (nan,) * len(inputs)
        rows: list[tuple[Cell, ...]] = [(inputs[0].name, times[0], "reference", *(nan,) * 4)]
        for path, minutes, scan in zip(inputs[1:], times[1:], track(others, "scans"), strict=True):
            rows.append((path.name, minutes, *self._row(scan, reference)))
        caption = (
            "PSNR[mask, max(reference)] and SSIM[7 uniform, volume max, mask] over the voxels of "
            "the reference that the scan covers; brightness matched by one factor; n = 1 pair "
            f"each. Reference: {inputs[0].name}."
        )
        columns = ("scan", "time [min]", "registered", "turned [deg]", "moved [mm]", "PSNR [dB]",
                   "SSIM")  # fmt: skip
        table = Table("scans", caption, columns, tuple(rows))
        return Findings(
            "Accelerated scans beside a reference scan", "images, real", _REMARKS, (table,)
        )

    def _row(self, scan: Volume, reference: Volume) -> tuple[Cell, ...]:
        """Return how a scan was registered and how close it is."""
        found = self.rigid(scan, reference)
        plain, moved = (_compare(scan, reference, how) for how in (None, found))
        if plain[0] >= moved[0]:
            return ("no, it lay better as it was", 0.0, 0.0, *plain)
        return ("yes", found.rotation_deg, _shift_mm(found, reference), *moved)


def _compare(scan: Volume, reference: Volume, how: Transform | None) -> tuple[float, float]:
    """Return PSNR [dB] and SSIM of a scan on the reference's grid."""
    inside = Volume(np.ones(scan.data.shape, np.float32), scan.grid)
    mask = resampled(inside, reference.grid, how).data > 0.5
    if not mask.any():
        return (-np.inf, nan)
    image = resampled(scan, reference.grid, how).data
    truth = reference.data
    gain = float(np.vdot(image[mask], truth[mask]) / max(np.vdot(image[mask], image[mask]), 1e-30))
    psnr, ssim = image_quality(
        Volume(image * np.float32(gain), reference.grid), reference, mask=mask
    )[:2]
    return psnr.value, ssim.value


def _shift_mm(found: Transform, reference: Volume) -> float:
    """Return how far the middle of the reference moved."""
    middle = np.array([reference.grid.at(*((n - 1) / 2 for n in reference.grid.shape))])
    return float(np.linalg.norm(found.apply(middle) - middle))
