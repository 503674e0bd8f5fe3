"""The tables of the study of sampling patterns."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from anatwin.acquire import Account, account_scan
from anatwin.core import KSpace
from anatwin.measure.samples import mean_interval, paired_p
from anatwin.studies.findings import Cell, Table

T = TypeVar("T")
K = TypeVar("K")
Mask = NDArray[np.bool_]

PAPER: dict[str, tuple[str, float, float, float, float]] = {
    "random-lines": ("random line", 20.80, 23.23, 0.3003, 0.4984),
    "random-points": ("compressive sensing", 20.47, 22.60, 0.1672, 0.3277),
    "gaussian-lines": ("cartesian", 29.04, 32.73, 0.6740, 0.7987),
    "upper-half": ("upper half", 18.68, 21.35, 0.1768, 0.4579),
    "radial-grid": ("radial", 29.30, 31.72, 0.5276, 0.6609),
    "spiral-grid": ("spiral", 30.18, 33.04, 0.5630, 0.7038),
}
"""Our name: the paper's name, then its PSNR at 4x and 8x and its SSIM at 4x and 8x (Table 2)."""

RINGS = 8
"""Rings that k-space is cut into, from the middle to the nearest edge."""


REMARKS = (
    "The paper's Table 2 reports a higher PSNR and SSIM at 8x than at 4x for every pattern. An "
    "eightfold undersampled scan cannot be closer to the truth than a fourfold one made the same "
    "way, and the vendor's images have 27.23 dB at 4x and 26.28 dB at 8x in its Table 1 but the "
    "reverse in Table 2: its 4x and 8x columns look swapped. The comparison below shows the "
    "paper's numbers as they are printed.",
    "The paper gives neither its PSNR's range nor its SSIM's window, and measured other people "
    "with another scanner: ranks can be compared, decibels cannot.",
    "Every pattern here is drawn on the same slices with the same seeds; the interval is over "
    "draws, each of which meets one slice, so it holds draws and slices together but says nothing "
    "about other people.",
)


@dataclass(frozen=True, eq=False, slots=True)
class Draw:
    """One draw of a pattern.

    Parameters
    ----------
    pattern, requested
        Its short name and the acceleration that was asked for.
    mask
        True where measured, over a slice's two encoded axes.
    account
        What it costs and gives.
    rings
        Share of the image's energy that was measured in each ring of k-space, middle first.
    """

    pattern: str
    requested: float
    mask: Mask
    account: Account
    rings: tuple[float, ...]

    @property
    def name(self) -> tuple[str, float]:
        """The pattern and its acceleration."""
        return self.pattern, self.requested


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """How well one method reconstructed one draw."""

    draw: Draw
    method: str
    psnr_db: float
    ssim: float


def describe(pattern: str, requested: float, scan: KSpace, complete: KSpace) -> Draw:
    """Return a draw from its scan and the complete scan of the same slice."""
    which = _ring_numbers(scan)
    energy = (np.abs(complete.data[0]) ** 2).ravel()
    measured = energy * np.broadcast_to(scan.mask, scan.grid.shape).ravel()
    total, kept = (np.bincount(which, e, RINGS + 1)[:RINGS] for e in (energy, measured))
    shares = tuple(float(share) for share in kept / np.maximum(total, 1e-30))
    mask = np.broadcast_to(scan.mask, scan.grid.shape).squeeze(scan.slice_axis)
    costs = account_scan(scan, requested, repetition_time_s=1.0)
    return Draw(pattern, requested, mask, costs, shares)


def quality_table(trials: Sequence[Trial], basis: str) -> Table:
    """Return the mean of every pattern, acceleration and method, with its interval."""
    rows = []
    for (pattern, factor), draws in groups(trials, lambda t: t.draw.name).items():
        for method, some in groups(draws, lambda t: t.method).items():
            psnr, ssim = (mean_interval([getattr(t, w) for t in some]) for w in ("psnr_db", "ssim"))
            counted = sum(np.isfinite(t.psnr_db) for t in some)
            rows.append((pattern, factor, method, int(counted), *psnr, *ssim))
    columns = ("pattern", "asked [x]", "method", "n", "PSNR [dB]", "low", "high", "SSIM", "low ",
               "high ")  # fmt: skip
    caption = (
        "PSNR[slice, max(reference)] and SSIM[7 uniform, slice max], mean and 95 % confidence "
        f"interval (Student's t) over n draws; {basis}. n counts the draws that a method accepts."
    )
    return Table("quality", caption, columns, tuple(rows))


