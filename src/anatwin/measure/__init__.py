"""Measure: how good, how big. Every number is a `Measure` that names its convention.

Images
    `image_quality` compares an image with its reference: PSNR, NMSE and SSIM, by default in
    fastMRI's convention. `check_image` tells whether a scan is fit for use.
Labels
    `compare_labels` compares a label map with the truth: Dice, and the distances of the
    boundaries (HD95, ASSD, NSD). `segmentation_errors` are those of fused masks: what was added,
    what was missed, and how the boundary agrees. `morphometry` measures each structure: volume
    with an uncertainty that follows from the resolution, position, size, and left against right.
    `check_labels` tells whether a head's label map is plausible, `check_contacts` whether its parts
    touch and hold each other as they should.
Heads
    `head_measures` is what dentists and surgeons read: cephalometric lengths and angles, the jaw
    joint's gap and disc, the chewing muscles' cross-sections and lines of action, the pharynx from
    level to level, and the brain's intracranial volume and cortical thickness. `region_measures`
    gives the volumes of the cortex's regions, `check_regions` tells why there are none.
Bone
    `bone_morphometry` gives the standard numbers of trabecular bone: volume fraction, thickness,
    spacing, anisotropy and connectivity, in two dimensions or three. `bone_stiffness` gives the
    apparent moduli of a block under a named boundary condition.
Samples
    `mean_interval` and `paired_p` for tables over several subjects.

A number that does not exist, such as the distance to a structure that was not found, is NaN and
its basis says why; it is never silently 0 or 1.
"""

from anatwin.measure.airway import airway_measures, airway_profile
from anatwin.measure.bone import bone_morphometry
from anatwin.measure.brain import brain_measures, check_regions, region_measures
from anatwin.measure.contact_checks import check_contacts
from anatwin.measure.distance import distances
from anatwin.measure.head import head_measures
from anatwin.measure.image_checks import check_image
from anatwin.measure.joint import joint_measures
from anatwin.measure.label_checks import check_labels
from anatwin.measure.mandible import jaw_landmarks, mandible_measures
from anatwin.measure.morphometry import morphometry
from anatwin.measure.muscles import muscle_measures
from anatwin.measure.overlap import compare_labels, overlaps
from anatwin.measure.quality import image_quality
from anatwin.measure.samples import mean_interval, paired_p
from anatwin.measure.segmentation_errors import boundary_accuracy, segmentation_errors
from anatwin.measure.stiffness import bone_stiffness
from anatwin.measure.structure_checks import check_structures

__all__ = [
    "airway_measures",
    "airway_profile",
    "bone_morphometry",
    "bone_stiffness",
    "boundary_accuracy",
    "brain_measures",
    "check_contacts",
    "check_image",
    "check_labels",
    "check_regions",
    "check_structures",
    "compare_labels",
    "distances",
    "head_measures",
    "image_quality",
    "jaw_landmarks",
    "joint_measures",
    "mandible_measures",
    "mean_interval",
    "morphometry",
    "muscle_measures",
    "overlaps",
    "paired_p",
    "region_measures",
    "segmentation_errors",
]
