"""``anatwin train nnunet``: nnU-Net itself, on the same labelled folders, in its own process."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from anatwin.core import Labels, UsageError, Volume
from anatwin.nets import Device
from anatwin.nets.nnunet import Arguments
from anatwin.segment.nnunet import AXES

if TYPE_CHECKING:
    from anatwin.train.dataset import Dataset

_PLANS = "nnUNetPlans"
_STORED = "RAS"


@dataclass(frozen=True, kw_only=True)
class TrainNnunet:
    """Train nnU-Net v2 on labelled images.

    The folder is exported to nnU-Net's own layout, all images in one order of axes, then planned,
    preprocessed and trained by nnU-Net's commands, fold by fold, going on where it stopped.
    """

    dataset: Path
    """Folder with dataset.json, imagesTr and labelsTr: nnU-Net's raw layout or the Medical
    Segmentation Decathlon's."""

    out: Path
    """Folder for nnU-Net's raw, preprocessed and results."""

    configuration: Literal["3d_fullres", "3d_lowres", "2d"] = "3d_fullres"
    """Which of nnU-Net's networks."""

    folds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Folds of its cross-validation to train, in turn."""

    trainer: str = "nnUNetTrainer"
    """Its trainer: 1000 epochs; nnUNetTrainer_100epochs and others are shorter."""

    device: Device = "auto"
    """Where it trains; days on a processor. auto takes a graphics card where there is one."""

    processes: int = 2
    """Processes that it may start beside its own."""

    def __post_init__(self) -> None:
        if not self.folds or not set(self.folds) <= set(range(5)):
            raise UsageError(f"folds must be some of 0 to 4, got {self.folds}.")
        if self.processes < 1:
            raise UsageError(f"processes must be at least 1, got {self.processes}.")

    def run(self) -> Path:
        """Train; return the folder of the model, for ``method:nnunet``.

        Raises
        ------
        InputError
            If the dataset cannot be used, or nnU-Net fails.
        MissingPartError
            If nnU-Net is not installed.
        """
        from anatwin.nets.nnunet import nnunet_device, run_nnunet

        name = self.plan()
        model = self.out / "results" / name / f"{self.trainer}__{_PLANS}__{self.configuration}"
        for fold in self.folds:
            home = model / f"fold_{fold}"
            if (home / "checkpoint_final.pth").exists():
                continue
            how: Arguments = ["-tr", self.trainer, "-device", nnunet_device(self.device)]
            how += ["--c"] if (home / "checkpoint_latest.pth").exists() else []
            arguments: Arguments = [1, self.configuration, fold, *how]
            run_nnunet("train", *arguments, home=self.out, processes=self.processes)
        return model

    def plan(self) -> str:
        """Export, plan and preprocess, unless that is done; return nnU-Net's name of the dataset.

        Its plan may be changed before the training, in preprocessed/NAME/nnUNetPlans.json.
        """
        from anatwin.nets.nnunet import run_nnunet
        from anatwin.train.dataset import read_dataset

        dataset = read_dataset(self.dataset)
        name = "Dataset001_" + (re.sub(r"\W+", "", self.dataset.resolve().name) or "case")
        export(dataset, self.out / "raw" / name)
        home = self.out / "preprocessed" / name
        if not (home / f"{_PLANS}_{self.configuration}").exists():
            n = self.processes
            jobs: Arguments = ["-np", n, "-npfp", n]
            which: Arguments = ["-d", 1, "-c", self.configuration, "--verify_dataset_integrity"]
            run_nnunet("plan_and_preprocess", *which, *jobs, home=self.out, processes=n)
        return name


def export(dataset: "Dataset", folder: Path) -> None:
    """Write a dataset in nnU-Net's raw layout, all in RAS order; what lies there already stays.

    nnU-Net knows left and right by the order of voxels alone.

    Parameters
    ----------
    dataset
        What to export.
    folder
        ``DatasetNNN_NAME`` in nnU-Net's raw folder.
    """
    from anatwin.io.nifti import read_labels, read_volume, write_labels, write_volume
    from anatwin.io.orientation import reoriented

    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for case in dataset.cases:
        for number, (path, frame) in enumerate(case.images):
            target = folder / "imagesTr" / f"{case.name}_{number:04d}.nii.gz"
            if not target.exists() and not _linked(path, frame, target):
                write_volume(reoriented(read_volume(path, frame=frame), _STORED), target)
        target = folder / "labelsTr" / f"{case.name}.nii.gz"
        if not target.exists() and not _linked(case.labels, None, target):
            labels = read_labels(case.labels, dataset.table)
            turned = reoriented(Volume(labels.data, labels.grid), _STORED)
            write_labels(Labels(turned.data, turned.grid, dataset.table), target)
    about = {
        "channel_names": {str(n): name for n, name in enumerate(dataset.channels)},
        "labels": {"background": 0} | {x.name: x.index for x in dataset.table.labels},
        "numTraining": len(dataset.cases),
        "file_ending": ".nii.gz",
        AXES: _STORED,
    }
    (folder / "dataset.json").write_text(json.dumps(about, indent=2), encoding="utf-8")


def _linked(path: Path, frame: int | None, target: Path) -> bool:
    """Link a file that nnU-Net can take as it is; tell whether it was one."""
    import nibabel as nib

    from anatwin.pipeline import link_file

    if frame is not None or not path.name.endswith(".nii.gz"):
        return False
    image: Any = nib.load(path)
    if "".join(nib.aff2axcodes(image.affine)) != _STORED:  # type: ignore[no-untyped-call]
        return False
    link_file(path, target)
    return True
