"""``anatwin train``."""

from dataclasses import dataclass
from typing import Literal

import tyro

from anatwin.commands.options import Output
from anatwin.commands.terminal import progress, say
from anatwin.train.segment import TrainSegment


@dataclass(frozen=True, kw_only=True)
class Train(TrainSegment):
    """Train a network on label maps alone (needs the extra 'train').

    Images are synthesised while training goes on. It resumes where it stopped when the output
    folder holds a checkpoint, and ends with head.onnx and head.safetensors there.

    For example:  anatwin train segment --labels maps -o out --minutes 60
    """

    what: tyro.conf.Positional[Literal["segment"]]
    """What to train."""

    out: Output
    """Folder for the checkpoint, the log and the network."""

    def run(self) -> None:
        """Train, showing how far it is."""
        with progress():
            super().run()
        say(f"Wrote {self.out / 'head.onnx'} and head.safetensors")
