"""One verb at a time, on files."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from anatwin.acquire import AcquireMethod, Cartesian, NonCartesianAcquireMethod
from anatwin.commands.options import Input, OptionalOutput, Output
from anatwin.commands.terminal import progress, say
from anatwin.core import InputError, KSpace, Labels, LabelTable, QualityError, Volume, head_table
from anatwin.mesh import MeshMethod, SurfaceNets
from anatwin.reconstruct import Automatic, ReconstructMethod, chosen
from anatwin.segment import SegmentMethod, WholeHead, parcellate


@dataclass(frozen=True)
class Acquire:
    """Scan an image by simulation: coils, phase, noise and a sampling pattern.

    For example:  anatwin acquire image.nii.gz -o k.h5 method:cartesian --method.acceleration 4
    """

    source: Input
    """Image: NIfTI file or DICOM folder."""

    output: Output
    """ISMRMRD file to write, .h5."""

    method: AcquireMethod | NonCartesianAcquireMethod = field(default_factory=Cartesian)
    """How to sample."""

    def run(self) -> None:
        """Write synthetic k-space."""
        from anatwin.io.files import atomic_output
        from anatwin.io.ismrmrd import write_ismrmrd

        image = _open_image(self.source)
        with progress(), atomic_output(self.output) as path:
            kspace = self.method(image)
            write_ismrmrd(kspace, path)
        share = f", acceleration {kspace.acceleration:.2f}" if isinstance(kspace, KSpace) else ""
        say(f"Wrote {self.output}: synthetic k-space{share}")


@dataclass(frozen=True)
class Reconstruct:
    """Turn k-space into an image.

    For example:  anatwin reconstruct k.h5 -o image.nii.gz method:wavelet --method.iterations 60
    """

    source: Input
    """K-space: ISMRMRD .h5 (lines or trajectories), fastMRI .h5 or BART .cfl."""

    output: Output
    """Image to write, .nii.gz."""

    method: ReconstructMethod = field(default_factory=Automatic)
    """How to reconstruct."""

    def run(self) -> None:
        """Write the magnitude image."""
        from anatwin.io.nifti import write_volume
        from anatwin.io.source import open_source

        kspace = open_source(self.source).product
        if isinstance(kspace, Volume):
            raise InputError(f"{self.source} is an image; 'anatwin acquire' makes k-space of it.")
        method, reason = chosen(self.method, kspace)
        if reason:
            say(f"  {type(method).__name__}: {reason}")
        with progress():
            image = method(kspace).magnitude()
        write_volume(image, self.output)
        say(f"Wrote {self.output} from {kspace.origin} k-space")


@dataclass(frozen=True)
class Segment:
    """Name every voxel of a head.

    For example:  anatwin segment image.nii.gz -o labels.nii.gz
    """

    source: Input
    """Image: NIfTI file or DICOM folder."""

    output: Output
    """Label map to write, .nii.gz; its names go beside it as .tsv and .itksnap.txt."""

    method: SegmentMethod = field(default_factory=WholeHead)
    """How to segment."""

    regions: Path | None = None
    """Label map of the 52 regions of the cortex to write too, .nii.gz."""

    def run(self) -> None:
        """Write the label map and its tables."""
        image = _open_image(self.source)
        with progress():
            labels = self.method(image)
        _write_labelled(labels, self.output)
        if self.regions is None:
            return
        if (regions := parcellate(labels)) is None:
            raise QualityError(
                "The regions of the cortex need a whole brain in view, in labels that name its "
                "cortex, white matter, deep grey matter and cerebellum; leave --regions out."
            )
        _write_labelled(regions, self.regions)


@dataclass(frozen=True)
class Mesh:
    """Turn a label map into watertight surfaces.

    For example:  anatwin mesh labels.nii.gz -o head.glb
    """

    source: Input
    """Label map, .nii.gz."""

    output: Output
    """One coloured .glb, or a folder for one STL per structure."""

    table: Path | None = None
    """Label table (.tsv); the one beside the label map, or the head's, otherwise."""

    method: MeshMethod = field(default_factory=SurfaceNets)
    """How to mesh."""

    def run(self) -> None:
        """Write the surfaces."""
        from anatwin.io.files import atomic_output
        from anatwin.io.nifti import read_labels
        from anatwin.io.surfaces import write_glb, write_stl

        labels = read_labels(self.source, _table(self.source, self.table))
        with progress():
            surfaces = self.method(labels)
        if self.output.suffix == ".glb":
            with atomic_output(self.output) as path:
                write_glb(surfaces, path)
        else:
            self.output.mkdir(parents=True, exist_ok=True)
            for surface in surfaces:
                write_stl(surface, self.output / f"{surface.name}.stl")
        say(f"Wrote {self.output}: {len(surfaces)} surfaces")


