"""How bright every tissue is in a random image.

Half of the contrasts are fully random, which is what makes the network indifferent to contrast
(Billot et al. 2023, doi:10.1016/j.media.2023.102789); the other half look like one of the
weightings in use, with a wide jitter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core import craniofacial_table
from anatwin.train.numbering import TISSUES

EXTRA = ("fat", "muscle", "marrow", "tongue", "joint_disc", "vertebral_disc")
"""Tissues that only synthesis makes: parts of soft tissue and of bone."""

NAMES = TISSUES + EXTRA
FAT, MUSCLE, MARROW, *_ = (NAMES.index(name) for name in EXTRA)

TISSUE_OF_REGION = np.zeros(len(craniofacial_table()) + 1, np.uint8)
"""Tissue of the craniofacial structures that are one tissue, by index; 0 for the others."""
for _label in craniofacial_table().labels:
    _tissue = {
        "chewing_muscle": "muscle",
        "mouth": "tongue",
        "joint": "joint_disc",
        "cervical_disc": "vertebral_disc",
    }
    _name = _tissue.get(_label.name) or _tissue.get(_label.parent)
    TISSUE_OF_REGION[_label.index] = NAMES.index(_name) if _name else 0

WEIGHTINGS = ("t1", "t2", "pd", "flair")

# tissue: brightness of its members in T1-, T2-, proton-density-weighted and FLAIR images, 0 to 1
_BRIGHTNESS: dict[str, tuple[float, float, float, float]] = {
    "background": (0.01, 0.01, 0.01, 0.01),
    "white_matter": (0.78, 0.36, 0.58, 0.48),
    "lesion": (0.62, 0.62, 0.75, 0.80),
    "corpus_callosum": (0.80, 0.35, 0.57, 0.47),
    "cortex": (0.54, 0.52, 0.76, 0.62),
    "thalamus": (0.66, 0.42, 0.68, 0.55),
    "caudate": (0.56, 0.48, 0.74, 0.60),
    "putamen": (0.60, 0.44, 0.71, 0.58),
    "pallidum": (0.72, 0.32, 0.60, 0.48),
    "hippocampus": (0.55, 0.54, 0.76, 0.66),
    "amygdala": (0.55, 0.53, 0.76, 0.65),
    "accumbens": (0.57, 0.50, 0.74, 0.61),
    "ventral_diencephalon": (0.71, 0.40, 0.63, 0.52),
    "ventricle": (0.14, 0.95, 0.80, 0.08),
    "choroid_plexus": (0.35, 0.75, 0.80, 0.45),
    "csf": (0.15, 0.88, 0.76, 0.12),
    "cerebellum_white": (0.76, 0.38, 0.60, 0.50),
    "cerebellum_cortex": (0.55, 0.50, 0.74, 0.60),
    "brain_stem": (0.73, 0.42, 0.62, 0.52),
    "spinal_cord": (0.70, 0.42, 0.60, 0.50),
    "cortical_bone": (0.08, 0.05, 0.08, 0.06),
    "cancellous_bone": (0.60, 0.38, 0.50, 0.38),
    "eye": (0.14, 0.95, 0.80, 0.12),
    "air": (0.02, 0.02, 0.02, 0.02),
    "skin": (0.55, 0.38, 0.50, 0.38),
    "scalp": (0.85, 0.50, 0.65, 0.52),
    "soft_tissue": (0.55, 0.34, 0.50, 0.38),
    "subcutaneous": (0.85, 0.50, 0.65, 0.52),
    "eye_muscle": (0.48, 0.28, 0.50, 0.40),
    "mucosa": (0.52, 0.75, 0.75, 0.70),
    "artery": (0.40, 0.08, 0.20, 0.10),
    "vein": (0.35, 0.20, 0.35, 0.25),
    "optic_nerve": (0.66, 0.42, 0.60, 0.52),
    "fat": (0.95, 0.62, 0.70, 0.62),
    "muscle": (0.42, 0.22, 0.45, 0.34),
    "marrow": (0.80, 0.50, 0.60, 0.50),
    "tongue": (0.52, 0.34, 0.52, 0.42),
    "joint_disc": (0.28, 0.15, 0.30, 0.20),
    "vertebral_disc": (0.42, 0.50, 0.60, 0.45),
}
PRIOR = np.array([_BRIGHTNESS[name] for name in NAMES], np.float32).T

# how far the brightness of a tissue strays from the prior (standard deviation)
_LOOSE = {
    "artery": 0.25, "vein": 0.20, "fat": 0.15, "marrow": 0.20, "cancellous_bone": 0.18,
    "scalp": 0.16, "subcutaneous": 0.16, "skin": 0.14, "mucosa": 0.15, "lesion": 0.12,
    "choroid_plexus": 0.15, "tongue": 0.10, "vertebral_disc": 0.15, "csf": 0.06,
    "cortical_bone": 0.06, "background": 0.01, "air": 0.02,
}  # fmt: skip
JITTER = np.array([_LOOSE.get(name, 0.06) for name in NAMES], np.float32)


@dataclass(frozen=True, eq=False)
class Contrast:
    """Mean and spread of every tissue of ``NAMES``."""

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]


def draw_contrast(rng: np.random.Generator, *, plausible: float) -> Contrast:
    """Return the brightness of every tissue.

    Parameters
    ----------
    rng
        Source of chance.
    plausible
        Share of contrasts that look like a weighting in use.
    """
    n = len(NAMES)
    if rng.random() < plausible:
        prior = PRIOR[rng.choice(len(WEIGHTINGS), p=(0.6, 0.18, 0.1, 0.12))]
        mean = prior + JITTER * rng.standard_normal(n)
        if rng.random() < 0.15:  # fat suppression
            mean[[FAT, MARROW, NAMES.index("scalp"), NAMES.index("subcutaneous")]] *= 0.35
        spread = rng.uniform(0.01, 0.06, n)
    else:
        mean = rng.uniform(0.0, 1.0, n)
        spread = rng.uniform(0.0, 0.12, n)
        mean[0] = rng.uniform(0.0, 0.05) if rng.random() < 0.8 else rng.uniform(0.0, 0.5)
    return _tied(mean.astype(np.float32), spread.astype(np.float32), rng)


def _tied(
    mean: NDArray[np.float32], spread: NDArray[np.float32], rng: np.random.Generator
) -> Contrast:
    """Return the contrast with tissues made alike that often are."""
    for name, like, share in (
        ("air", "background", 0.85),
        ("corpus_callosum", "white_matter", 0.7),
        ("lesion", "white_matter", 0.6),
        ("choroid_plexus", "ventricle", 0.5),
        ("csf", "ventricle", 0.5),
        ("cerebellum_cortex", "cortex", 0.4),
        ("cerebellum_white", "white_matter", 0.4),
        ("spinal_cord", "brain_stem", 0.5),
        ("scalp", "fat", 0.4),
        ("subcutaneous", "fat", 0.5),
        ("scalp", "skin", 0.3),
        ("soft_tissue", "muscle", 0.4),
        ("tongue", "muscle", 0.4),
        ("optic_nerve", "white_matter", 0.4),
    ):
        if rng.random() < share:
            mean[NAMES.index(name)] = mean[NAMES.index(like)]
            spread[NAMES.index(name)] = spread[NAMES.index(like)]
    if rng.random() < 0.5:
        spread[0] = 0.0
    return Contrast(np.clip(mean, 0.0, None), spread)
