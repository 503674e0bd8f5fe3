"""``anatwin train``."""

from dataclasses import dataclass

from anatwin.train.segment import TrainSegment


@dataclass(frozen=True)
class TrainCommand:
    """Train a network (needs the extra 'train')."""

    what: TrainSegment
    """What to train."""

    def run(self) -> None:
        """Train."""
        self.what.run()
