"""From tissues to the brightness that a pulse sequence gives them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Labels, LabelTable, Volume, anatomy_table
from anatwin.phantoms.tissue import (
    FieldStrength,
    Substance,
    substances,
    tissue_list,
)

Contrast = Literal["t1", "t2", "pd"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sequence:
    """Timing of a pulse sequence. With a flip angle it is a spoiled gradient echo.

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

    def brightness(self, substance: Substance) -> float:
        """Return the steady-state signal of a substance (Haacke et al. 1999, chapters 8 and 18)."""
        recovery = np.exp(-self.tr_ms / substance.t1_ms)
        if self.flip_rad is None:
            decay = np.exp(-self.te_ms / substance.t2_ms)
            return float(substance.proton_density * (1 - recovery) * decay)
        decay = np.exp(-self.te_ms / substance.t2star_ms)
        sine, cosine = np.sin(self.flip_rad), np.cos(self.flip_rad)
        return float(
            substance.proton_density * decay * sine * (1 - recovery) / (1 - cosine * recovery)
        )


_FATTY = ("fat", "marrow")


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighting:
    """What decides a tissue's brightness and where its fat appears."""

    contrast: Contrast = "t1"
    """Weighting: T1 (gradient echo), T2 or proton density (spin echoes)."""

    field_t: FieldStrength = "3"
    """Strength of the magnet's field [T]."""

    fat_shift_voxels: float = 0.0
    """How many voxels farther along the readout fat appears than water does: its shift of 3.4 ppm
    over the bandwidth of a voxel."""


SEQUENCES: dict[Contrast, Sequence] = {
    "t1": Sequence(tr_ms=20.0, te_ms=3.0, flip_rad=0.35),
    "t2": Sequence(tr_ms=5000.0, te_ms=90.0),
    "pd": Sequence(tr_ms=4000.0, te_ms=15.0),
}


def signal(
    labels: Labels, contrast: Contrast = "t1", *, field_t: FieldStrength = "3", seed: int = 0
) -> Volume:
    """Return the image that a sequence makes of a tissue map or of a structure map.

    White matter is 1 in average tissue. Every substance's brightness varies by 3 % from person to
    person, and noise, coils and blurring are left to the scanner.

    Parameters
    ----------
    labels
        Tissues, structures of ``anatomy_table``, or coarse ones of ``head_table``.
    contrast
        Which weighting.
    field_t
        Strength of the magnet.
    seed
        Which person.
    """
    values = brightness(labels.table, contrast, field_t=field_t, seed=seed)
    return Volume(values[labels.data], labels.grid)


def brightness(
    table: LabelTable, contrast: Contrast, *, field_t: FieldStrength = "3", seed: int = 0
) -> NDArray[np.float32]:
    """Return the brightness of every number of a table, background included."""
    sequence, known = SEQUENCES[contrast], substances(field_t)
    rng = np.random.default_rng(seed)
    values = {
        name: sequence.brightness(substance) * rng.normal(1, 0.03)
        for name, substance in known.items()
    }
    made_of = _made_of(table)
    bright = np.zeros(max(table.indices) + 1, np.float32)
    for label in table.labels:
        bright[label.index] = values[made_of[label.name]]
    return bright / np.float32(sequence.brightness(known["white_matter"]))


def fat_numbers(table: LabelTable) -> NDArray[np.bool_]:
    """Tell of every number of a table whether its signal comes from fat, ``number``."""
    made_of = _made_of(table)
    fatty = np.zeros(max(table.indices) + 1, bool)
    for label in table.labels:
        fatty[label.index] = made_of[label.name] in _FATTY
    return fatty


def _made_of(table: LabelTable) -> dict[str, str]:
    """Return the substance of every name; a coarse structure looks as its first tissue does."""
    anatomy = anatomy_table()
    made_of: dict[str, str] = {}
    for tissue in tissue_list():
        for name in (tissue.name, anatomy[tissue.label].parent):
            made_of.setdefault(name, tissue.substance)
    made_of.update({tissue.name: tissue.substance for tissue in tissue_list()})
    # What a virtual head does not draw by itself looks as the structure that it is part of.
    return {x.name: made_of.get(x.name) or made_of[x.parent] for x in table.labels}
