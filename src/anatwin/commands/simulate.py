"""``anatwin simulate``."""

from dataclasses import dataclass, fields
from typing import Annotated

import tyro

from anatwin.commands.bone import CompressionSimulation
from anatwin.commands.options import Input, Output
from anatwin.commands.terminal import progress, say
from anatwin.core import Body, Volume
from anatwin.simulate import Design, Topology, beam, pressed
from anatwin.simulate.pressed import Axis, Push


@dataclass(frozen=True, kw_only=True)
class TopologySimulation(Topology):
    """Find where material must go so that a body is as stiff as it can be.

    SOURCE is an image or a body. In an image (.nii.gz) voxels above 0 are the body; it stands on
    its lowest end along --axis and is pushed at the highest. A body (.npz) has its own supports
    and loads: arrays density (i j k), fixed (axis node ...), forces_mn (case axis node ...),
    spacing_mm (3), and optionally solid (i j k), weights and material.

    For example:

    anatwin simulate beam -o beam.npz

    anatwin simulate topology beam.npz -o beam.nii.gz --volume-fraction 0.5 --radius 6

    anatwin simulate topology bone.nii.gz -o grown.nii.gz --volume-fraction 0.3 --pushes compression
    shear

    anatwin simulate topology femur.npz -o femur.nii.gz --keep blocks --block 10
    """

    source: Input
    """Image (.nii.gz) or body (.npz)."""

    output: Output
    """Density to write, .nii.gz; a picture and the history go beside it as .png and .tsv."""

    axis: Axis = "k"
    """Axis along which an image is pressed."""

    pushes: tuple[Push, ...] = ("compression",)
    """Load cases of an image."""

    def run(self) -> None:
        """Optimise, and write density, picture and history."""
        from anatwin.commands.design_picture import write_design_picture
        from anatwin.io.files import atomic_output
        from anatwin.io.nifti import write_volume

        settings = {f.name: getattr(self, f.name) for f in fields(Topology)}
        with progress():
            design = Topology(**settings)(self.body())
        write_volume(design.density, self.output)
        name = self.output.name.removesuffix(".gz").removesuffix(".nii")
        with atomic_output(self.output.with_name(name + ".png")) as path:
            write_design_picture(design, path)
        with atomic_output(self.output.with_name(name + ".tsv")) as path:
            path.write_text(_history(design), encoding="utf-8")
        say(
            f"Wrote {self.output}: compliance {design.compliance_uj[-1]:.6g} uJ after "
            f"{len(design.change)} iterations, {design.unbalanced:.1e} of the load out of balance"
        )

    def body(self) -> Body:
        """Return what the source names."""
        from anatwin.io.bodies import read_body
        from anatwin.io.nifti import read_volume

        if self.source.suffix == ".npz":
            return read_body(self.source)
        return pressed(read_volume(self.source), axis=self.axis, pushes=self.pushes)


@dataclass(frozen=True, kw_only=True)
class BeamSimulation:
    """Write the beam on which the literature measures topology optimisation, as a body.

    It is half of the MBB beam, with a modulus of 1 kPa and voxels of 1 mm.

    For example:  anatwin simulate beam -o beam.npz --size 300 100 1
    """

    output: Output
    """Body to write, .npz."""

    size: tuple[int, int, int] = (150, 50, 1)
    """Voxels along each axis; one along the last makes it a plane."""

    def run(self) -> None:
        """Write the body."""
        from anatwin.io.bodies import write_body

        write_body(beam(*self.size), self.output)
        say(f"Wrote {self.output}: {' x '.join(map(str, self.size))} voxels, one load case")


@dataclass(frozen=True, kw_only=True)
class FemurSimulation:
    """Write a femur whose coarse image was measured, as a body to enhance, and the truth.

    Its outline is invented and its trabeculae are grown; fine pixels average to coarse ones of ten
    times their size, with noise.

    For example:

    anatwin simulate femur -o femur.npz

    anatwin enhance femur.npz -o fine.nii.gz
    """

    output: Output
    """Body to write, .npz; the true bone goes beside it as _truth.nii.gz."""

    number: int = 7
    """Which of eleven femora; packaged networks learned from 0 to 6."""

    spacing_mm: float = 0.2
    """Edge of a fine pixel [mm]; half a minute at 0.2, minutes at 0.05."""

    noise: float = 0.02
    """Standard deviation of the coarse image's noise, in shares of bone."""

    def run(self) -> None:
        """Write the body and the truth."""
        from anatwin.io.bodies import read_body, write_body
        from anatwin.io.nifti import write_volume
        from anatwin.studies import Bone

        study = Bone(femora=(self.number,), spacing_mm=self.spacing_mm, noise=self.noise)
        with progress():
            sample = study.sample(self.number)
        write_body(sample.body(), self.output)
        truth = self.output.with_name(f"{self.output.stem}_truth.nii.gz")
        # A body keeps no place in the world: the truth lies where the file will be read to lie.
        write_volume(Volume(sample.bone.data, read_body(self.output).grid), truth)
        say(f"Wrote {self.output} and {truth.name}: {sample.grid.shape[:2]} pixels")


@dataclass(frozen=True)
class SimulateCommand:
    """Compute how a body answers to its loads.

    For example:  anatwin simulate topology bone.nii.gz -o grown.nii.gz --volume-fraction 0.3
    """

    what: tyro.conf.OmitArgPrefixes[
        Annotated[TopologySimulation, tyro.conf.subcommand("topology", prefix_name=False)]
        | Annotated[CompressionSimulation, tyro.conf.subcommand("compression", prefix_name=False)]
        | Annotated[BeamSimulation, tyro.conf.subcommand("beam", prefix_name=False)]
        | Annotated[FemurSimulation, tyro.conf.subcommand("femur", prefix_name=False)]
    ]
    """Which simulation."""

    def run(self) -> None:
        """Run it."""
        self.what.run()


def _history(design: Design) -> str:
    """Return the table of iterations."""
    rows = zip(design.compliance_uj, design.change, design.steps, strict=True)
    lines = [f"{n}\t{c:.9g}\t{d:.4g}\t{s}" for n, (c, d, s) in enumerate(rows, start=1)]
    return "\n".join(["iteration\tcompliance_uj\tchange\tsteps", *lines]) + "\n"
