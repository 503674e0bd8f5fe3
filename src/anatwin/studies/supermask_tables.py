"""The tables of the study of views that do not line up, beside SuperMask's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from anatwin.measure.samples import paired_p
from anatwin.studies.findings import Cell, Table
from anatwin.studies.mask_tables import groups
from anatwin.studies.supermask_trial import IMAGES, MASKS, ONE_VIEW, OURS, WHOLE, Row

PAPER: dict[str, dict[str, tuple[float, ...]]] = {
    "16 mm": {
        ONE_VIEW: (0.812, 0.201, 0.173, 0.189, 0.780),
        f"{IMAGES}, nearest": (0.664, 0.338, 0.330, 0.336, 0.687),
        f"{IMAGES}, unanimity": (0.683, 0.319, 0.302, 0.310, 0.703),
        f"{MASKS}, nearest": (0.683, 0.176, 0.401, 0.312, 0.730),
        f"{MASKS}, unanimity": (0.763, 0.059, 0.357, 0.256, 0.766),
        "ours, one view": (0.819, 0.200, 0.157, 0.182, 0.791),
        "ours, two views": (0.833, 0.187, 0.146, 0.177, 0.798),
        OURS: (0.875, 0.139, 0.131, 0.137, 0.842),
        "ours, one stage": (0.849, 0.178, 0.120, 0.154, 0.819),
        "ours, unanimity": (0.826, 0.154, 0.161, 0.157, 0.821),
        "ours, nearest": (0.763, 0.286, 0.227, 0.237, 0.750),
    },
    "8 mm": {
        ONE_VIEW: (0.863, 0.118, 0.151, 0.141, 0.850),
        f"{IMAGES}, nearest": (0.819, 0.202, 0.156, 0.182, 0.803),
        f"{IMAGES}, unanimity": (0.879, 0.063, 0.174, 0.130, 0.859),
        f"{MASKS}, nearest": (0.799, 0.121, 0.251, 0.204, 0.814),
        f"{MASKS}, unanimity": (0.863, 0.198, 0.064, 0.178, 0.842),
        "ours, one view": (0.871, 0.098, 0.117, 0.108, 0.855),
        "ours, two views": (0.886, 0.095, 0.121, 0.114, 0.857),
        OURS: (0.896, 0.093, 0.113, 0.105, 0.870),
    },
    "whole": {WHOLE: (0.923, 0.102, 0.051, 0.082, 0.908)},
}
"""SuperMask's Tables 1 and 4, Heart: DSC, US, OS, RMS, mBA of each method."""

PAPER_VIEWS = {
    IMAGES: (0.71, 0.661, 0.697, 0.765, 0.717),
    MASKS: (0.750, 0.725, 0.696, 0.749, 0.715),
    "GlobalRigid": (0.784, 0.75, 0.755, 0.816, 0.783),
}
"""SuperMask's Table 2, Brats at 16 mm; its own method stands beside our GlobalRigid."""

METRICS = ("DSC", "US", "OS", "RMS", "mBA")


@dataclass(frozen=True, slots=True)
class Trial:
    """One method's outcome on one person in one pose.

    Parameters
    ----------
    setting
        ``16 mm``, ``8 mm`` or ``whole``.
    subject, pose
        Whom and in which pose.
    row
        What came out.
    """

    setting: str
    subject: str
    pose: int
    row: Row


def tables(trials: Sequence[Trial], basis: str) -> tuple[Table, ...]:
    """Return the masks, the agreement of views and the poses."""
    kinds = groups(trials, lambda t: t.row.table)
    return (
        mask_table(kinds.get("masks", []), basis),
        view_table(kinds.get("views", [])),
        pose_table(kinds.get("poses", [])),
    )


