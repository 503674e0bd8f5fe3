"""``anatwin train atlas``: average completed label maps into the atlas of heads.

It needs no torch.
"""

from dataclasses import dataclass
from pathlib import Path

from anatwin.core import UsageError
from anatwin.train.segment import label_maps

ATLAS = "head_atlas.npz"


@dataclass(frozen=True, kw_only=True)
class TrainAtlas:
    """Average completed label maps of several people into an atlas of the head.

    Maps are placed on one another by the middles of their structures, bent towards their average
    in turns, and averaged together with their mirror images.
    """

    labels: Path
    """Folder of label maps (.nii or .nii.gz) in FreeSurfer's, SynthSeg's or the head's numbers."""

    regions: Path
    """Folder with a completed map of the same file name for each label map, in the anatomy
    table's numbers."""

    out: Path
    """Folder for the prepared maps and head_atlas.npz."""

    exclude: tuple[str, ...] = ()
    """Label maps to keep out: those whose file name contains one of these."""

    spacing_mm: float = 3.0
    """Voxel edge of the atlas."""

    def __post_init__(self) -> None:
        if not 1 <= self.spacing_mm <= 8:
            raise UsageError(f"spacing_mm must be 1 to 8, got {self.spacing_mm}.")

    def run(self) -> None:
        """Write the atlas.

        Raises
        ------
        InputError
            If there is no label map, or one that cannot be used.
        """
        maps = label_maps(self.labels, self.exclude)
        from anatwin.io.files import atomic_output
        from anatwin.train.atlas_average import averaged
        from anatwin.train.maps import load_prepared, prepare

        ready = prepare(maps, self.out / "maps", regions=self.regions)
        atlas = averaged([load_prepared(path) for path in ready], self.spacing_mm)
        with atomic_output(self.out / ATLAS) as path:
            atlas.write(path)
