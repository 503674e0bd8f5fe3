"""The rigid motion that correlates two images best, from a start nearby.

Both images are interpolated half-way between them, so that neither is smoothed more than the other
and exchanging them gives the inverse. One pass over the points gathers every sum that the
correlation and a Gauss-Newton step of it need.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled
from anatwin.ops.rigid_motion import halved, rigid
from anatwin.ops.warp import trilinear

Array = NDArray[Any]
Matrix = NDArray[np.float64]

_SMALLEST_WEIGHT = 0.02
_ROWS = 15
"""One, two values and the slope of each by three shifts and three turns."""


@dataclass(frozen=True, eq=False)
class Image:
    """An image in its world, and the slices that it was made from.

    Parameters
    ----------
    values
        ``i j k``, single precision.
    index
        From a position to an index, 4 x 4.
    slices
        From a position to a slice number, four numbers.
    n_slices
        Number of slices; a point more than half a slice beyond them does not count.
    confidence
        Standard deviation, in slice distances, of the weight about each slice; infinity weighs
        all points alike.
    """

    values: Array
    index: Matrix
    slices: Matrix
    n_slices: int
    confidence: float = np.inf


@dataclass(frozen=True, eq=False)
class Points:
    """Where images are compared: a lattice about a centre of the fixed world.

    Parameters
    ----------
    shape
        Number of points.
    lattice
        From an index to an offset from the centre [mm], 4 x 4.
    centre
        Position in the fixed world [mm].
    """

    shape: tuple[int, int, int]
    lattice: Matrix
    centre: Matrix


class Fit(NamedTuple):
    """A motion from the fixed to the moving world, its correlation and the share of points."""

    motion: Matrix
    correlation: float
    overlap: float


def fitted(
    fixed: Image,
    moving: Image,
    points: Points,
    *,
    start: Matrix,
    iterations: int = 15,
    tolerance_mm: float = 0.01,
) -> Fit:
    """Return the motion near ``start`` with the largest correlation.

    Parameters
    ----------
    fixed, moving
        The images.
    points
        Where to compare them.
    start
        First motion, from the fixed to the moving world, 4 x 4.
    iterations
        Gauss-Newton steps at most, damped where one fails.
    tolerance_mm
        Stop when a step moves no point by more.
    """
    radius = float(np.linalg.norm(points.lattice[:3, :3] @ points.shape)) / 4
    motion, damping = start, 1e-3
    sums, n = _gathered(fixed, moving, points, motion)
    best = correlation(sums)
    for _ in range(iterations):
        if best <= -1 or damping > 100:
            break
        step = _gauss_newton(sums, damping)
        trial = _advanced(motion, points.centre, step)
        trial_sums, trial_n = _gathered(fixed, moving, points, trial)
        reached = correlation(trial_sums)
        if reached <= best - 1e-7:
            damping = max(damping * 10, 1e-2)
            continue
        motion, sums, n, damping = trial, trial_sums, trial_n, max(damping / 5, 1e-4)
        best = max(best, reached)
        if np.abs(step[:3]).max() + radius * np.abs(step[3:]).max() < tolerance_mm:
            break
    return Fit(motion, best, n / float(np.prod(points.shape)))


def correlation(sums: Matrix) -> float:
    """Return the correlation coefficient that gathered sums hold; -1 where there is none."""
    if sums[0, 0] <= 0:
        return -1.0
    (a, both), (_, b) = sums[1:3, 1:3] - np.outer(sums[1:3, 0], sums[0, 1:3]) / sums[0, 0]
    return float(both / np.sqrt(a * b)) if a * b > 1e-20 * (sums[1, 1] * sums[2, 2]) else -1.0


def _gathered(fixed: Image, moving: Image, points: Points, motion: Matrix) -> tuple[Matrix, int]:
    """Return the weighted sums of all products, ``row row``, and the number of points used."""
    half = halved(motion)
    back = np.linalg.inv(half)
    shift = np.eye(4)
    shift[:3, 3] = (half @ np.append(points.centre, 1))[:3]
    lattice = points.lattice.copy()
    lattice[:3] = half[:3, :3] @ points.lattice[:3]
    to_fixed, to_moving = back @ shift, half @ shift
    slices = np.zeros((2, 6))
    for row, image, to_world in zip(slices, (fixed, moving), (to_fixed, to_moving), strict=True):
        row[:4] = image.slices @ to_world
        row[4:] = image.n_slices, image.confidence
    index = np.stack([fixed.index @ to_fixed, moving.index @ to_moving])
    sums = np.zeros((_ROWS, _ROWS))
    geometry = np.concatenate([index, lattice[None]])
    n = _gather(fixed.values, moving.values, geometry, slices, points.shape, sums)
    upper = np.triu(sums)
    return upper + np.triu(sums, 1).T, n


def _gauss_newton(sums: Matrix, damping: float) -> Matrix:
    """Return the step, three shifts [mm] and three turns [rad], of the scaled difference."""
    spread = sums[1:, 1:] - np.outer(sums[1:, 0], sums[0, 1:]) / sums[0, 0]
    one, other = np.sqrt(spread[0, 0]), np.sqrt(spread[1, 1])
    design = np.zeros((_ROWS - 1, 7))
    design[2:8, :6], design[8:, :6] = -np.eye(6) / one, -np.eye(6) / other
    design[:2, 6] = 1 / one, 1 / other  # a common change of scale
    difference = np.zeros(_ROWS - 1)
    difference[:2] = 1 / one, -1 / other
    normal = design.T @ spread @ design
    damped = normal + np.diag(damping * np.diag(normal) + 1e-12 * np.trace(normal))
    return -np.linalg.solve(damped, design.T @ spread @ difference)[:6]


def _advanced(motion: Matrix, centre: Matrix, step: Matrix) -> Matrix:
    """Return the motion with a small one inserted half-way, about the points' centre there."""
    half = halved(motion)
    middle = np.eye(4)
    middle[:3, 3] = (half @ np.append(centre, 1))[:3]
    small = middle @ rigid(step[:3], step[3:]) @ np.linalg.inv(middle)
    return half @ small @ small @ half


