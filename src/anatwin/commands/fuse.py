"""Several views to one image and one mask."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import tyro

from anatwin.align import FreeForm, GlobalRigid, unbent, unbent_labels
from anatwin.commands.options import Output
from anatwin.commands.terminal import progress, say
from anatwin.core import (
    Bend,
    InputError,
    Label,
    Labels,
    LabelTable,
    Transform,
    UsageError,
    Volume,
    track,
)
from anatwin.fuse import (
    Assembly,
    FuseMethod,
    GaussianFusion,
    Posed,
    SuperResolution,
    assemble,
    evened,
    fine_grid,
)
from anatwin.segment import SegmentMethod

_OBJECT = LabelTable((Label(1, "object", (214, 96, 77)),))


@dataclass(frozen=True)
class Fuse:
    """Make one fine image, and one fine mask, of several thick-slice scans that do not line up.

    Order and directions are found from the files. Views that fit no other are named and left out.

    For example:

    anatwin fuse axial.nii.gz coronal.nii.gz sagittal.nii.gz -o image.nii.gz

    anatwin fuse run-1.nii.gz run-2.nii.gz --masks mask-1.nii.gz mask-2.nii.gz -o CASE

    anatwin fuse axial.nii.gz coronal.nii.gz -o CASE segment:trained-network --segment.model MODEL
    """

    views: tyro.conf.Positional[tuple[Path, ...]]
    """Images: NIfTI files or DICOM folders, of which every series is a view."""

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

    unbend: bool = False
    """Also take out what bent between the views, such as soft parts; needs the extra 'align'."""

    even: bool = False
    """Also take out smooth shading that all views share, found inside the masks."""

    image: SuperResolution = field(default_factory=SuperResolution)
    """How to fuse images."""

    mask: FuseMethod = field(default_factory=GaussianFusion)
    """How to fuse masks."""

    segment: SegmentMethod | None = None
    """How to label each view, in place of --masks; the images are aligned whole."""

    def run(self) -> None:
        """Write the image, the mask where there are masks, and how the views lie."""
        self._require_sense()
        names, volumes = zip(*(one for path in self.views for one in _opened(path)), strict=True)
        if self.masks and len(self.masks) != len(volumes):
            raise UsageError(
                f"Give one mask for each view or none: {len(volumes)} views, "
                f"{len(self.masks)} masks."
            )
        masks = [self._read(path) for path in self.masks]
        with progress():
            found = assemble(_shown(volumes, masks), self.align.matched)
            bends = self._bends(found)
            labels = dict(enumerate(masks)) | self._labels(volumes, found.used)
            views = [
                _posed(volumes[n], posed.transform, labels.get(n), bends.get(n))
                for n, posed in zip(found.used, found.views, strict=True)
            ]
            image, mask = self._fused(views)
        self._tell(names, found, bends)
        if self._is_folder:
            self._write_transforms(found, bends)
        self._write(image, mask)
        say(f"Wrote {self.output} from {len(found.used)} of {len(names)} views")

    def _require_sense(self) -> None:
        """Raise a UsageError where the options contradict each other."""
        if not self.views:
            raise UsageError("Name at least one view; 'anatwin fuse --help' shows how.")
        if self.masks and self.segment:
            raise UsageError("Give --masks or a segment: method that makes them, not both.")
        if self.even and not (self.masks or self.segment):
            raise UsageError("--even looks at what masks mark: give --masks or a segment: method.")

    @property
    def _is_folder(self) -> bool:
        return not self.output.name.endswith((".nii", ".nii.gz"))

    def _bends(self, found: Assembly) -> dict[int, Bend]:
        """Return how each view but the reference bends, if that is asked for."""
        if not self.unbend:
            return {}
        fixed, others = found.views[0].volume, list(zip(found.used, found.views, strict=True))[1:]
        return {
            n: FreeForm()(posed.volume, fixed, posed.transform)
            for n, posed in track(others, "bending views")
        }

    def _labels(self, volumes: Sequence[Volume], used: Sequence[int]) -> dict[int, Labels]:
        """Return what is recognised in each of the views that are used, if that is asked for."""
        if self.segment is None:
            return {}
        return {n: self.segment(volumes[n]) for n in track(used, "labelling views")}

    def _read(self, path: Path) -> Labels:
        from anatwin.io.nifti import read_labels
        from anatwin.io.tables import read_table

        return read_labels(path, read_table(self.table) if self.table else _OBJECT)

    def _fused(self, views: list[Posed]) -> tuple[Volume, Labels | None]:
        """Return image and mask; a view alone is its own."""
        if len(views) == 1:
            return views[0].volume.magnitude(), views[0].labels
        grid = fine_grid(views, self.spacing_mm, margin_mm=self.margin_mm)
        image, mask = self.image(views, grid), self.mask(views, grid) if views[0].labels else None
        return evened(image, mask) if self.even and mask else image, mask

    def _tell(self, names: Sequence[str], found: Assembly, bends: dict[int, Bend]) -> None:
        """Print which views were used and which were not."""
        for n, posed, agreement in zip(found.used, found.views, found.agreement, strict=True):
            turn = posed.transform.rotation_deg
            text = f"  {names[n]}: turned {turn:.1f} degrees, agreement {agreement:.2f}"
            if n in bends:
                most = float(np.linalg.norm(bends[n].shift_mm, axis=3).max())
                text += f", bent by up to {most:.1f} mm"
            say(text)
        for n, reason in found.left_out:
            say(f"  {names[n]} is left out: {reason}")

    def _write_transforms(self, found: Assembly, bends: dict[int, Bend]) -> None:
        from anatwin.io.transforms import write_bend, write_transform

        folder = self.output / "transforms"
        folder.mkdir(parents=True, exist_ok=True)
        for n, posed in zip(found.used, found.views, strict=True):
            for suffix in (".tfm", ".txt"):
                write_transform(posed.transform, folder / f"view_{n + 1}{suffix}")
            if n in bends:
                write_bend(bends[n], posed.transform, folder / f"view_{n + 1}_bent.tfm")

    def _write(self, image: Volume, mask: Labels | None) -> None:
        from anatwin.io.nifti import write_labels, write_volume
        from anatwin.io.tables import write_table

        target = self.output / "image.nii.gz" if self._is_folder else self.output
        beside = target.with_name(target.name.split(".nii")[0] + "_labels.nii.gz")
        labels_path = self.output / "labels.nii.gz" if self._is_folder else beside
        write_volume(Volume(np.asarray(image.data, np.float32), image.grid), target)
        if mask:
            write_labels(mask, labels_path)
            write_table(mask.table, Path(str(labels_path).replace(".nii.gz", ".tsv")))


def _posed(volume: Volume, transform: Transform, labels: Labels | None, bend: Bend | None) -> Posed:
    """Return a view in its pose, its bend taken out."""
    if bend is None or not bend.shift_mm.any():
        return Posed(volume, transform, labels)
    straight = unbent_labels(labels, transform, bend) if labels else None
    return Posed(unbent(volume, transform, bend), transform, straight)


def _opened(path: Path) -> list[tuple[str, Volume]]:
    """Read an image, or all series of a DICOM folder, each with a name; refuse k-space."""
    from anatwin.io.dicom import read_every_series
    from anatwin.io.source import open_source

    if path.is_dir():
        several = read_every_series(path)
        is_one = len(several) == 1
        return [(path.name if is_one else f"{path.name}, {name}", v) for name, v in several]
    product = open_source(path).product
    if not isinstance(product, Volume):
        raise InputError(f"{path} is k-space; 'anatwin reconstruct' makes an image of it.")
    return [(path.name, product.magnitude())]


def _shown(volumes: Sequence[Volume], labels: Sequence[Labels]) -> Sequence[Volume]:
    """Return what is to be aligned: the images, or what their masks mark."""
    if not labels:
        return volumes
    shown = []
    for volume, mask in zip(volumes, labels, strict=True):
        volume.grid.require_match(mask.grid, "A view and its mask")
        shown.append(replace(volume, data=volume.data * (mask.data > 0)))
    return shown
