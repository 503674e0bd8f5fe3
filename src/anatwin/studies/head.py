"""Whole-head labels beside the truth: the head-twin paper's Table 4."""

from dataclasses import dataclass, field
from math import nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, Labels, LabelTable, UsageError, Volume, anatomy_table, track
from anatwin.io.nifti import read_labels
from anatwin.measure import distances, mean_interval
from anatwin.segment import SegmentMethod, WholeHead
from anatwin.studies.findings import Cell, Findings, Table
from anatwin.studies.slices import read_volumes

_VERTEBRAE = tuple(f"vertebra_c{n}" for n in range(1, 8))
_DISCS = tuple(f"disc_c{n}_c{n + 1}" for n in range(2, 7))

PAPER_CLASSES: dict[str, tuple[tuple[str, ...], float]] = {
    "temporalis muscle": (("temporalis_left", "temporalis_right"), 0.8547),
    "masseter muscle": (("masseter_left", "masseter_right"), 0.9699),
    "medial pterygoid muscle": (("medial_pterygoid_left", "medial_pterygoid_right"), 0.9018),
    "lateral pterygoid muscle": (("lateral_pterygoid_left", "lateral_pterygoid_right"), 0.9779),
    "eyeballs": (("eye_left", "eye_right"), 0.8969),
    "skull": (("skull",), 0.9698),
    "mandible": (("mandible",), 0.9641),
    "articular discs (TMJ)": (("tmj_disc_left", "tmj_disc_right"), 0.8314),
    "upper airway": (("upper_airway",), 0.9083),
    "vertebrae": (_VERTEBRAE, 0.8788),
    "articular discs (cervical)": (_DISCS, 0.8570),
    "spinal cord": (("spinal_cord",), 0.9573),
}
"""The paper's classes: structures of the anatomy table, and the Dice that the paper printed."""

_REMARKS = (
    "The paper's Dice are its own, on its own test scans at 5 T and against its own annotators: "
    "they stand beside ours as a scale, not as a comparison on the same data.",
    "A class that the truth does not show is left out of that scan; one that is there and was not "
    "found counts as 0.",
)


@dataclass(frozen=True, kw_only=True)
class Head:
    """Whole-head labels beside the truth, in the twelve classes of the head-twin paper.

    The folder holds images/NAME.nii.gz and labels/NAME.nii.gz, the labels in the numbers of the
    anatomy table.
    """

    method: SegmentMethod = field(default_factory=WholeHead)
    """How scans are labelled."""
    tolerance_mm: float = 1.0
    """How far apart surfaces may lie and still agree [mm]."""

    def __call__(self, inputs: tuple[Path, ...]) -> Findings:
        """Label every scan and compare.

        Raises
        ------
        UsageError
            If there is not exactly one folder.
        InputError
            If the folder holds no scan with labels.
        """
        if len(inputs) != 1:
            raise UsageError(f"Head needs one folder with images and labels, got {len(inputs)}.")
        pairs = _pairs(inputs[0])
        scans = [self._scan(image, labels) for image, labels in track(pairs, "scans")]
        return Findings(
            "Whole-head labels beside the truth",
            f"labels of {inputs[0].name}",
            _REMARKS,
            (self._classes(scans), _sides(scans)),
        )

    def _scan(self, image: Path, labels: Path) -> "_Scan":
        """Return what was found in one scan, and what is there."""
        (volume,) = read_volumes((image,))
        truth = read_labels(labels, anatomy_table())
        truth.grid.require_match(volume.grid, f"The labels {labels.name} and their image")
        return _Scan(image.name, volume, self.method(volume), truth)

    def _classes(self, scans: list["_Scan"]) -> Table:
        """Return one row per class of the paper, and their mean."""
        rows: list[tuple[Cell, ...]] = []
        found = {
            name: [self._compare(s, names) for s in scans]
            for name, (names, _) in PAPER_CLASSES.items()
        }
        for name, (_, printed) in PAPER_CLASSES.items():
            values = np.array([row for row in found[name] if row is not None]).reshape(-1, 3)
            dice = mean_interval(values[:, 0].tolist())
            rows.append((name, len(values), *dice, *_means(values[:, 1:]), printed))
        every = np.array([[np.nan if r is None else r[0] for r in f] for f in found.values()])
        means = np.nanmean(every, axis=0).tolist() if np.isfinite(every).any() else []
        printed_mean = float(np.mean([printed for _, (_, printed) in PAPER_CLASSES.items()]))
        rows.append(("mean of classes", len(means), *mean_interval(means), nan, nan, printed_mean))
        columns = ("class", "n", "Dice", "low", "high", "HD95 [mm]", "NSD", "paper's Dice")
        caption = (
            "Dice per class, both sides as one, mean over the scans that show it with its 95 % "
            "confidence interval (Student's t, scans as the unit); HD95 the larger of both "
            f"directions, NSD at {self.tolerance_mm:g} mm, boundary voxels, where both are there."
        )
        return Table("classes", caption, columns, tuple(rows))

    def _compare(self, scan: "_Scan", names: tuple[str, ...]) -> tuple[float, ...] | None:
        """Return Dice, HD95 [mm] and NSD of a class, or None where the truth has none."""
        mask, truth = (labels.mask(*names) for labels in (scan.labels, scan.truth))
        if not truth.any():
            return None
        dice = 2.0 * float((mask & truth).sum()) / float(mask.sum() + truth.sum())
        hd95, _, nsd = distances(
            mask, truth, scan.volume.grid, structure="", tolerance_mm=self.tolerance_mm
        )
        return dice, hd95.value, nsd.value


@dataclass(frozen=True, eq=False, slots=True)
class _Scan:
    """A scan, what was found in it, and what is there."""

    name: str
    volume: Volume
    labels: Labels
    truth: Labels


def _means(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the mean of every column, NaN entries left out."""
    finite = [column[np.isfinite(column)] for column in values.T]
    return tuple(float(column.mean()) if column.size else nan for column in finite)


def _sides(scans: list[_Scan]) -> Table:
    """Return how much of every left structure was called right, and the reverse."""
    rows: list[tuple[Cell, ...]] = []
    total = 0
    for scan in scans:
        for label in scan.truth.table.labels:
            if label.mirror == label.index or not _has(scan.labels.table, label.name):
                continue
            truth = scan.truth.data == label.index
            partner = scan.truth.table[label.mirror].name
            swapped = scan.labels.mask(partner) & truth
            if truth.any():
                wrong = int(swapped.sum())
                rows.append((scan.name, label.name, int(truth.sum()), wrong))
                total += wrong
    caption = f"Voxels of a structure that were given to its partner on the other side: {total}."
    columns = ("scan", "structure", "voxels", "on the wrong side")
    return Table("sides", caption, columns, tuple(rows))


def _has(table: LabelTable, name: str) -> bool:
    return any(label.name == name for label in table.labels)


def _pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Return the scans of a folder with their labels.

    Raises
    ------
    InputError
        If there is none, or a scan has no labels.
    """
    images = sorted(p for end in ("*.nii", "*.nii.gz") for p in (folder / "images").glob(end))
    if not images:
        raise InputError(f"{folder} must hold images/NAME.nii.gz and labels/NAME.nii.gz, got none.")
    lonely = [path.name for path in images if not (folder / "labels" / path.name).is_file()]
    if lonely:
        raise InputError(f"{folder / 'labels'} must hold a file for every image, not {lonely[0]}.")
    return [(path, folder / "labels" / path.name) for path in images]
