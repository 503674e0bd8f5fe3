"""Closed surfaces known by their distance from a middle in every direction.

The tables hold medians over eight adults' label maps (Billot et al. 2023,
doi:10.1016/j.media.2023.102789) and their mirror images, brought to one place and size by the
middles of 26 structures, smoothed: one row for every elevation from straight down to straight up,
one column for every azimuth from the front to the back, symmetric.
"""

from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anatwin.phantoms.shapes import Field, Points, Position

_FINE = 4
"""Steps of the look-up table in a degree: its nearest entry is at most 0.25 mm off."""

_MIDDLES: dict[str, Position] = {
    "skin": (0, 20, -30),
    "brain_case": (0, -5, 0),
    "vault": (0, -5, 0),
}


class Outline(NamedTuple):
    """Radii [mm] and the cosine of the surface's slope, ``elevation azimuth``, about a middle."""

    middle: Position
    radii: NDArray[np.float32]
    cosines: NDArray[np.float32]

    def __call__(self, points: Points) -> Field:
        """Return the distance to the surface, exact to first order near it."""
        (i, j), r = self.direction(points)
        return (r - self.radii[i, j]) * self.cosines[i, j]

    def direction(
        self, points: Points
    ) -> tuple[tuple[NDArray[np.int32], NDArray[np.int32]], Field]:
        """Return the entry of the tables in the direction of every point, and its distance."""
        x, y, z = (p - np.float32(m) for p, m in zip(points, self.middle, strict=True))
        across = x * x + y * y
        degree = np.float32(_FINE * 180 / np.pi)
        i = (np.arctan2(z, np.sqrt(across)) * degree + np.float32(90 * _FINE + 0.5)).astype(
            np.int32
        )
        j = (np.arctan2(np.abs(x), y) * degree + np.float32(0.5)).astype(np.int32)
        return (i, j), np.sqrt(across + z * z)


@cache
def outline(name: Literal["skin", "brain_case", "vault"]) -> Outline:
    """Return a measured surface: the skin without ears, the brain case's inside or outside."""
    from scipy.ndimage import zoom

    path = files("anatwin.phantoms").joinpath(f"outline_{name}.tsv")
    coarse = np.array([line.split() for line in path.read_text("utf-8").splitlines()], float)
    around = np.concatenate([coarse[:, 4:0:-1], coarse, coarse[:, -2:-6:-1]], axis=1)
    steps = 180 * _FINE // (len(coarse) - 1)
    n = len(coarse) - 1
    fine = zoom(around, ((n * steps + 1) / (n + 1), ((n + 8) * steps + 1) / (n + 9)), order=3)
    step = np.radians(1 / _FINE)
    up, side = np.gradient(fine, step)
    level = np.cos(np.radians(np.linspace(-90, 90, len(fine))))[:, None]
    slope = np.hypot(up, side / np.maximum(level, 0.2)) / fine
    middle = slice(4 * steps, 4 * steps + 180 * _FINE + 1)
    radii, cosines = fine[:, middle], (1 / np.hypot(1, slope))[:, middle]
    return Outline(_MIDDLES[name], radii.astype(np.float32), cosines.astype(np.float32))
