"""How a training goes: its length, its patches, its learning rate."""

import math
from dataclasses import dataclass

from anatwin.core import UsageError


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long, with which patches and how fast.

    Parameters
    ----------
    steps
        Number of steps; the end, unless ``minutes`` is given.
    minutes
        Training time after which it ends (checkpoints remember what is used up), or None.
    patches
        Edges of the patches, small to large.
    shares
        Share of the training with each of ``patches``; they sum to 1.
    rate
        Highest learning rate, relative to the size of the weights, reached after ``warm_up``
        steps.
    warm_up
        Number of steps of rising learning rate.
    floor
        Learning rate at the end, as a share of the highest.
    easy_until
        Share of the training over which mild images give way to the full recipe.
    even_until
        Share of the training in which small structures weigh more than their voxels.
    """

    steps: int = 8000
    minutes: float | None = None
    patches: tuple[int, ...] = (64, 96, 128)
    shares: tuple[float, ...] = (0.35, 0.35, 0.3)
    rate: float = 0.03
    warm_up: int = 50
    floor: float = 0.01
    easy_until: float = 0.6
    even_until: float = 0.9

    def __post_init__(self) -> None:
        if len(self.patches) != len(self.shares) or abs(sum(self.shares) - 1) > 1e-6:
            raise UsageError(
                f"Schedule needs one share per patch size, summing to 1, got {self.patches} and "
                f"{self.shares}."
            )

    def done(self, step: int, seconds: float) -> float:
        """Return the share of the training that is behind us."""
        return step / self.steps if self.minutes is None else seconds / (60 * self.minutes)

    def patch(self, done: float) -> int:
        """Return the edge of the patches."""
        reached = 0.0
        for edge, share in zip(self.patches, self.shares, strict=True):
            reached += share
            if done < reached:
                return edge
        return self.patches[-1]

    def easy(self, done: float) -> float:
        """Return the share of mild images: all at first, none after ``easy_until``."""
        return max(0.0, 1.0 - done / self.easy_until) if self.easy_until > 0 else 0.0

    def even(self, done: float) -> float:
        """Return the share of the cross-entropy in which every structure counts alike."""
        return 0.5 if done < self.even_until else 0.0

    def learning_rate(self, step: int, done: float) -> float:
        """Return the learning rate: a linear rise, then half a cosine."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        rise = min(1.0, (step + 1) / self.warm_up)
        return self.rate * rise * (self.floor + (1 - self.floor) * cosine)
