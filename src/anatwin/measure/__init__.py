"""Measure: how good, how big. Every number is a `Measure` that names its convention.

Images
    `image_quality` compares an image with its reference: PSNR, NMSE and SSIM, by default in
    fastMRI's convention. `check_image` tells whether a scan is fit for use.
Labels
    `compare_labels` compares a label map with the truth: Dice, and the distances of the
    boundaries (HD95, ASSD, NSD). `morphometry` measures each structure: volume with an
    uncertainty that follows from the resolution, position, size, and left against right.
    `check_labels` tells whether a head's label map is plausible.
Bone
    `bone_morphometry` gives the standard numbers of trabecular bone: volume fraction, thickness,
    spacing, anisotropy and connectivity, in two dimensions or three. `bone_stiffness` gives the
    apparent moduli of a block under a named boundary condition.
Samples
    `mean_interval` and `paired_p` for tables over several subjects.

A number that does not exist, such as the distance to a structure that was not found, is NaN and
its basis says why; it is never silently 0 or 1.
"""

from anatwin.measure.bone import bone_morphometry
from anatwin.measure.distance import distances
from anatwin.measure.image_checks import check_image
from anatwin.measure.label_checks import check_labels
from anatwin.measure.morphometry import morphometry
from anatwin.measure.overlap import compare_labels, overlaps
from anatwin.measure.quality import image_quality
from anatwin.measure.samples import mean_interval, paired_p
from anatwin.measure.stiffness import bone_stiffness

__all__ = [
    "bone_morphometry",
    "bone_stiffness",
    "check_image",
    "check_labels",
    "compare_labels",
    "distances",
    "image_quality",
    "mean_interval",
    "morphometry",
    "overlaps",
    "paired_p",
]