@compiled
def _gather(
    fixed: Array,
    moving: Array,
    geometry: Array,
    slices: Array,
    shape: tuple[int, int, int],
    sums: Array,
) -> int:
    lattice = geometry[2]
    row, where, at, slope = np.ones(_ROWS), np.zeros(3), np.zeros(3), np.zeros(3)
    used = 0
    for i in range(shape[0]):
        for j in range(shape[1]):
            for k in range(shape[2]):
                for axis in range(3):
                    line = lattice[axis]
                    where[axis] = line[0] * i + line[1] * j + line[2] * k + line[3]
                weight = _weight(slices, where)
                if weight < _SMALLEST_WEIGHT:
                    continue
                if not _look(fixed, geometry[0], where, at, slope):
                    continue
                row[1] = at[0]
                _slopes(geometry[0], where, slope, row[3:9])
                if not _look(moving, geometry[1], where, at, slope):
                    continue
                row[2] = at[0]
                _slopes(geometry[1], where, slope, row[9:15])
                used += 1
                for p in range(_ROWS):
                    scaled = weight * row[p]
                    for q in range(p, _ROWS):
                        sums[p, q] += scaled * row[q]
    return used


@compiled
def _weight(slices: Array, where: Array) -> float:
    """Return how sure both images are of a point; 0 outside their slices."""
    weight = 1.0
    for n in range(2):
        line = slices[n]
        number = line[0] * where[0] + line[1] * where[1] + line[2] * where[2] + line[3]
        if number < -0.5 or number > line[4] - 0.5:
            return 0.0
        off = (number - np.round(number)) / line[5]
        weight *= np.exp(-off * off / 2)
    return weight


@compiled
def _look(values: Array, index: Array, where: Array, at: Array, slope: Array) -> bool:
    """Put the value at a point in ``at[0]`` and its slope by index in ``slope``."""
    for axis in range(3):
        line = index[axis]
        at[axis] = line[0] * where[0] + line[1] * where[1] + line[2] * where[2] + line[3]
    is_inside, value = trilinear(values, at, slope)
    at[0] = value
    return is_inside


@compiled
def _slopes(index: Array, where: Array, slope: Array, row: Array) -> None:
    """Put the slope of a value by three shifts and three turns in ``row``."""
    x, y, z = where
    a = slope[0] * index[0, 0] + slope[1] * index[1, 0] + slope[2] * index[2, 0]
    b = slope[0] * index[0, 1] + slope[1] * index[1, 1] + slope[2] * index[2, 1]
    c = slope[0] * index[0, 2] + slope[1] * index[1, 2] + slope[2] * index[2, 2]
    row[0], row[1], row[2] = a, b, c
    row[3], row[4], row[5] = c * y - b * z, a * z - c * x, b * x - a * y
