"""Masks from thick-slice views that do not line up: SuperMask's Tables 1, 2 and 4."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from anatwin.acquire import ThickSlices
from anatwin.align import GlobalRigid
from anatwin.core import Labels, UsageError, Volume, track
from anatwin.io.files import atomic_output
from anatwin.studies.findings import Findings
from anatwin.studies.supermask_tables import Trial, tables
from anatwin.studies.supermask_trial import WHOLE, Methods, Row, Truth, run_trial

if TYPE_CHECKING:
    from anatwin.train.planned_unet import PlannedUNet
    from anatwin.train.segment_plan import SegmentPlan
    from anatwin.train.subjects import Subject
    from anatwin.train.thick_views import Example

_ROTATION_DEG, _SHIFT_MM, _CONTRAST = 45.0, 30.0, 0.1

_REMARKS = (
    "The paper's vote keeps what all views see (its small US and large OS say so): it stands "
    "beside unanimity here; a true majority is a row of its own.",
    "The paper's numbers are of other hearts, 15 to train on and 5 to test, and of networks "
    "trained for 100 epochs on graphics cards. Compare gains and order, not levels.",
    "The baselines' registration follows the paper's description: correlation, gradient descent, "
    "1e-6; it runs on voxels of 2 mm here.",
)


@dataclass(frozen=True, kw_only=True)
class Supermask:
    """Masks from thick-slice views that do not line up, beside every baseline.

    Views of every person are simulated: axial, coronal and sagittal, the person turned by up to
    45 degrees about each axis and shifted by up to 30 mm along each between them. Methods are
    trained on the views of other people alone (needs the extras 'train' and 'align') and compared
    on those of the people kept out, each fold in turn, with the 1 mm mask as truth.
    """

    distances_mm: tuple[float, ...] = (16.0, 8.0)
    """From slice to slice."""
    folds: int = 2
    """Parts of the people that are kept out in turn."""
    poses: int = 1
    """Poses in which every person kept out is seen."""
    views: int = 3
    """Views of each direction, each in its own pose, that are trained on."""
    steps: int = 1000
    """Training steps of a segmentation."""
    align_steps: int = 300
    """Training steps of the alignment alone."""
    together_steps: int = 60
    """Steps of each when both are trained in turns."""
    spacing_mm: float = 0.625
    """Voxel edge of HDF5 files, which do not say it."""
    edge_mm: float = 192.0
    """Edge of the cube about the object that is scanned."""
    align: GlobalRigid = field(default_factory=GlobalRigid)
    """How our views are aligned."""
    keep: Path | None = None
    """Folder for views, networks and outcomes, so that an interrupted study goes on there."""
    seed: int = 0
    """Of folds, weights and poses."""

    def __post_init__(self) -> None:
        if not self.distances_mm or min(self.distances_mm) <= 2:
            raise UsageError(f"Slices must be more than 2 mm apart, got {self.distances_mm}.")
        for name in ("poses", "views", "steps", "align_steps", "together_steps"):
            if getattr(self, name) < 1:
                raise UsageError(f"Supermask.{name} must be 1 or more, got {getattr(self, name)}.")
        if self.folds < 2:
            raise UsageError(f"Supermask.folds must be 2 or more, got {self.folds}.")

    def __call__(self, inputs: tuple[Path, ...]) -> Findings:
        """Train and compare on one folder of people.

        Raises
        ------
        InputError
            If the folder shows too few people.
        MissingPartError
            If torch or SimpleITK is not installed.
        """
        from anatwin.train.segment import require_torch

        require_torch()
        from anatwin.train.subjects import read_subjects

        if len(inputs) != 1:
            raise UsageError(f"Supermask takes one folder of people, got {len(inputs)}.")
        subjects = read_subjects(inputs[0], spacing_mm=self.spacing_mm)
        with tempfile.TemporaryDirectory() as folder:
            work = _Work(self, subjects, self.keep or Path(folder))
            trials = list(work.trials())
        basis = (
            f"Simulated views of {inputs[0].name}: {len(subjects)} people, {self.folds} folds, "
            f"{self.poses} poses each"
        )
        trained = (
            f"Each network was trained on {len(subjects) - len(subjects) // self.folds} people or "
            f"fewer: the segmentation for {self.steps} steps, the alignment for "
            f"{self.align_steps}, and both in turns for {self.together_steps}."
        )
        return Findings(
            "Masks from views that do not line up", basis, (*_REMARKS, trained),
            tables(trials, basis),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Work:
    """A study under way."""

    study: Supermask
    subjects: "Sequence[Subject]"
    home: Path

    def trials(self) -> Iterator[Trial]:
        """Train and compare, setting by setting and fold by fold; what is kept is used again."""
        from anatwin.train.prepared import split

        names = [subject.name for subject in self.subjects]
        folds = split(names, self.study.folds, seed=self.study.seed)
        for distance in self.study.distances_mm:
            for n, held in enumerate(folds):
                yield from self._fold_of_views(distance, n, held)
        for n, held in enumerate(folds):
            yield from self._fold_of_wholes(n, held)

    def _fold_of_views(self, distance: float, fold: int, held: Sequence[str]) -> Iterator[Trial]:
        setting = f"{distance:g} mm"
        jobs = [(name, pose) for name in held for pose in range(self.study.poses)]
        if not all(self._outcome(setting, *job).exists() for job in jobs):
            methods = self._methods(distance, fold, held)
            for name, pose in track(jobs, f"views, {setting}, fold {fold + 1}"):
                if not self._outcome(setting, name, pose).exists():
                    image, labels = self._truth(name)
                    truth = Truth.of(image, labels)
                    seed = 10**6 + 1000 * pose + self._number(name)
                    rows = run_trial(image, truth, methods, self._scan(distance), seed)
                    self._keep(rows, self._outcome(setting, name, pose))
        for name, pose in jobs:
            rows = _rows(self._outcome(setting, name, pose))
            yield from (Trial(setting, name, pose, row) for row in rows)

    def _fold_of_wholes(self, fold: int, held: Sequence[str]) -> Iterator[Trial]:
        """Yield the upper bound: a network trained and tested at high resolution."""
        if not all(self._outcome("whole", name, 0).exists() for name in held):
            model = self._whole_network(fold, held)
            for name in track(held, f"high resolution, fold {fold + 1}"):
                self._try_whole(name, model)
        for name in held:
            for row in _rows(self._outcome("whole", name, 0)):
                yield Trial("whole", name, 0, row)

    def _try_whole(self, name: str, model: "PlannedUNet") -> None:
        from anatwin.train.views_apply import labelled

        image, labels = self._truth(name)
        truth = Truth.of(image, labels)
        found = labelled(model, image)
        mask = Labels(found.data[truth.box], truth.grid, found.table)
        row = Row("masks", WHOLE, truth.errors(mask))
        self._keep([row], self._outcome("whole", name, 0))

    def _methods(self, distance: float, fold: int, held: Sequence[str]) -> Methods:
        """Return a fold's networks, trained now or before, and the rest."""
        from anatwin.train.thick_views import prepare_views
        from anatwin.train.views_loop import SEGMENT, ViewsTraining, load_segmentor, train_views

        study = self.study
        views = prepare_views(
            self.subjects, self._scan(distance), self.home / f"views_{distance:g}mm",
            poses=study.views, edge_mm=study.edge_mm,
        )  # fmt: skip
        plan = self._plan(distance)
        training = ViewsTraining(
            views=_others(views, held),
            plan=plan,
            out=self.home / f"networks_{distance:g}mm" / str(fold),
            align_steps=study.align_steps,
            together_steps=study.together_steps,
            seed=study.seed,
        )
        together, align = train_views(training)
        alone = load_segmentor(plan, training.out / SEGMENT)
        return Methods(alone, together, align, study.align)

    def _whole_network(self, fold: int, held: Sequence[str]) -> "PlannedUNet":
        from anatwin.train.thick_views import prepare_whole
        from anatwin.train.views_loop import load_segmentor, train_segmentation

        views = prepare_whole(self.subjects, self.home / "whole", edge_mm=self.study.edge_mm)
        chosen = [view for some in _others(views, held).values() for view in some]
        plan, home = self._plan(1.0), self.home / "networks_whole" / str(fold)
        train_segmentation(chosen, plan, home, seed=self.study.seed)
        return load_segmentor(plan, home)

    def _plan(self, distance: float) -> "SegmentPlan":
        from anatwin.train.views_plan import views_plan

        return views_plan(distance, edge_mm=self.study.edge_mm / 2, steps=self.study.steps)

    def _scan(self, distance: float) -> ThickSlices:
        return ThickSlices(
            distance_mm=distance, rotation_deg=_ROTATION_DEG, shift_mm=_SHIFT_MM, contrast=_CONTRAST
        )

    def _truth(self, name: str) -> tuple[Volume, Labels]:
        """Return a person's image and mask at 1 mm."""
        from anatwin.train.thick_views import at_rest

        seen = at_rest(*self.subjects[self._number(name)].in_cube(self.study.edge_mm))
        return seen.volume, seen.labels

    def _number(self, name: str) -> int:
        return [subject.name for subject in self.subjects].index(name)

    def _outcome(self, setting: str, name: str, pose: int) -> Path:
        return self.home / "outcomes" / f"{setting.replace(' ', '')}_{name}_{pose}.json"

    def _keep(self, rows: Sequence[Row], path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_output(path) as made:
            made.write_text(json.dumps([asdict(row) for row in rows]), encoding="utf-8")


def _rows(path: Path) -> list[Row]:
    """Return outcomes that were kept."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return [
        Row(row["table"], row["method"], tuple(np.asarray(row["values"], float))) for row in stored
    ]


def _others(
    views: "Mapping[str, Sequence[Example]]", held: Sequence[str]
) -> "dict[str, Sequence[Example]]":
    return {name: some for name, some in views.items() if name not in held}
