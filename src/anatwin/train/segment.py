"""``anatwin train head``: train a segmentation network on a folder of label maps.

This module can be imported without torch, so that the command line starts at once.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from anatwin.core import InputError, MissingPartError, UsageError

if TYPE_CHECKING:
    from anatwin.train.loop import Training

_OVERVIEW_EDGE, _OVERVIEW_CORNERS = 96, 3

Numbering = Literal["auto", "head", "freesurfer"]


@dataclass(frozen=True, kw_only=True)
class TrainSegment:
    """Train a head segmentation network on label maps alone.

    Images are synthesised from the label maps with random contrast, resolution, bias field and
    pose, so the network segments any contrast. Training resumes where it stopped when the output
    folder holds a checkpoint. It ends with head.onnx in the output folder, to run and to
    continue from.
    """

    labels: Path
    """Folder of label maps (.nii or .nii.gz) in FreeSurfer's, SynthSeg's or the head's numbers."""

    out: Path
    """Folder for the checkpoint, the log and the network."""

    numbering: Numbering = "auto"
    """Table of the label numbers; auto takes the head table where no number is above 20."""

    regions: Path | None = None
    """Folder with a completed map of the same file name for each label map, in the anatomy
    table's numbers: the network then learns the craniofacial structures instead of the brain's."""

    overview: bool = False
    """Let the network see whole heads at once, on voxels of 2.5 mm, and name the brain's parts and
    the craniofacial structures; needs regions. Patches are then cubes of 96 voxels."""

    exclude: tuple[str, ...] = ()
    """Label maps to keep out: those whose file name contains one of these."""

    twice: tuple[str, ...] = ()
    """Label maps to draw twice as often, those that show a whole jaw for example: those whose
    file name contains one of these."""

    mix: Path | None = None
    """Another folder of label maps to mix in, of virtual people for example."""

    mix_share: float = 0.15
    """Share of patches from the folder that is mixed in."""

    steps: int = 8000
    """Number of training steps, one patch each."""

    minutes: float | None = None
    """Training time after which to end, instead of a number of steps."""

    patches: tuple[int, ...] = (64, 96, 128)
    """Edges of the training patches, small to large, multiples of 32 [voxels of 1 mm]."""

    shares: tuple[float, ...] = (0.35, 0.35, 0.3)
    """Share of the training with each patch size; they sum to 1."""

    rate: float = 0.03
    """Highest learning rate, relative to the size of the weights."""

    start: Path | None = None
    """A network to start from (head.onnx, the packaged one or one of your own), or a checkpoint,
    instead of random weights."""

    seed: int = 0
    """Seed of the first weights and of every patch."""

    workers: int = 1
    """Processes that synthesise patches; 0 uses none."""

    threads: int = 2
    """Processor threads of the network."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the network is trained; auto takes a graphics card where torch finds one."""

    batch: int = 1
    """Patches a step; one is best on a processor, some on a graphics card."""

    copies: int = 1
    """Copies of the network that train side by side and are averaged every minute: with one
    thread each, a quicker use of several cores than threads. More than one needs minutes."""

    save_minutes: float = 5.0
    """Time between checkpoints."""

    def __post_init__(self) -> None:
        if not self.patches or any(edge < 32 or edge % 32 for edge in self.patches):
            raise UsageError(f"patches must be multiples of 32, got {self.patches}.")
        if len(self.shares) != len(self.patches) or abs(sum(self.shares) - 1) > 1e-6:
            raise UsageError(
                f"shares must be one per patch size, summing to 1, got {self.shares} for "
                f"{self.patches}."
            )
        if self.mix and self.regions:
            raise UsageError("regions need a completed map for every label map; leave mix out.")
        if self.overview and not self.regions:
            raise UsageError("overview needs regions: completed maps name what it learns.")
        if not 0 <= self.mix_share <= 1:
            raise UsageError(f"mix_share must be 0 to 1, got {self.mix_share}.")
        if self.steps < 1 or (self.minutes is not None and self.minutes <= 0):
            raise UsageError(
                f"A training needs a length, got steps {self.steps}, minutes {self.minutes}."
            )
        if self.batch < 1:
            raise UsageError(f"batch must be at least 1, got {self.batch}.")
        if self.copies < 1 or (self.copies > 1 and self.minutes is None):
            raise UsageError(
                f"copies must be 1, or more with minutes as the length, got {self.copies}."
            )

    @property
    def network(self) -> str:
        """Name of the network and of its files."""
        if self.overview:
            return "overview"
        return "craniofacial" if self.regions else "head"

    def run(self) -> None:
        """Train, then write the network.

        Raises
        ------
        InputError
            If there is no label map, or one that cannot be used.
        MissingPartError
            If torch is not installed.
        """
        maps = label_maps(self.labels, self.exclude)
        require_torch()
        from anatwin.train.copies import train_copies
        from anatwin.train.export import write_network

        state = train_copies(self._training(maps), self.copies, start=self.start)
        write_network(state.model.shape, state.averaged, self.out, name=self.network)

    def _training(self, maps: list[Path]) -> "Training":
        """Return the training of prepared maps."""
        from anatwin.train.feed import Source
        from anatwin.train.loop import Training
        from anatwin.train.maps import prepare
        from anatwin.train.processes import card_or_processor, is_quick_in_bfloat16
        from anatwin.train.schedule import Schedule
        from anatwin.train.synthesis import EASY, EASY_OVERVIEW, OVERVIEW, Synthesis

        mixed = label_maps(self.mix, self.exclude) if self.mix else []
        ready = prepare(maps, self.out / "maps", numbering=self.numbering, regions=self.regions)
        again = [path for path in ready if any(part in path.name for part in self.twice)]
        source = Source(
            (*ready, *again),
            tuple(prepare(mixed, self.out / "mixed", numbering=self.numbering)),
            mixed_share=self.mix_share,
            seed=self.seed,
            synthesis=OVERVIEW if self.overview else Synthesis(),
            easy=EASY_OVERVIEW if self.overview else EASY,
        )
        schedule = Schedule(
            steps=self.steps,
            minutes=self.minutes,
            patches=(_OVERVIEW_EDGE,) if self.overview else self.patches,
            shares=(1.0,) if self.overview else self.shares,
            rate=self.rate,
        )
        if self.start:  # what has learned needs no mild images
            schedule = replace(schedule, easy_until=0.0)
        device = card_or_processor(self.device)[0]
        return Training(
            source,
            schedule,
            self.out,
            workers=self.workers,
            threads=self.threads,
            device=device,
            batch=self.batch,
            save_minutes=self.save_minutes,
            bfloat16=is_quick_in_bfloat16(device),
            corners=_OVERVIEW_CORNERS if self.overview else 8,
        )


def label_maps(folder: Path, exclude: tuple[str, ...]) -> list[Path]:
    """Return the label maps of a folder.

    Raises
    ------
    InputError
        If there is none.
    """
    found = sorted(p for end in ("*.nii", "*.nii.gz") for p in folder.glob(end))
    kept = [path for path in found if not any(part in path.name for part in exclude)]
    if not kept:
        raise InputError(
            f"{folder} must hold label maps (.nii or .nii.gz), got {len(found)}, "
            f"{len(found) - len(kept)} of them excluded."
        )
    return kept


def require_torch() -> None:
    """Raise an error that says what to install unless training can run."""
    try:
        import onnx  # noqa: F401
        import safetensors  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingPartError(
            f"Training needs {error.name}, which is not installed: pip install 'anatwin[train]'"
        ) from error
