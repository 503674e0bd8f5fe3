"""Label a scan with a model that nnU-Net trained."""

import json
from dataclasses import dataclass
from pathlib import Path

from anatwin.core import InputError, Labels, LabelTable, UsageError, Volume
from anatwin.nets import Device
from anatwin.nets.nnunet import Arguments

AXES = "axes"
"""Entry of a model's dataset.json that says how its training images were stored."""

_ABOUT = "dataset.json"
_CHECKPOINT = "checkpoint_final.pth"


@dataclass(frozen=True, kw_only=True)
class Nnunet:
    """Label a scan with a model that nnU-Net v2 trained, by nnU-Net itself (pip install nnunetv2).

    nnU-Net runs in a process of its own and may be installed in another environment that is on
    the PATH (Isensee et al. 2021, doi:10.1038/s41592-020-01008-z).
    """

    model: Path
    """Folder of the trained model: dataset.json, plans.json and fold_0, fold_1 and so on. Its
    checkpoints can run code: take them only from people you trust."""

    others: tuple[Path, ...] = ()
    """Images of the same person on the same grid, where the model needs several: the scan is
    the first channel, these are the others, in the order of the training."""

    axes: str = ""
    """Order in which the model's training images were stored, such as RAS or LPS: nnU-Net knows
    left and right by the order of voxels alone. Empty for what 'anatwin train nnunet' noted, or
    else the scan's own order."""

    mirror: bool = True
    """Label mirror images too and average, as nnU-Net does where the training mirrored."""

    device: Device = "auto"
    """Where nnU-Net runs; auto takes a graphics card where there is one."""

    def __post_init__(self) -> None:
        pairs = sorted("RLAPSI".find(code) // 2 for code in self.axes)
        if self.axes and pairs != [0, 1, 2]:
            raise UsageError(f"axes must be three letters such as RAS or LPS, got {self.axes!r}.")

    def files(self) -> tuple[Path, ...]:
        """Return the files that the labels depend on, besides the scan.

        Raises
        ------
        InputError
            If the folder is not a trained model.
        """
        model = Path(self.model)
        folds = sorted(model.glob(f"fold_*/{_CHECKPOINT}"))
        if not folds or not (model / _ABOUT).is_file():
            raise InputError(
                f"{model} must be the folder of a trained nnU-Net model, with {_ABOUT} and "
                f"fold_0/{_CHECKPOINT}."
            )
        return (model / _ABOUT, model / "plans.json", *folds, *(Path(x) for x in self.others))

    def __call__(self, volume: Volume) -> Labels:
        """Return the labels of ``volume`` on its own grid."""
        from tempfile import TemporaryDirectory

        from anatwin.io.nifti import read_labels, read_volume, write_volume
        from anatwin.io.orientation import reoriented
        from anatwin.nets.nnunet import nnunet_device, run_nnunet

        files = self.files()
        about = _About.read(files[0])
        channels = [volume, *(read_volume(Path(path)) for path in self.others)]
        about.require(len(channels))
        own = volume.grid.axis_codes()
        with TemporaryDirectory(prefix="anatwin-nnunet-") as folder:
            images, found = Path(folder, "images"), Path(folder, "labels")
            images.mkdir()
            for number, channel in enumerate(channels):
                volume.grid.require_match(channel.grid, "All channels")
                turned = reoriented(channel.magnitude(), self.axes or about.axes or own)
                write_volume(turned, images / f"scan_{number:04d}{about.ending}")
            folds = [p.parent.name.removeprefix("fold_") for p in files if p.name == _CHECKPOINT]
            arguments: Arguments = ["-i", images, "-o", found, "-m", Path(self.model), "-f", *folds]
            arguments += ["-npp", 1, "-nps", 1, "-device", nnunet_device(self.device)]
            arguments += [] if self.mirror else ["--disable_tta"]
            run_nnunet("predict_from_modelfolder", *arguments, quiet=True)
            labels = read_labels(found / f"scan{about.ending}", about.table)
        back = reoriented(Volume(labels.data, labels.grid), own)
        return Labels(back.data, volume.grid, about.table)


@dataclass(frozen=True, slots=True)
class _About:
    """What a model says of itself."""

    path: Path
    table: LabelTable
    n_channels: int
    ending: str
    axes: str

    @classmethod
    def read(cls, path: Path) -> "_About":
        from anatwin.io.files import read_text
        from anatwin.io.tables import numbered_table

        try:
            about = json.loads(read_text(path))
            ending, axes = str(about["file_ending"]), str(about.get(AXES, ""))
            table = numbered_table(about["labels"])
            found = cls(path, table, len(about["channel_names"]), ending, axes)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path} is not nnU-Net's description ({error!r}).") from error
        if ending not in (".nii", ".nii.gz"):
            raise InputError(f"{path}: files must be .nii or .nii.gz, got {ending!r}.")
        return found

    def require(self, n_images: int) -> None:
        """Raise an InputError unless there are as many images as the model needs."""
        if n_images != self.n_channels:
            raise InputError(
                f"{self.path}: the model needs {self.n_channels} images, got {n_images}; "
                "name the further ones with others."
            )