@dataclass(frozen=True)
class Measure:
    """Measure volumes, overlap with the truth, or image quality.

    For example:

    anatwin measure labels.nii.gz

    anatwin measure labels.nii.gz --truth expert.nii.gz

    anatwin measure image.nii.gz --reference full.nii.gz
    """

    source: Input
    """Label map, or image when --reference is given."""

    truth: Path | None = None
    """Label map to compare with."""

    reference: Path | None = None
    """Image to compare with."""

    table: Path | None = None
    """Label table (.tsv); the one beside the label map, or the head's, otherwise."""

    output: OptionalOutput = None
    """Table to write, .tsv."""

    def run(self) -> None:
        """Print the measures, and write them where asked."""
        from anatwin.io.case import measures_text
        from anatwin.io.files import atomic_output

        text = measures_text(self._measures())
        if self.output is None:
            say(text)
            return
        with atomic_output(self.output) as path:
            path.write_text(text, encoding="utf-8")
        say(f"Wrote {self.output}")

    def _measures(self) -> tuple:  # type: ignore[type-arg]
        from anatwin import measure
        from anatwin.io.nifti import read_labels

        if self.reference:
            image, reference = _open_image(self.source), _open_image(self.reference)
            return measure.image_quality(image, reference, basis="image")
        table = _table(self.source, self.table)
        labels = read_labels(self.source, table)
        if self.truth:
            return measure.compare_labels(labels, read_labels(self.truth, table))
        return (*measure.morphometry(labels), *measure.head_measures(labels))


@dataclass(frozen=True)
class Report:
    """Write the report of a case again."""

    case: Input
    """Case folder."""

    def run(self) -> None:
        """Write report.html."""
        from anatwin.io.case import REPORT_FILE, read_case
        from anatwin.io.files import atomic_output
        from anatwin.report import write_report

        twin = read_case(self.case)
        with atomic_output(self.case / REPORT_FILE) as path:
            write_report(twin, path)
        say(f"{twin.verdict.upper()}  {self.case / REPORT_FILE}")


@dataclass(frozen=True)
class Phantom:
    """Make a virtual patient: undersampled multi-coil k-space, the true image and labels.

    For example:  anatwin phantom -o patient
    """

    output: Output
    """Folder to make: kspace.h5, truth.nii.gz, labels.nii.gz, anatomy.nii.gz with every muscle,
    bone, joint and nucleus for itself."""

    seed: int = 0
    """Which person."""

    contrast: Literal["t1", "t2", "pd"] = "t1"
    """Weighting of the image."""

    field_t: Literal["1.5", "3", "5"] = "3"
    """Strength of the magnet's field [T]."""

    fat_shift_voxels: float = 0.0
    """How many voxels farther along the readout fat appears than water does."""

    def run(self) -> None:
        """Write the virtual patient."""
        from anatwin.io.ismrmrd import write_ismrmrd
        from anatwin.io.nifti import write_labels, write_volume
        from anatwin.io.tables import write_table
        from anatwin.phantoms import Weighting, anatomy, patient

        weighting = Weighting(
            contrast=self.contrast, field_t=self.field_t, fat_shift_voxels=self.fat_shift_voxels
        )
        with progress():
            kspace, truth, labels = patient(self.seed, weighting=weighting)
            fine = anatomy(labels.grid, self.seed)
        self.output.mkdir(parents=True, exist_ok=True)
        write_ismrmrd(kspace, self.output / "kspace.h5")
        write_volume(truth, self.output / "truth.nii.gz")
        write_labels(labels, self.output / "labels.nii.gz")
        write_table(labels.table, self.output / "labels.tsv")
        write_labels(fine, self.output / "anatomy.nii.gz")
        write_table(fine.table, self.output / "anatomy.tsv")
        say(f"Wrote {self.output}/kspace.h5, truth.nii.gz, labels.nii.gz and anatomy.nii.gz")


def _open_image(path: Path) -> Volume:
    """Read an image, refusing k-space."""
    from anatwin.io.source import open_source

    product = open_source(path).product
    if not isinstance(product, Volume):
        raise InputError(f"{path} is k-space; 'anatwin reconstruct' makes an image of it.")
    return product


def _beside(path: Path, suffix: str) -> Path:
    """Return the neighbour of a .nii.gz file with another suffix."""
    return path.with_name(path.name.removesuffix(".gz").removesuffix(".nii") + suffix)


def _write_labelled(labels: Labels, path: Path) -> None:
    """Write a label map, and its names beside it."""
    from anatwin.io.nifti import write_labels
    from anatwin.io.tables import write_itksnap, write_table

    write_labels(labels, path)
    write_table(labels.table, _beside(path, ".tsv"))
    write_itksnap(labels.table, _beside(path, ".itksnap.txt"))
    found = sum(count > 0 for count in labels.counts().values())
    say(f"Wrote {path}: {found} of {len(labels.table)} structures")


def _table(labels: Path, table: Path | None) -> LabelTable:
    """Return the table of a label map."""
    from anatwin.io.tables import read_table

    found = table or (beside if (beside := _beside(labels, ".tsv")).exists() else None)
    return read_table(found) if found else head_table()
