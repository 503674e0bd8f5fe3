"""``anatwin train enhance``: train a network that turns coarse images of bone into fine ones.

This module can be imported without torch, so that the command line starts at once.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from anatwin.core import UsageError, track

if TYPE_CHECKING:
    from anatwin.train.enhance_data import Example
    from anatwin.train.enhance_loop import EnhanceTraining

PATCH = 8
"""Blocks along the edge of the patches of the published networks."""


@dataclass(frozen=True, kw_only=True)
class TrainEnhance:
    """Train a network that enhances coarse images of loaded bone ten-fold.

    Learns from femora that are grown first, minutes each, and kept in a folder. Training resumes
    where it stopped when the output folder holds a checkpoint. It ends with enhance.onnx (to run)
    and enhance.safetensors (the weights) in the output folder.
    """

    out: Path
    """Folder for the checkpoint, the log and the network."""

    femora: Path
    """Folder of grown femora; those that are not there are grown and added."""

    numbers: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    """Which of the eleven femora to learn from; the rest is for tests."""

    loss: Literal["shares", "l1", "l2"] = "shares"
    """What is minimised: the cross-entropy of densities that keep every block's share, over whole
    images; or, as published, the absolute (l1) or squared error (l2) of patches."""

    stiffness: float = 0.0
    """Weight, beside the loss of shares, of how far the stiffness of windows is from the truth's
    (the squared logarithm of their ratio, finite elements, KUBC)."""

    connectivity: float = 0.0
    """Weight, beside the loss of shares, of skeletons that are broken or bridged (soft clDice)."""

    spacing_mm: float = 0.05
    """Edge of a fine pixel of the femora [mm]."""

    steps: int = 3000
    """Number of training steps, one batch each."""

    minutes: float | None = None
    """Training time after which to end, instead of a number of steps."""

    rate: float | None = None
    """Highest learning rate of Adam, reached after 50 steps; it falls along half a cosine. 0.001
    otherwise, and 0.0003 for the losses of patches, which diverge with more."""

    features: int = 64
    """Channels of the residual blocks."""

    blocks: int = 6
    """Number of residual blocks."""

    seed: int = 0
    """Seed of the first weights and of every batch."""

    threads: int = 1
    """Processor threads."""

    def __post_init__(self) -> None:
        if self.steps < 1 or (self.minutes is not None and self.minutes <= 0):
            raise UsageError(
                f"A training needs a length, got steps {self.steps}, minutes {self.minutes}."
            )
        if not self.numbers or not set(self.numbers) <= set(range(11)):
            raise UsageError(f"numbers must be femora from 0 to 10, got {self.numbers}.")
        rate = 1.0 if self.rate is None else self.rate
        if not rate > 0 or min(self.features, self.blocks, self.threads) < 1:
            raise UsageError("rate, features, blocks and threads must be positive.")
        if not 0.05 <= self.spacing_mm <= 0.5:
            raise UsageError(f"spacing_mm must be 0.05 to 0.5, got {self.spacing_mm}.")

    def run(self) -> None:
        """Train, then write the network.

        Raises
        ------
        InputError
            If a file in the folder of femora is not of the femur that was asked for.
        MissingPartError
            If torch is not installed.
        """
        from anatwin.train.segment import require_torch

        require_torch()
        import torch

        from anatwin.train.enhance_export import write_enhance
        from anatwin.train.enhance_loop import start_or_resume_enhance, train_enhance
        from anatwin.train.enhance_network import EnhanceShape

        torch.set_num_threads(self.threads)
        training = self._training()
        shape = EnhanceShape(features=self.features, blocks=self.blocks)
        state = train_enhance(training, start_or_resume_enhance(training, shape))
        write_enhance(state, self.out, patch=0 if self.loss == "shares" else PATCH)

    def _training(self) -> "EnhanceTraining":
        """Return the training on femora that are read or grown now."""
        from anatwin.train.enhance_loop import EnhanceTraining
        from anatwin.train.enhance_losses import EnhanceLoss
        from anatwin.train.schedule import Schedule

        loss = EnhanceLoss(kind=self.loss, stiffness=self.stiffness, connectivity=self.connectivity)
        whole = self.loss == "shares"
        rate = self.rate or (1e-3 if whole else 3e-4)
        examples = tuple(self._example(number) for number in track(self.numbers, "femora"))
        least = min(edge for example in examples for edge in example.channels.shape[1:])
        return EnhanceTraining(
            examples,
            Schedule(steps=self.steps, minutes=self.minutes, rate=rate),
            self.out,
            loss=loss,
            edge=min(32, least) if whole else PATCH,
            count=2 if whole else 32,
            seed=self.seed,
        )

    def _example(self, number: int) -> "Example":
        from anatwin.phantoms import femora
        from anatwin.simulate.kept_femora import kept_femur, whole_blocks
        from anatwin.train.enhance_data import example
        from anatwin.train.enhance_network import FACTOR

        femur = femora()[number]
        grid = whole_blocks(femur, self.spacing_mm, FACTOR)
        bone = kept_femur(number, femur, grid, folder=self.femora)
        return example(femur, bone, grid, seed=number)
