"""``anatwin train reconstruct``: train a deep cascade on images or k-space.

This module can be imported without torch, so that the command line starts at once.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from anatwin.core import UsageError

if TYPE_CHECKING:
    from anatwin.train.cascade import CascadeShape
    from anatwin.train.cascade_loop import CascadeTraining


@dataclass(frozen=True, kw_only=True)
class TrainReconstruct:
    """Train a deep cascade of convolutional networks that reconstructs undersampled k-space.

    Slices of any images or fully sampled k-space are turned, cropped, given a random phase and
    undersampled anew in every step. Training resumes where it stopped when the output folder
    holds a checkpoint. It ends with cascade.onnx (to run) and cascade.safetensors (to continue
    from) in the output folder. Started by torchrun, its processes share the work.
    """

    images: tuple[Path, ...]
    """Images or fully sampled k-space: files, folders of NIfTI, HDF5 or BART files, or folders of
    DICOM files. One that is named twice is drawn twice as often."""

    out: Path
    """Folder for the checkpoint, the log and the network."""

    exclude: tuple[str, ...] = ()
    """Files to keep out: those whose path contains one of these."""

    watch: tuple[Path, ...] = ()
    """Images of other people, on which progress is measured meanwhile."""

    steps: int = 10000
    """Number of training steps, one batch each."""

    minutes: float | None = None
    """Training time after which to end, instead of a number of steps."""

    rate: float = 1e-3
    """Highest learning rate of Adam, reached after 100 steps; it falls along half a cosine."""

    loss: Literal["mse", "rmse", "decibels"] = "mse"
    """What is minimised: the mean squared error as published, or the mean over slices of its root
    or of its decibels, which count easy slices more."""

    cascades: int = 8
    """Number of networks, each followed by data consistency."""

    convolutions: int = 5
    """Convolutions of every network."""

    features: int = 32
    """Channels between convolutions of single pixels; blocks get more, at the same cost."""

    strides: tuple[int, ...] = (2, 1)
    """Edge of the blocks of pixels that become channels, for the networks in turn; with 1 alone,
    5 cascades and 64 features it is the published network."""

    neighbours: int = 0
    """Slices on either side whose samples are shared."""

    shared: bool = False
    """Whether all networks have the same weights."""

    consistency: Literal["trained", "fixed", "infinite"] = "trained"
    """Weight of the samples against the network: trained, fixed, or infinite."""

    weight: float = 10.0
    """That weight, or where its training starts."""

    pixels: int = 32768
    """Pixels of a batch."""

    start: Path | None = None
    """Weights to start from (cascade.safetensors), instead of random ones."""

    seed: int = 0
    """Seed of the first weights and of every batch."""

    threads: int = 1
    """Processor threads."""

    save_minutes: float = 3.0
    """Time between checkpoints."""

    def __post_init__(self) -> None:
        if self.steps < 1 or (self.minutes is not None and self.minutes <= 0):
            raise UsageError(
                f"A training needs a length, got steps {self.steps}, minutes {self.minutes}."
            )
        if min(self.cascades, self.features, self.pixels, *self.strides, len(self.strides)) < 1:
            raise UsageError("cascades, features, strides and pixels must be 1 or more.")
        if self.shared and len(set(self.strides)) > 1:
            raise UsageError(f"Networks that share weights need one stride, got {self.strides}.")
        if self.neighbours < 0:
            raise UsageError(f"neighbours must be 0 or more, got {self.neighbours}.")
        if self.convolutions < 2:
            raise UsageError(f"convolutions must be 2 or more, got {self.convolutions}.")
        if not self.weight > 0 or not self.rate > 0:
            raise UsageError(f"weight and rate must be above 0, got {self.weight} and {self.rate}.")

    def run(self) -> None:
        """Train, then write the network.

        Raises
        ------
        InputError
            If there is no image, or k-space is not fully sampled.
        MissingPartError
            If torch is not installed.
        """
        from anatwin.train.segment import require_torch

        require_torch()
        from anatwin.train.cascade_loop import start_or_resume_cascade, train_cascade
        from anatwin.train.processes import joined

        with joined() as first:
            training = self._training()
            state = start_or_resume_cascade(training, self.shape(), start=self.start)
            train_cascade(training, state)
            if first:
                # Not in the others: idle, onnxruntime now and then aborts when they exit.
                from anatwin.train.cascade_export import write_cascade

                write_cascade(state, self.out)

    def shape(self) -> "CascadeShape":
        """Return the size of the network."""
        from anatwin.train.cascade import CascadeShape

        return CascadeShape(
            cascades=self.cascades,
            convolutions=self.convolutions,
            features=self.features,
            strides=self.strides,
            neighbours=self.neighbours,
            shared=self.shared,
            consistency=self.consistency,
            weight=self.weight,
        )

    def _training(self) -> "CascadeTraining":
        """Return the training on images that are read now."""
        from anatwin.train.batches import Simulation
        from anatwin.train.cascade_loop import CascadeTraining
        from anatwin.train.images import read_stacks
        from anatwin.train.processes import device, is_quick_in_bfloat16
        from anatwin.train.schedule import Schedule

        where = device()
        return CascadeTraining(
            read_stacks(self.images, exclude=self.exclude),
            Schedule(steps=self.steps, minutes=self.minutes, rate=self.rate, warm_up=100),
            self.out,
            watched=read_stacks(self.watch) if self.watch else (),
            simulation=Simulation(pixels=self.pixels, consecutive=self.neighbours > 0),
            seed=self.seed,
            threads=self.threads,
            save_minutes=self.save_minutes,
            bfloat16=is_quick_in_bfloat16(where.type),
            loss=self.loss,
            device=where,
        )
