"""``anatwin train``."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from anatwin.commands.options import Input, Output
from anatwin.commands.terminal import progress, say
from anatwin.train.atlas import ATLAS, TrainAtlas
from anatwin.train.enhance import TrainEnhance
from anatwin.train.labelled import CARD, TrainLabelled
from anatwin.train.nnunet import TrainNnunet
from anatwin.train.reconstruct import TrainReconstruct
from anatwin.train.segment import TrainSegment
from anatwin.train.views import TrainViews


@dataclass(frozen=True, kw_only=True)
class SegmentTraining(TrainLabelled):
    """Train networks on a labelled folder of your own (needs the extra 'train').

    The folder is nnU-Net's raw layout or the Medical Segmentation Decathlon's, read as it is. The
    plan follows from the data and is written to plan.json. Each of five folds is kept out in turn
    and labelled by the network that did not see it. Training goes on where it stopped.

    For example:

    anatwin train segment Dataset004_Hippocampus -o model

    anatwin segment image.nii.gz -o labels.nii.gz method:trained-network --method.model model
    """

    dataset: Input
    """Folder with dataset.json, imagesTr and labelsTr: nnU-Net's raw layout or the Medical
    Segmentation Decathlon's."""

    out: Output
    """Folder for the plan, the networks, their Dice on cases they never saw, and the card."""

    def run(self) -> None:  # type: ignore[override]
        """Train and test, showing how far it is."""
        with progress():
            table = super().run()
        say(table)
        say(f"Wrote {self.out / CARD}, dice.csv and a network for each fold")


@dataclass(frozen=True, kw_only=True)
class NnunetTraining(TrainNnunet):
    """Train nnU-Net itself on a labelled folder (needs nnunetv2, here or on the PATH).

    The folder is what 'anatwin train segment' takes. nnU-Net plans, preprocesses and trains in its
    own processes and prints what it does; started again, it goes on where it stopped.

    For example:

    anatwin train nnunet Dataset004_Hippocampus -o nnunet --folds 0

    anatwin segment image.nii.gz -o labels.nii.gz method:nnunet --method.model MODEL
    """

    dataset: Input
    """Folder with dataset.json, imagesTr and labelsTr: nnU-Net's raw layout or the Medical
    Segmentation Decathlon's."""

    out: Output
    """Folder for nnU-Net's raw, preprocessed and results."""

    def run(self) -> None:  # type: ignore[override]
        """Train, then name the model."""
        say(f"Wrote {super().run()}")


@dataclass(frozen=True, kw_only=True)
class HeadTraining(TrainSegment):
    """Train the head network on label maps alone (needs the extra 'train').

    Images are synthesised while training goes on. It resumes where it stopped when the output
    folder holds a checkpoint, and ends with head.onnx there, to run and to continue from
    (craniofacial.onnx with regions, overview.onnx with overview).

    For example:  anatwin train head --labels maps -o out --minutes 60
    """

    out: Output
    """Folder for the checkpoint, the log and the network."""

    def run(self) -> None:
        """Train, showing how far it is."""
        with progress():
            super().run()
        say(f"Wrote {self.out / self.network}.onnx")


@dataclass(frozen=True, kw_only=True)
class AtlasTraining(TrainAtlas):
    """Average completed label maps of several people into the atlas of the head.

    For example:  anatwin train atlas --labels maps --regions completed -o out
    """

    out: Output
    """Folder for the prepared maps and head_atlas.npz."""

    def run(self) -> None:
        """Average, showing how far it is."""
        with progress():
            super().run()
        say(f"Wrote {self.out / ATLAS}")


@dataclass(frozen=True, kw_only=True)
class ReconstructTraining(TrainReconstruct):
    """Train a deep cascade on images or k-space (needs the extra 'train').

    Slices are turned, cropped, given a random phase and undersampled anew in every step. It
    resumes where it stopped when the output folder holds a checkpoint, and ends with
    cascade.onnx and cascade.safetensors there. Processes started by torchrun share the work.

    For example:  anatwin train reconstruct --images folder -o out --minutes 60
    """

    out: Output
    """Folder for the checkpoint, the log and the network."""

    def run(self) -> None:
        """Train, showing how far it is."""
        with progress():
            super().run()
        say(f"Wrote {self.out / 'cascade.onnx'} and cascade.safetensors")


@dataclass(frozen=True, kw_only=True)
class ViewsTraining(TrainViews):
    """Train segmentation and alignment of thick-slice views together (needs the extra 'train').

    Views of labelled volumes are simulated in random poses. Both networks are trained apart, then
    in turns. It resumes where it stopped, and ends with the segmentation as network.onnx.

    For example:

    anatwin train views volumes/ -o out --distance-mm 16

    anatwin fuse axial.nii.gz coronal.nii.gz -o CASE segment:trained-network --segment.model out
    """

    volumes: Input
    """Folder of HDF5 files with image and label, or a dataset as for 'segment'."""

    out: Output
    """Folder for the views, the checkpoints, the logs, the network and its card."""

    def run(self) -> None:
        """Train, showing how far it is."""
        with progress():
            super().run()
        say(f"Wrote {self.out / 'network.onnx'}, network.safetensors and {CARD}")


@dataclass(frozen=True, kw_only=True)
class EnhanceTraining(TrainEnhance):
    """Train a network that enhances coarse images of loaded bone (needs the extra 'train').

    Learns from invented femora whose trabeculae are grown first, minutes each, and kept in a
    folder. It resumes where it stopped when the output folder holds a checkpoint, and ends with
    enhance.onnx and enhance.safetensors there.

    For example:  anatwin train enhance --femora grown -o out --minutes 60
    """

    out: Output
    """Folder for the checkpoint, the log and the network."""

    def run(self) -> None:
        """Train, showing how far it is."""
        with progress():
            super().run()
        say(f"Wrote {self.out / 'enhance.onnx'} and enhance.safetensors")


@dataclass(frozen=True)
class Train:
    """Train a network: segment, nnunet, head, atlas, reconstruct, views or enhance.

    Most need the extra 'train'.

    For example:

    anatwin train segment DATASET -o out

    anatwin train nnunet DATASET -o out

    anatwin train head --labels maps -o out --minutes 60

    anatwin train atlas --labels maps --regions completed -o out

    anatwin train reconstruct --images folder -o out --minutes 60

    anatwin train views volumes/ -o out

    anatwin train enhance --femora grown -o out --minutes 60
    """

    what: tyro.conf.OmitArgPrefixes[
        Annotated[SegmentTraining, tyro.conf.subcommand("segment", prefix_name=False)]
        | Annotated[NnunetTraining, tyro.conf.subcommand("nnunet", prefix_name=False)]
        | Annotated[HeadTraining, tyro.conf.subcommand("head", prefix_name=False)]
        | Annotated[AtlasTraining, tyro.conf.subcommand("atlas", prefix_name=False)]
        | Annotated[ReconstructTraining, tyro.conf.subcommand("reconstruct", prefix_name=False)]
        | Annotated[ViewsTraining, tyro.conf.subcommand("views", prefix_name=False)]
        | Annotated[EnhanceTraining, tyro.conf.subcommand("enhance", prefix_name=False)]
    ]
    """What to train."""

    def run(self) -> None:
        """Train, showing how far it is."""
        self.what.run()
