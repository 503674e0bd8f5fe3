"""Several views to one image and one mask."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import tyro

from anatwin.align import GlobalRigid
from anatwin.commands.options import Output
from anatwin.commands.terminal import progress, say
from anatwin.core import InputError, Label, Labels, LabelTable, UsageError, Volume
from anatwin.fuse import (
    Assembly,
    FuseMethod,
    GaussianFusion,
    Posed,
    SuperResolution,
    assemble,
    fine_grid,
)

_OBJECT = LabelTable((Label(1, "object", (214, 96, 77)),))


@dataclass(frozen=True)
class Fuse:
    """Make one fine image, and one fine mask, of several thick-slice scans that do not line up.

    Order and directions are found from the files. Views that fit no other are named and left out.

    For example:

    anatwin fuse axial.nii.gz coronal.nii.gz sagittal.nii.gz -o image.nii.gz

    anatwin fuse run-1.nii.gz run-2.nii.gz --masks mask-1.nii.gz mask-2.nii.gz -o CASE
    """

    views: tyro.conf.Positional[tuple[Path, ...]]
    """Images: NIfTI files or DICOM folders."""

    output: Output
    """Image to write, .nii.gz, or a folder for image, mask and transforms."""

    masks: tuple[Path, ...] = ()
    """Label maps of the views, in their order; only what they mark is aligned."""

    table: Path | None = None
    """Label table (.tsv) of the masks; 1 is the object otherwise."""

    spacing_mm: float | None = None
    """Voxel edge of the result; the smallest of all views otherwise."""

    margin_mm: float = 15.0
    """How far around the masks the result reaches."""

    align: GlobalRigid = field(default_factory=GlobalRigid)
    """How to align."""

    image: SuperResolution = field(default_factory=SuperResolution)
    """How to fuse images."""

    mask: FuseMethod = field(default_factory=GaussianFusion)
    """How to fuse masks."""

    def run(self) -> None:
        """Write the image, the mask where there are masks, and how the views lie."""
        if self.masks and len(self.masks) != len(self.views):
            raise UsageError(
                f"Give one mask for each view or none: {len(self.views)} views, "
                f"{len(self.masks)} masks."
            )
        volumes = [_opened(path) for path in self.views]
        labels = [self._labels(path) for path in self.masks]
        with progress():
            found = assemble(_shown(volumes, labels), self.align.matched)
            views = [
                Posed(volumes[n], posed.transform, labels[n] if labels else None)
                for n, posed in zip(found.used, found.views, strict=True)
            ]
            image, mask = self._fused(views)
        self._tell(found)
        self._write(image, mask, found)

    def _labels(self, path: Path) -> Labels:
        from anatwin.io.nifti import read_labels
        from anatwin.io.tables import read_table

        return read_labels(path, read_table(self.table) if self.table else _OBJECT)

    def _fused(self, views: list[Posed]) -> tuple[Volume, Labels | None]:
        """Return image and mask; a view alone is its own."""
        if len(views) == 1:
            return views[0].volume.magnitude(), views[0].labels
        grid = fine_grid(views, self.spacing_mm, margin_mm=self.margin_mm)
        return self.image(views, grid), self.mask(views, grid) if views[0].labels else None

    def _tell(self, found: Assembly) -> None:
        """Print which views were used and which were not."""
        for n, posed, agreement in zip(found.used, found.views, found.agreement, strict=True):
            turn = posed.transform.rotation_deg
            say(f"  {self.views[n].name}: turned {turn:.1f} degrees, agreement {agreement:.2f}")
        for n, reason in found.left_out:
            say(f"  {self.views[n].name} is left out: {reason}")

    def _write(self, image: Volume, mask: Labels | None, found: Assembly) -> None:
        from anatwin.io.nifti import write_labels, write_volume
        from anatwin.io.tables import write_table
        from anatwin.io.transforms import write_transform

        is_file = self.output.name.endswith((".nii", ".nii.gz"))
        if not is_file:
            (self.output / "transforms").mkdir(parents=True, exist_ok=True)
            for n, posed in zip(found.used, found.views, strict=True):
                for suffix in (".tfm", ".txt"):
                    path = self.output / "transforms" / f"view_{n + 1}{suffix}"
                    write_transform(posed.transform, path)
        target = self.output if is_file else self.output / "image.nii.gz"
        beside = target.with_name(target.name.split(".nii")[0] + "_labels.nii.gz")
        labels_path = beside if is_file else self.output / "labels.nii.gz"
        write_volume(Volume(np.asarray(image.data, np.float32), image.grid), target)
        if mask:
            write_labels(mask, labels_path)
            write_table(mask.table, Path(str(labels_path).replace(".nii.gz", ".tsv")))
        say(f"Wrote {self.output} from {len(found.used)} of {len(self.views)} views")


def _opened(path: Path) -> Volume:
    """Read an image, refusing k-space."""
    from anatwin.io.source import open_source

    product = open_source(path).product
    if not isinstance(product, Volume):
        raise InputError(f"{path} is k-space; 'anatwin reconstruct' makes an image of it.")
    return product.magnitude()


def _shown(volumes: list[Volume], labels: list[Labels]) -> list[Volume]:
    """Return what is to be aligned: the images, or what their masks mark."""
    if not labels:
        return volumes
    shown = []
    for volume, mask in zip(volumes, labels, strict=True):
        volume.grid.require_match(mask.grid, "A view and its mask")
        shown.append(replace(volume, data=volume.data * (mask.data > 0)))
    return shown
