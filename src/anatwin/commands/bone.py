"""Bone: what it is made of, how stiff it is, how it answers to a load, and finer images of it."""

from dataclasses import dataclass, field
from pathlib import Path

from anatwin.commands.options import Input, OptionalOutput, Output
from anatwin.commands.terminal import progress, say
from anatwin.commands.verbs import _open_image
from anatwin.core import Measure
from anatwin.enhance import Bicubic, EnhanceMethod
from anatwin.ops.apparent import BoundaryCondition
from anatwin.simulate import Compression, Restoration


@dataclass(frozen=True)
class Enhance:
    """Turn a coarse image of bone into a fine one.

    SOURCE is an image or a loaded body. A body (.npz), as of anatwin simulate, is a plane of fine
    pixels that hold the measured share of bone, block by block, and 0 outside; with its loads a
    network and a few steps of optimisation find far better where the bone lies.

    For example:

    anatwin enhance coarse.nii.gz -o fine.nii.gz --method.factor 10

    anatwin enhance femur.npz -o fine.nii.gz --restoration.iterations 30
    """

    source: Input
    """Image of the share of bone in every voxel, 0 to 1 (.nii.gz), or a body (.npz)."""

    output: Output
    """Image to write, .nii.gz."""

    method: EnhanceMethod = field(default_factory=Bicubic)
    """How to enhance an image."""

    restoration: Restoration = field(default_factory=Restoration)
    """How to enhance a body."""

    def run(self) -> None:
        """Write the fine image."""
        from anatwin.io.bodies import read_body
        from anatwin.io.nifti import write_volume

        with progress():
            if self.source.suffix == ".npz":
                fine = self.restoration(read_body(self.source))
            else:
                fine = self.method(_open_image(self.source))
        write_volume(fine, self.output)
        say(f"Wrote {self.output}: {' x '.join(str(n) for n in fine.grid.shape)} voxels")


@dataclass(frozen=True)
class Stiffness:
    """Measure the apparent stiffness of a block of bone, in two dimensions or three.

    Every number states the condition at the faces: it changes the result several-fold.

    For example:  anatwin measure stiffness region.nii.gz --conditions KUBC PBC
    """

    source: Input
    """Image of the block."""

    conditions: tuple[BoundaryCondition, ...] = ("KUBC", "PBC", "MUBC")
    """Kinematic uniform, periodic, mixed uniaxial (smooth platens), or static uniform (SUBC)."""

    threshold: float | None = None
    """Values above it are bone; Otsu's where none is given."""

    modulus_gpa: float = 18.0
    """Young's modulus of bone tissue [GPa]."""

    poisson: float = 0.3
    """Poisson's ratio of bone tissue."""

    output: OptionalOutput = None
    """Table to write, .tsv."""

    def run(self) -> None:
        """Print the moduli, and write them where asked."""
        from anatwin.measure import bone_stiffness
        from anatwin.simulate.compression import bone_mask

        image = _open_image(self.source)
        bone = bone_mask(image, self.threshold)
        rows: list[Measure] = []
        with progress():
            for condition in self.conditions:
                rows += bone_stiffness(
                    bone,
                    image.grid,
                    condition,
                    modulus_gpa=self.modulus_gpa,
                    poisson=self.poisson,
                    basis=self.source.name,
                )
        _tell(tuple(rows), self.output)


@dataclass(frozen=True)
class Morphometry:
    """Measure trabecular bone: volume fraction, thickness, spacing, anisotropy, connectivity.

    For example:  anatwin measure bone microct.nii.gz
    """

    source: Input
    """Image of bone, micro-CT for instance."""

    threshold: float | None = None
    """Values above it are bone; Otsu's where none is given."""

    output: OptionalOutput = None
    """Table to write, .tsv."""

    def run(self) -> None:
        """Print the numbers, and write them where asked."""
        from anatwin.measure import bone_morphometry
        from anatwin.simulate.compression import bone_mask

        image = _open_image(self.source)
        bone = bone_mask(image, self.threshold)
        _tell(bone_morphometry(bone, image.grid, basis=self.source.name), self.output)


@dataclass(frozen=True, kw_only=True)
class CompressionSimulation(Compression):
    """Squeeze micro-CT bone between two platens and find its stiffness and force.

    Every bone voxel is one trilinear element. Parts that are not joined to the largest one at a
    face carry nothing and are left out.

    For example:  anatwin simulate compression microct.nii.gz -o energy.nii.gz
    """

    source: Input
    """Micro-CT image."""

    output: OptionalOutput = None
    """Strain energy of every voxel to write [uJ], .nii.gz."""

    def run(self) -> None:
        """Print the measures, and write the map of the strain energy where asked."""
        from anatwin.io.nifti import write_volume

        image = _open_image(self.source)
        with progress():
            result = self(image)
        if self.output is not None:
            write_volume(result.energy, self.output)
        _tell(result.measures, None)


def _tell(rows: tuple[Measure, ...], output: Path | None) -> None:
    """Print measures, or write them where asked."""
    from anatwin.io.case import measures_text
    from anatwin.io.files import atomic_output

    text = measures_text(rows)
    if output is None:
        say(text)
        return
    with atomic_output(output) as path:
        path.write_text(text, encoding="utf-8")
    say(f"Wrote {output}")
