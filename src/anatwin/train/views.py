"""``anatwin train views``: segmentation and alignment of thick-slice views, trained together.

This module can be imported without torch, so that the command line starts at once.
"""

from dataclasses import dataclass
from pathlib import Path

from anatwin.acquire import ThickSlices
from anatwin.core import UsageError
from anatwin.train.labelled import CARD
from anatwin.train.segment import require_torch

_CONTRAST = 0.1


@dataclass(frozen=True, kw_only=True)
class TrainViews:
    """Train a segmentation and an alignment of thick-slice views on labelled volumes.

    Views of every person are simulated in random poses. Both networks are trained apart, then in
    turns, each with what the other says of two views (SuperMask, Gu et al. 2023). The segmentation
    is written as ONNX, for views of any direction.
    """

    volumes: Path
    """Folder of HDF5 files with image and label, or a dataset as for 'segment'."""

    out: Path
    """Folder for the views, the checkpoints, the logs, the network and its card."""

    distance_mm: float = 8.0
    """From slice to slice."""

    rotation_deg: float = 45.0
    """Largest turn of the person about each axis."""

    shift_mm: float = 30.0
    """Largest shift of the person along each axis."""

    poses: int = 3
    """Views of each direction of every person, each in its own pose."""

    steps: int = 1000
    """Training steps of the segmentation alone."""

    align_steps: int = 300
    """Training steps of the alignment alone."""

    together_steps: int = 60
    """Steps of each network when both are trained in turns."""

    spacing_mm: float = 1.0
    """Voxel edge of HDF5 files, which do not say it."""

    edge_mm: float = 192.0
    """Edge of the cube about the object that is scanned."""

    seed: int = 0
    """Of first weights and of what is drawn."""

    def __post_init__(self) -> None:
        for name in ("poses", "steps", "align_steps", "together_steps"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be 1 or more, got {getattr(self, name)}.")
        if not self.distance_mm > 0:
            raise UsageError(f"distance_mm must be above 0, got {self.distance_mm}.")

    def run(self) -> None:
        """Train, or go on where it stopped; write the segmentation network.

        Raises
        ------
        InputError
            If the folder shows fewer than two people.
        MissingPartError
            If torch is not installed.
        """
        from anatwin.train.subjects import read_subjects

        subjects = read_subjects(self.volumes, spacing_mm=self.spacing_mm)
        require_torch()
        from anatwin.train.card import write_views_card
        from anatwin.train.planned_export import write_planned
        from anatwin.train.thick_views import prepare_views
        from anatwin.train.views_loop import ViewsTraining, train_views
        from anatwin.train.views_plan import views_plan, views_recipe

        scan = ThickSlices(
            distance_mm=self.distance_mm,
            rotation_deg=self.rotation_deg,
            shift_mm=self.shift_mm,
            contrast=_CONTRAST,
        )
        home = self.out / "views"
        views = prepare_views(subjects, scan, home, poses=self.poses, edge_mm=self.edge_mm)
        plan = views_plan(self.distance_mm, edge_mm=self.edge_mm / 2, steps=self.steps)
        model, _ = train_views(
            ViewsTraining(
                views=views,
                plan=plan,
                out=self.out,
                align_steps=self.align_steps,
                together_steps=self.together_steps,
                seed=self.seed,
            )
        )
        write_planned(model.shape, model.state_dict(), views_recipe(plan), self.out)
        write_views_card(self, plan, len(subjects), self.out / CARD)
