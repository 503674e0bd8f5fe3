"""From tissues to the brightness that a pulse sequence gives them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Labels, Volume
from anatwin.phantoms.tissue import Tissue, tissue_list

Contrast = Literal["t1", "t2", "pd"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sequence:
    """Timing of a pulse sequence. A flip angle of 90 degrees or less is a spoiled gradient echo.

    Parameters
    ----------
    tr_ms, te_ms
        Repetition and echo time [ms].
    flip_rad
        Flip angle [rad]; None for a spin echo.
    """

    tr_ms: float
    te_ms: float
    flip_rad: float | None = None

    def brightness(self, tissue: Tissue) -> float:
        """Return the steady-state signal of a tissue (Haacke et al. 1999, chapters 8 and 18)."""
        recovery = np.exp(-self.tr_ms / tissue.t1_ms)
        decay = np.exp(-self.te_ms / tissue.t2_ms)
        if self.flip_rad is None:
            return float(tissue.proton_density * (1 - recovery) * decay)
        sine, cosine = np.sin(self.flip_rad), np.cos(self.flip_rad)
        return float(
            tissue.proton_density * decay * sine * (1 - recovery) / (1 - cosine * recovery)
        )


SEQUENCES: dict[Contrast, Sequence] = {
    "t1": Sequence(tr_ms=20.0, te_ms=3.0, flip_rad=0.35),
    "t2": Sequence(tr_ms=5000.0, te_ms=90.0),
    "pd": Sequence(tr_ms=4000.0, te_ms=15.0),
}


def signal(labels: Labels, contrast: Contrast = "t1", *, seed: int = 0) -> Volume:
    """Return the image that a sequence makes of a tissue map or of a structure map.

    White matter is 1 in a T1-weighted image of average tissue. Every tissue's brightness varies by
    3 % from person to person, and noise, coils and blurring are left to the scanner.

    Parameters
    ----------
    labels
        Tissues, numbered as in ``tissue_table``, or structures, numbered as in ``head_table``.
    contrast
        Which weighting.
    seed
        Which person.
    """
    return Volume(brightness(contrast, seed=seed)[labels.data], labels.grid)


def brightness(contrast: Contrast, *, seed: int = 0) -> NDArray[np.float32]:
    """Return the brightness of every tissue number, background included, ``tissue``."""
    sequence, tissues = SEQUENCES[contrast], tissue_list()
    by_structure = np.random.default_rng(seed).normal(1, 0.03, len(tissues) + 1)
    values = np.zeros(len(tissues) + 1, np.float32)
    pairs = {t.name: t.index for t in tissues}
    for tissue in tissues:
        same = pairs[tissue.name.replace("_right", "_left")]
        values[tissue.index] = sequence.brightness(tissue) * by_structure[same]
    return values / np.float32(sequence.brightness(tissues[0]))