def mask_table(trials: Sequence[Trial], basis: str) -> Table:
    """Return every method's errors, its gain over one view, and the paper's numbers."""
    rows: list[tuple[Cell, ...]] = []
    for setting, some in groups(trials, lambda t: t.setting).items():
        methods = {m: by_subject(of) for m, of in groups(some, lambda t: t.row.method).items()}
        for method, subjects in methods.items():
            values = np.array(list(subjects.values()))
            gain, p_one = _against(methods.get(ONE_VIEW), subjects)
            _, p_ours = _against(methods.get(OURS), subjects)
            spread = float(values[:, 0].std(ddof=1)) if len(values) > 1 else nan
            paper = PAPER.get(setting, {}).get(method, (nan,) * len(METRICS))
            means = _means(values)
            rows.append(
                (setting, method, len(values), means[0], spread, *means[1:], gain, p_one, p_ours,
                 *paper)
            )  # fmt: skip
    columns = ("slices", "method", "n", "DSC", "SD", *METRICS[1:], "gain in DSC", "p, one view",
               "p, ours", *(f"paper's {m}" for m in METRICS))  # fmt: skip
    caption = (
        "Mean over n people (of each person's poses) and standard deviation of DSC; US = 1 - "
        "precision, OS = 1 - recall, RMS of both, mBA over five bands up to 1/300 of the cube's "
        "diagonal plus one voxel. Gain over the U-Net on one view; p of Wilcoxon's signed-rank "
        f"test of the DSC of the same people. {basis}. The paper: Heart, 5 other people, means."
    )
    return Table("masks", caption, columns, tuple(rows))


def view_table(trials: Sequence[Trial]) -> Table:
    """Return how well single views agree after alignment."""
    rows: list[tuple[Cell, ...]] = []
    for (setting, method), some in groups(trials, lambda t: (t.setting, t.row.method)).items():
        values = np.array(list(by_subject(some).values()))
        paper = PAPER_VIEWS.get(method, (nan,) * 5) if setting == "16 mm" else (nan,) * 5
        rows.append((setting, method, len(values), *_means(values), *paper))
    names = ("1&2", "1&3", "2&3", "2&HR", "3&HR")
    columns = ("slices", "alignment", "n", *names, *(f"paper's {name}" for name in names))
    caption = (
        "Dice of the network's masks of two views after alignment, slices repeated, and with the "
        "1 mm truth (HR); means over n people. The paper's are of Brats at 16 mm."
    )
    return Table("views", caption, columns, tuple(rows))


def pose_table(trials: Sequence[Trial]) -> Table:
    """Return how far off each alignment is."""
    rows: list[tuple[Cell, ...]] = []
    for (setting, method), some in groups(trials, lambda t: (t.setting, t.row.method)).items():
        turn, target = np.array([t.row.values for t in some]).T
        spread = [f(x) for x in (turn, target) for f in (_median, _worst)]
        rows.append((setting, method, len(some), *spread))
    columns = ("slices", "alignment", "n", "rotation [degree]", "worst rotation", "target [mm]",
               "worst target")  # fmt: skip
    caption = (
        "Median and worst of n person-poses, each the mean of its two moved views: rotation error, "
        "and mean distance over the object's voxels."
    )
    return Table("poses", caption, columns, tuple(rows))


def by_subject(trials: Iterable[Trial]) -> dict[str, tuple[float, ...]]:
    """Return each person's mean over poses, people in order of name."""
    found = groups(trials, lambda t: t.subject)
    return {
        subject: tuple(_means(np.array([t.row.values for t in found[subject]])))
        for subject in sorted(found)
    }


def _against(
    other: dict[str, tuple[float, ...]] | None, ours: dict[str, tuple[float, ...]]
) -> tuple[float, float]:
    """Return the mean gain in DSC over another method, and p; NaN against itself."""
    if other is None or other == ours:
        return nan, nan
    both = sorted(other.keys() & ours.keys())
    pairs = [(ours[name][0], other[name][0]) for name in both]
    if not pairs:
        return nan, nan
    first, second = zip(*pairs, strict=True)
    return float(np.mean(np.subtract(first, second))), paired_p(first, second)


def _means(values: np.ndarray) -> list[float]:
    """Return the mean of every column, of what is finite."""
    return [float(c[np.isfinite(c)].mean()) if np.isfinite(c).any() else nan for c in values.T]


def _median(values: np.ndarray) -> float:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else nan


def _worst(values: np.ndarray) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else nan
