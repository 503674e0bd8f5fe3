"""Curves through k-space, in cycles per voxel: ``shot sample 2``, at most 0.5 from the centre."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Knot = tuple[float, float]

_FINE = 40

GOLDEN_ANGLE_RAD = float(np.pi * (5**0.5 - 1) / 2)
"""Golden fraction of half a turn, 111.25 degrees (Winkelmann et al. 2007,
doi:10.1109/TMI.2006.885337)."""


def radial_trajectory(n_spokes: int, n_samples: int, *, golden: bool) -> Array:
    """Return straight lines through the centre.

    Parameters
    ----------
    n_spokes
        Number of lines.
    n_samples
        Samples along each; the one at index ``n // 2`` is the centre.
    golden
        Turn by the golden angle from line to line, so that any run of lines covers k-space
        nearly evenly; otherwise by equal parts of half a turn.
    """
    step = GOLDEN_ANGLE_RAD if golden else np.pi / n_spokes
    angle = step * np.arange(n_spokes)
    along = (np.arange(n_samples) - n_samples // 2) / n_samples
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return direction[:, None, :] * along[:, None]


def spiral_trajectory(n_shots: int, spacing: float, *, knots: Sequence[Knot]) -> Array:
    """Return spirals from the centre outwards, each turned by an equal part of a turn.

    Samples are evenly spaced along the curve. Limits of the gradients are not modelled.

    Parameters
    ----------
    n_shots
        Number of spirals.
    spacing
        Length of the curve from sample to sample [cycles per voxel].
    knots
        Turns and the radius [cycles per voxel] reached after them, from ``(0, 0)`` on; between
        two knots the windings are evenly spaced, so two of them make an Archimedean spiral.
    """
    turns, radii = (np.array(values, float) for values in zip(*knots, strict=True))
    fine = np.linspace(0, turns[-1], 2 + int(_FINE * turns[-1] * radii[-1] / spacing))
    curve = np.interp(fine, turns, radii) * np.exp(2j * np.pi * fine)
    length = np.concatenate([[0], np.cumsum(np.abs(np.diff(curve)))])
    where = np.interp(np.arange(0, length[-1], spacing), length, fine)
    arm = np.interp(where, turns, radii) * np.exp(2j * np.pi * where)
    shots = arm * np.exp(2j * np.pi * np.arange(n_shots) / n_shots)[:, None]
    return np.stack([shots.real, shots.imag], axis=-1)
