"""``anatwin study``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from anatwin.commands.options import Output
from anatwin.commands.terminal import progress, say
from anatwin.core import UsageError
from anatwin.studies import Bone, Cascades, Head, Masks, Scans, Study, Supermask, write_findings

Inputs = tyro.conf.Positional[tuple[Path, ...]]


@dataclass(frozen=True, kw_only=True)
class MasksStudy(Masks):
    """Every sampling pattern side by side, at every acceleration, with every method.

    Reports PSNR and SSIM with 95 % confidence intervals, point-spread functions, error maps and
    the energy captured in rings of k-space, beside the tables of the head-twin paper.

    For example:  anatwin study masks head.nii.gz -o study --seeds 20
    """

    inputs: Inputs
    """Images: NIfTI files or DICOM folders."""

    output: Output
    """Folder to make: tables as .csv and .md, figures as .png, and study.html."""

    def run(self) -> None:
        """Run the study and write it."""
        run_study(self, self.inputs, self.output)


@dataclass(frozen=True, kw_only=True)
class CascadesStudy(Cascades):
    """What the number of cascades is worth, each trained alike (needs the extra 'train').

    Trains networks of so many cascades on the inputs and compares them on slices of a person
    kept out, beside the head-twin paper's table.

    For example:  anatwin study cascades images/ --test other.nii.gz -o study --steps 2000
    """

    inputs: Inputs
    """Training images: files, or folders of them."""

    output: Output
    """Folder to make: the table as .csv and .md, the training curves, and study.html."""

    def run(self) -> None:
        """Run the study and write it."""
        run_study(self, self.inputs, self.output)


@dataclass(frozen=True, kw_only=True)
class ScansStudy(Scans):
    """Accelerated scans of one person beside a reference scan, with their times.

    Registers every scan to the first one and reports PSNR and SSIM (needs the extra 'align').

    For example:  anatwin study scans slow.nii.gz fast.nii.gz -o study --minutes 15 7
    """

    inputs: Inputs
    """Images, the reference first: NIfTI files or DICOM folders."""

    output: Output
    """Folder to make: tables as .csv and .md, and study.html."""

    def run(self) -> None:
        """Run the study and write it."""
        run_study(self, self.inputs, self.output)


@dataclass(frozen=True, kw_only=True)
class HeadStudy(Head):
    """Whole-head labels beside the truth, in the twelve classes of the head-twin paper.

    The folder holds images/NAME.nii.gz and labels/NAME.nii.gz, the labels in the numbers of the
    anatomy table.

    For example:  anatwin study head folder -o study
    """

    inputs: Inputs
    """One folder with images and labels."""

    output: Output
    """Folder to make: tables as .csv and .md, and study.html."""

    def run(self) -> None:
        """Run the study and write it."""
        run_study(self, self.inputs, self.output)


@dataclass(frozen=True, kw_only=True)
class BoneStudy(Bone):
    """Enhance coarse images of femora ten-fold and compare their apparent stiffness.

    Grows trabeculae by topology optimisation, averages them to coarse pixels, and restores them
    by interpolation, networks and optimisation, beside the bone paper's Table 1. A femur of
    1883 x 2080 pixels takes a quarter of an hour.

    For example:

    anatwin study bone -o study --femora 7 8 --grown femora --keep work

    anatwin study bone -o study --spacing-mm 0.2 --published nets

    anatwin study bone femur.stl -o study --femora 7
    """

    inputs: Inputs = ()
    """Surfaces of whole femora, .stl; invented ones where there is none."""

    output: Output
    """Folder to make: tables as .csv and .md, figures as .png, and study.html."""

    def run(self) -> None:
        """Run the study and write it."""
        write_study(self, self.inputs, self.output)


@dataclass(frozen=True, kw_only=True)
class SupermaskStudy(Supermask):
    """Masks from thick-slice views that do not line up, beside every baseline.

    The folder holds HDF5 files with image and label, or is a dataset as 'anatwin train segment'
    takes it. Networks are trained on other people's simulated views, fold by fold (needs the
    extras 'train' and 'align').

    For example:  anatwin study supermask atrium/ -o study --keep work
    """

    inputs: Inputs
    """One folder of people."""

    output: Output
    """Folder to make: tables as .csv and .md, and study.html."""

    def run(self) -> None:
        """Run the study and write it."""
        run_study(self, self.inputs, self.output)


@dataclass(frozen=True)
class StudyCommand:
    """Run one of the papers' experiments: tables, figures and the comparison.

    For example:  anatwin study masks head.nii.gz -o study
    """

    what: tyro.conf.OmitArgPrefixes[
        Annotated[MasksStudy, tyro.conf.subcommand("masks", prefix_name=False)]
        | Annotated[CascadesStudy, tyro.conf.subcommand("cascades", prefix_name=False)]
        | Annotated[BoneStudy, tyro.conf.subcommand("bone", prefix_name=False)]
        | Annotated[ScansStudy, tyro.conf.subcommand("scans", prefix_name=False)]
        | Annotated[HeadStudy, tyro.conf.subcommand("head", prefix_name=False)]
        | Annotated[SupermaskStudy, tyro.conf.subcommand("supermask", prefix_name=False)]
    ]
    """Which experiment."""

    def run(self) -> None:
        """Run it."""
        self.what.run()


def run_study(study: Study, inputs: tuple[Path, ...], output: Path) -> None:
    """Run a study on inputs and write its findings.

    Raises
    ------
    UsageError
        If there is no input, or the output exists.
    """
    if not inputs:
        raise UsageError("A study needs one image or more, got none.")
    write_study(study, inputs, output)


def write_study(study: Study, inputs: tuple[Path, ...], output: Path) -> None:
    """Run a study and write its findings."""
    if output.exists():
        raise UsageError(f"{output} exists; name a new folder, or remove it first.")
    with progress():
        write_findings(study(inputs), output)
    say(f"Wrote {output}; open {output / 'study.html'} in a browser")
