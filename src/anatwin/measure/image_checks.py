"""Whether a scan is fit for use."""

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Check, Volume
from anatwin.core.twin import Verdict


def check_image(volume: Volume) -> tuple[Check, ...]:
    """Check a scan: voxel size, coverage, share of foreground, contrast against noise."""
    data = volume.magnitude().data
    foreground = data > _otsu(data)
    return (
        _check_voxels(volume),
        _check_coverage(volume),
        _check_foreground(foreground),
        _check_contrast(data, foreground),
    )


def _check_voxels(volume: Volume) -> Check:
    longest, shortest = (round(f(volume.grid.spacing_mm), 3) for f in (max, min))
    return Check(
        "voxel size",
        "pass" if longest <= 2 else "warn" if longest <= 12 else "fail",
        " x ".join(f"{mm:.2f}" for mm in volume.grid.spacing_mm) + " mm",
        "longest edge at most 2 mm",
        f"The longest voxel edge is {longest:.2f} mm, {longest / shortest:.1f} times the shortest.",
        "Thin structures are lost between thick slices; prefer a 3-D scan of about 1 mm.",
    )


def _check_coverage(volume: Volume) -> Check:
    extent = [n * s for n, s in zip(volume.grid.shape, volume.grid.spacing_mm, strict=True)]
    verdict: Verdict = "pass" if min(extent) >= 120 else "warn" if min(extent) >= 32 else "fail"
    return Check(
        "field of view",
        verdict,
        " x ".join(f"{mm:.0f}" for mm in extent) + " mm",
        "at least 120 mm along every axis",
        f"The scan covers {min(extent):.0f} mm along its shortest axis.",
        "A head needs about 160 x 200 x 220 mm; structures beyond the edge cannot be measured.",
    )


def _check_foreground(foreground: NDArray[np.bool_]) -> Check:
    share = float(foreground.mean())
    verdict: Verdict = "pass" if 0.03 <= share <= 0.8 else "warn" if share >= 0.005 else "fail"
    return Check(
        "foreground",
        verdict,
        f"{share:.0%}",
        "3 to 80 % of the voxels",
        f"{share:.1%} of the voxels are brighter than Otsu's threshold.",
        "Look at the image: it may be empty, cropped, or dominated by a few bright voxels.",
    )


def _check_contrast(data: NDArray[np.floating], foreground: NDArray[np.bool_]) -> Check:
    noise = _noise(data, foreground)
    seen = data[foreground]
    low, high = np.percentile(seen, (5, 95)) if seen.size else (0.0, 0.0)
    ratio = float(high - low) / noise if noise > 0 else np.inf
    verdict: Verdict = "pass" if ratio >= 8 else "warn" if ratio >= 4 else "fail"
    if high <= low:
        verdict, ratio = "fail", 0.0
    return Check(
        "contrast to noise",
        verdict,
        f"{ratio:.1f}" if isfinite(ratio) else "noise free",
        "at least 8",
        "Spread of the foreground (5 to 95 %) over the noise from second differences.",
        "Denoise or reconstruct with stronger regularisation, or acquire with less acceleration.",
    )


def _noise(data: NDArray[np.floating], foreground: NDArray[np.bool_]) -> float:
    """Return the standard deviation of the noise from second differences in the foreground.

    Along the axis with most samples; anatomy is smooth at that scale where it is not an edge,
    and the median ignores edges.
    """
    axis = int(np.argmax(data.shape))
    if data.shape[axis] < 3:
        return 0.0
    x, inside = np.moveaxis(data, axis, 0), np.moveaxis(foreground, axis, 0)
    every = max(1, data.size // 2_000_000)
    middle = x[1:-1][inside[1:-1]][::every].astype(np.float64)
    before, after = (x[s][inside[1:-1]][::every] for s in (slice(None, -2), slice(2, None)))
    difference = np.abs(2 * middle - before - after)
    return float(np.median(difference)) / (0.6745 * 6**0.5) if difference.size else 0.0


def _otsu(data: NDArray[np.floating]) -> float:
    """Return the threshold that parts the histogram best (Otsu 1979)."""
    low, high = np.percentile(data, (0.5, 99.5))
    if not high > low:
        return float(high)
    counts, edges = np.histogram(data, bins=256, range=(float(low), float(high)))
    centres = (edges[:-1] + edges[1:]) / 2
    below, weighted = np.cumsum(counts), np.cumsum(counts * centres)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = weighted / below - (weighted[-1] - weighted) / above
    between = np.nan_to_num(below * above * gap**2)
    return float(edges[1:][int(np.argmax(between))])