def gain_table(trials: Sequence[Trial]) -> Table:
    """Return what each method gains over zero-filling on the same draws."""
    rows: list[tuple[Cell, ...]] = []
    for (pattern, factor), draws in groups(trials, lambda t: t.draw.name).items():
        methods = groups(draws, lambda t: t.method)
        plain = [t.psnr_db for t in methods.get("zero-filled", [])]
        for method, some in methods.items():
            if plain and method != "zero-filled":
                ours = [t.psnr_db for t in some]
                gain = mean_interval(np.subtract(ours, plain).tolist())
                rows.append((pattern, factor, method, *gain, paired_p(ours, plain)))
    caption = (
        "Gain in PSNR[slice, max(reference)] over zero-filling of the same draw: mean, 95 % "
        "confidence interval, and p of Wilcoxon's signed-rank test on the pairs."
    )
    return Table("gain", caption, ("pattern", "asked [x]", "method", "gain [dB]", "low", "high",
                                   "p"), tuple(rows))  # fmt: skip


def paper_table(trials: Sequence[Trial]) -> Table:
    """Return zero-filled images beside the paper's Table 2."""
    plain = groups((t for t in trials if t.method == "zero-filled"), lambda t: t.draw.name)
    rows: list[tuple[Cell, ...]] = []
    for pattern, (theirs, *numbers) in PAPER.items():
        ours = [
            float(np.mean([getattr(t, what) for t in plain.get((pattern, factor), [])] or [np.nan]))
            for what in ("psnr_db", "ssim")
            for factor in (4.0, 8.0)
        ]
        pairs = [value for pair in zip(numbers, ours, strict=True) for value in pair]
        rows.append((theirs, pattern, *pairs))
    columns = ["paper's mask", "ours"]
    for what in ("PSNR 4x", "PSNR 8x", "SSIM 4x", "SSIM 8x"):
        columns += [f"{what} paper", f"{what} here"]
    caption = (
        "Zero-filled images; the paper's columns as printed, though its 4x and 8x look swapped. "
        "Other people, another scanner and an unstated PSNR convention: compare ranks."
    )
    return Table("paper_table_2", caption, tuple(columns), tuple(rows))


def pattern_table(draws: Sequence[Draw]) -> Table:
    """Return what every pattern is: true acceleration, centre, side lobe."""
    rows = []
    for (pattern, factor), some in groups(draws, lambda d: d.name).items():
        costs = [
            (a.acceleration, a.takes_centre, min(a.centre), a.side_lobe, share_of_time(a))
            for a in (d.account for d in some)
        ]
        rows.append((pattern, factor, *np.mean(costs, axis=0).tolist()))
    caption = (
        "Means over the draws. Middle: the shortest side of the fully sampled block around zero "
        "frequency. Side lobe: the largest local maximum of the point-spread function beside its "
        "main peak. Scan time: the share of complete readouts that a Cartesian scanner needs; "
        "patterns of single points save little or none in two dimensions."
    )
    columns = ("pattern", "asked [x]", "true [x]", "centre taken [share]", "middle [samples]",
               "side lobe", "scan time [share]")  # fmt: skip
    return Table("patterns", caption, columns, tuple(rows))


def ring_table(draws: Sequence[Draw]) -> Table:
    """Return the share of the images' energy that is measured, ring by ring of k-space."""
    rows = []
    for (pattern, factor), some in groups(draws, lambda d: d.name).items():
        rows.append((pattern, factor, *np.mean([d.rings for d in some], axis=0).tolist()))
    edges = [f"{100 * n // RINGS}-{100 * (n + 1) // RINGS} %" for n in range(RINGS)]
    caption = (
        "What the paper's Table 5 describes, measured: share of the energy of the complete k-space "
        "that a pattern captures between two radii, as shares of the distance from the middle to "
        "the nearest edge; means over the draws."
    )
    return Table("rings", caption, ("pattern", "asked [x]", *edges), tuple(rows))


def share_of_time(costs: Account) -> float:
    """Return the time of a pattern over that of all readouts."""
    return costs.scan_time_s / (costs.proportional_time_s * costs.acceleration)


def groups(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Return items by key, both in the order in which they came."""
    found: dict[K, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def _ring_numbers(scan: KSpace) -> NDArray[np.intp]:
    """Return the ring of every sample, ``RINGS`` for the corners."""
    axes = [
        (np.arange(n) - n // 2) / max(n / 2, 1) if axis in scan.encoded_axes else np.zeros(n)
        for axis, n in enumerate(scan.grid.shape)
    ]
    radius = np.sqrt(sum(a**2 for a in np.meshgrid(*axes, indexing="ij")))
    return np.minimum(radius * RINGS, RINGS).astype(np.intp).ravel()
