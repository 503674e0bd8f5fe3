"""The search for a rigid motion: candidates from a lattice, refined from coarse to fine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.align.global_rigid import GlobalRigid
from anatwin.align.stack import Stack
from anatwin.core import QualityError, track
from anatwin.ops.rigid_fit import Fit, Points, fitted
from anatwin.ops.rigid_motion import rotation_lattice
from anatwin.ops.shift_search import ShiftSearch
from anatwin.ops.warp import warped

Matrix = NDArray[np.float64]

_SEARCH, _COARSE, _MIDDLE, _FINE = 21, 32, 64, 128
"""Points along the longest edge at each resolution."""
_TRIALS = 3
_CONFIDENCE = 0.25
"""Width of the weight about each slice at the finest resolution, in slice distances."""


@dataclass(frozen=True, eq=False)
class Search:
    """Two scans and how to search for the motion between them."""

    method: GlobalRigid
    fixed: Stack
    moving: Stack

    def found(self) -> Fit:
        """Return the best motion.

        Raises
        ------
        QualityError
            If the scans overlap too little.
        """
        return self._refined(self._starts())

    def _starts(self) -> list[Matrix]:
        """Return the motions that correlate best on the lattice of turns."""
        fixed, moving = self.fixed, self.moving
        spacing = _spacing(fixed, moving, _SEARCH)
        sigma = _isotropic_sigma(fixed, moving, spacing)
        one, other = (stack.smoothed(spacing, sigma) for stack in (fixed, moving))
        image, lattice = _surrounded(
            fixed.image(one, self.method.similarity).values, self.method.shift_mm / spacing
        )
        lattice = one.grid.matrix @ lattice
        sought = moving.image(other, self.method.similarity).values
        search = ShiftSearch(
            *image,
            reach=round(self.method.shift_mm / spacing),
            overlap=self.method.overlap * min(1.0, other.data.size / one.data.size),
        )
        turns = rotation_lattice(
            np.radians(self.method.rotation_deg), np.radians(self.method.rotation_step_deg)
        )
        scored = []
        for turn in track(turns, "trying rotations"):
            motion = np.eye(4)
            motion[:3, :3] = turn
            motion[:3, 3] = moving.centre - turn @ fixed.centre
            index = np.linalg.inv(other.grid.matrix) @ motion @ lattice
            for shift in search.best(*warped(sought, index, image[0].shape)):
                back = np.eye(4)
                back[:3, 3] = -lattice[:3, :3] @ shift.voxels
                scored.append((shift.correlation, motion @ back))
        scored.sort(key=lambda item: -item[0])
        return [motion for _, motion in scored[: self.method.candidates]]

    def _refined(self, starts: list[Matrix]) -> Fit:
        """Return the best of the candidates, refined from coarse to fine."""
        fixed, moving = self.fixed, self.moving
        spacing = _spacing(fixed, moving, _COARSE)
        sigma = _isotropic_sigma(fixed, moving, spacing)
        one, other = (
            stack.image(stack.smoothed(spacing, sigma), self.method.similarity)
            for stack in (fixed, moving)
        )
        points = _points(fixed, spacing)
        fits = [
            fitted(one, other, points, start=start, iterations=10, tolerance_mm=0.03 * spacing)
            for start in track(starts, "refining candidates")
        ]
        fits = [fit for fit in fits if fit.overlap >= self.method.overlap / 2]
        if not fits:
            raise QualityError("The scans do not overlap enough to be aligned.")
        best = _distinct(sorted(fits, key=lambda fit: -fit.correlation), spacing, fixed)[:_TRIALS]
        middle = [self._crossed(fit.motion, _MIDDLE) for fit in best]
        winner = max(middle, key=lambda fit: fit.correlation)
        return self._crossed(winner.motion, _FINE)

    def _crossed(self, motion: Matrix, n_points: int) -> Fit:
        """Return the refined motion, each scan blurred as the other's slices blur."""
        fixed, moving = self.fixed, self.moving
        is_fine = n_points == _FINE
        spacing = max(_spacing(fixed, moving, n_points), min(fixed.grid.spacing_mm))
        # At slice centres only the slices' thickness blurs, in between interpolation does too.
        share = np.sqrt(1 / 12) + _CONFIDENCE / 4 if is_fine else 0.5
        turn = motion[:3, :3]
        one = fixed.crossed(spacing, turn.T @ moving.normal, share * moving.distance_mm)
        other = moving.crossed(spacing, turn @ fixed.normal, share * fixed.distance_mm)
        confidence = _CONFIDENCE if is_fine else np.inf
        return fitted(
            fixed.image(one, self.method.similarity, confidence),
            moving.image(other, self.method.similarity, confidence),
            _points(fixed, spacing * (2 if is_fine else 1.5)),
            start=motion,
        )


def _spacing(fixed: Stack, moving: Stack, n_points: int) -> float:
    return float(max(fixed.edges_mm.max(), moving.edges_mm.max()) / n_points)


def _isotropic_sigma(fixed: Stack, moving: Stack, spacing_mm: float) -> float:
    """Return the blur [mm] that slices and lattice force on both scans."""
    return max(fixed.distance_mm / 2, moving.distance_mm / 2, spacing_mm)


def _points(stack: Stack, spacing_mm: float) -> Points:
    """Return the lattice over a scan's box, about its centre."""
    grid = stack.lattice(spacing_mm)
    matrix = grid.matrix
    matrix[:3, 3] -= stack.centre
    return Points(grid.shape, matrix, stack.centre)


def _surrounded(
    values: NDArray[np.float32], reach: float
) -> tuple[tuple[NDArray[np.float32], NDArray[np.float32]], Matrix]:
    """Return image and mask amid zeros, and the map from an index there to the image's."""
    from scipy.fft import next_fast_len

    shape = [next_fast_len(int(n + 2 * np.ceil(reach)), real=True) for n in values.shape]
    before = [(m - n) // 2 for m, n in zip(shape, values.shape, strict=True)]
    widths = [(b, m - n - b) for b, m, n in zip(before, shape, values.shape, strict=True)]
    lattice = np.eye(4)
    lattice[:3, 3] = [-b for b in before]
    return (np.pad(values, widths), np.pad(np.ones_like(values), widths)), lattice


def _distinct(fits: list[Fit], spacing_mm: float, stack: Stack) -> list[Fit]:
    """Return the fits, without those that move the box's corners as a better one does."""
    corners = np.array(np.meshgrid(*([[-1.0, 1.0]] * 3))).reshape(3, -1)
    corners = corners * stack.edges_mm[:, None] / 2 + stack.centre[:, None]
    kept: list[Fit] = []
    for fit in fits:
        moves = [
            np.abs((fit.motion - other.motion)[:3] @ np.vstack([corners, np.ones(8)])).max()
            for other in kept
        ]
        if all(move > spacing_mm for move in moves):
            kept.append(fit)
    return kept
