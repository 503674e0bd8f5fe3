"""Accelerated scans of one person beside a reference scan: the head-twin paper's Table 1."""

from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import NamedTuple

import numpy as np

from anatwin.align import Rigid, resampled
from anatwin.core import Transform, UsageError, Volume, track
from anatwin.measure.quality import image_quality
from anatwin.studies.findings import Cell, Findings, Table
from anatwin.studies.mask_figures import draw_reconstructions
from anatwin.studies.slices import middle_slices, read_volumes

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
        images = {(inputs[0].name, ""): _middle(reference)}
        for path, minutes, scan in zip(inputs[1:], times[1:], track(others, "scans"), strict=True):
            cells, image = self._row(scan, reference)
            rows.append((path.name, minutes, *cells))
            images[path.name, ""] = _middle(image)
        caption = (
            "PSNR[mask, max(reference)] and SSIM[7 uniform, volume max, mask] over the voxels of "
            "the reference that the scan covers; brightness matched by one factor; n = 1 pair "
            f"each. Reference: {inputs[0].name}."
        )
        columns = ("scan", "time [min]", "registered", "turned [deg]", "moved [mm]", "PSNR [dB]",
                   "SSIM")  # fmt: skip
        table = Table("scans", caption, columns, tuple(rows))
        shown = (
            "A slice of every scan on the reference's grid and, below each, the magnitude of its "
            "difference to the reference, from 0 (black) to a fifth of the slice's maximum."
        )
        figure = draw_reconstructions(images, _middle(reference), name="slices", caption=shown)
        return Findings(
            "Accelerated scans beside a reference scan", "images", _REMARKS, (table,), (figure,)
        )

    def _row(self, scan: Volume, reference: Volume) -> tuple[tuple[Cell, ...], Volume]:
        """Return how a scan was registered and how close it is, and the scan as it was compared."""
        found = self.rigid(scan, reference)
        plain, moved = (_compare(scan, reference, how) for how in (None, found))
        if plain.psnr_db >= moved.psnr_db:
            still = ("no, it lay better as it was", 0.0, 0.0, plain.psnr_db, plain.ssim)
            return still, plain.image
        turned, shifted = found.rotation_deg, _shift_mm(found, reference)
        return ("yes", turned, shifted, moved.psnr_db, moved.ssim), moved.image


class _Compared(NamedTuple):
    """PSNR [dB] and SSIM of a scan, and the scan on the reference's grid and scale."""

    psnr_db: float
    ssim: float
    image: Volume


def _compare(scan: Volume, reference: Volume, how: Transform | None) -> _Compared:
    """Return how close a scan is on the reference's grid."""
    inside = Volume(np.ones(scan.data.shape, np.float32), scan.grid)
    mask = resampled(inside, reference.grid, how).data > 0.5
    if not mask.any():
        return _Compared(-np.inf, nan, reference)
    image = resampled(scan, reference.grid, how).data
    truth = reference.data
    gain = float(np.vdot(image[mask], truth[mask]) / max(np.vdot(image[mask], image[mask]), 1e-30))
    matched = Volume(image * np.float32(gain), reference.grid)
    psnr, ssim = image_quality(matched, reference, mask=mask)[:2]
    return _Compared(psnr.value, ssim.value, matched)


def _middle(volume: Volume) -> Volume:
    """Return the slice that is shown."""
    slices = middle_slices(volume, 3)
    return slices[len(slices) // 2]


def _shift_mm(found: Transform, reference: Volume) -> float:
    """Return how far the middle of the reference moved."""
    middle = np.array([reference.grid.at(*((n - 1) / 2 for n in reference.grid.shape))])
    return float(np.linalg.norm(found.apply(middle) - middle))
