"""``anatwin train``."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from anatwin.commands.options import Output
from anatwin.commands.terminal import progress, say
from anatwin.train.reconstruct import TrainReconstruct
from anatwin.train.segment import TrainSegment


@dataclass(frozen=True, kw_only=True)
class SegmentTraining(TrainSegment):
    """Train a network on label maps alone (needs the extra 'train').

    Images are synthesised while training goes on. It resumes where it stopped when the output
    folder holds a checkpoint, and ends with head.onnx and head.safetensors there.

    For example:  anatwin train segment --labels maps -o out --minutes 60
    """

    out: Output
    """Folder for the checkpoint, the log and the network."""

    def run(self) -> None:
        """Train, showing how far it is."""
        with progress():
            super().run()
        say(f"Wrote {self.out / 'head.onnx'} and head.safetensors")


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


@dataclass(frozen=True)
class Train:
    """Train a network: segment or reconstruct (needs the extra 'train').

    For example:

    anatwin train segment --labels maps -o out --minutes 60

    anatwin train reconstruct --images folder -o out --minutes 60
    """

    what: tyro.conf.OmitArgPrefixes[
        Annotated[SegmentTraining, tyro.conf.subcommand("segment", prefix_name=False)]
        | Annotated[ReconstructTraining, tyro.conf.subcommand("reconstruct", prefix_name=False)]
    ]
    """What to train."""

    def run(self) -> None:
        """Train, showing how far it is."""
        self.what.run()
