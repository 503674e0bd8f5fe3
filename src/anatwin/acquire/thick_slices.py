"""Stacks of thick slices, as most clinical scans are."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, Transform, UsageError, Volume, track

Matrix = NDArray[np.float64]

_IN_PLANE_AXES = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}
_FWHM_OF_SIGMA = 2.3548
_GAUSSIAN_REACH = 3.0
"""Where a Gaussian profile is cut off, in full widths at half maximum."""
_WAVES = 3
"""Number of sines that bend the intensities."""


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """One stack of slices, and where each of them really was.

    Parameters
    ----------
    volume
        What was measured, on the grid that the scanner believes in.
    transform
        From the world of that grid to the world of the scanned volume: the person's pose.
    slices
        The same for every slice, with the motion between slices.
    """

    volume: Volume
    transform: Transform
    slices: tuple[Transform, ...]


@dataclass(frozen=True, kw_only=True)
class ThickSlices:
    """Scan a stack of thick slices of a person who has moved since the last one.

    The stack covers the volume's field of view and shares its centre. What is drawn at random
    depends on the seed and on the volume's grid alone: a mask on the same grid that is scanned
    with the same seed, without noise and contrast, shows the same person in the same pose.
    """

    direction: str = "axial"
    """Axial, coronal or sagittal, or the slices' normal as x,y,z in RAS+."""
    distance_mm: float = 8.0
    """From one slice centre to the next."""
    thickness_mm: float | None = None
    """Width of a slice's profile, full at half maximum; the distance of the slices otherwise."""
    in_plane_mm: float | None = None
    """Pixel size; the volume's smallest voxel edge otherwise."""
    profile: Literal["boxcar", "gaussian"] = "boxcar"
    """How a slice weighs what lies within its thickness."""
    rotation_deg: float = 0.0
    """Largest turn of the person about each axis."""
    shift_mm: float = 0.0
    """Largest shift of the person along each axis."""
    slice_rotation_deg: float = 0.0
    """Standard deviation of the further turn of each slice about each axis."""
    slice_shift_mm: float = 0.0
    """Standard deviation of the further shift of each slice along each axis."""
    contrast: float = 0.0
    """How far a random smooth curve bends the intensities; above 0.3 it may fall in places."""
    noise: float = 0.0
    """Standard deviation of Gaussian noise, as a share of the volume's 99th percentile."""
    seed: int = 0
    """Which motion, contrast and noise."""

    def __post_init__(self) -> None:
        _slice_axes(self.direction)
        lengths = (self.distance_mm, self.thickness_mm, self.in_plane_mm)
        if any(length is not None and not length > 0 for length in lengths):
            raise UsageError(f"ThickSlices needs lengths above 0 mm, got {lengths}.")
        spreads = (self.rotation_deg, self.shift_mm, self.slice_rotation_deg, self.slice_shift_mm)
        if min(*spreads, self.contrast, self.noise) < 0:
            raise UsageError("ThickSlices needs motion, contrast and noise of 0 or more.")

    def __call__(self, volume: Volume) -> View:
        """Return the stack, and the pose that the person had in every slice.

        Raises
        ------
        InputError
            If the field of view is thinner than half a slice.
        """
        rng = np.random.default_rng(self.seed)
        grid = self._grid(volume.grid)
        pose, poses = self._poses(rng, _centre_mm(volume.grid), grid.shape[2])
        shown = self._bent(np.asarray(volume.magnitude().data, np.float32), rng)
        data = self._sampled(Volume(shown, volume.grid), grid, poses)
        if self.noise:
            level = self.noise * float(np.percentile(shown, 99))
            data += level * rng.standard_normal(data.shape, np.float32)
        return View(
            Volume(data, grid),
            Transform.from_matrix(pose),
            tuple(Transform.from_matrix(where) for where in poses),
        )

    def slab(self, step_mm: float) -> tuple[Matrix, Matrix]:
        """Return where a slice's profile is sampled [mm from its centre], and the weights.

        The samples lie symmetrically about the centre, at most ``step_mm`` apart.
        """
        width = self.thickness_mm or self.distance_mm
        length = width if self.profile == "boxcar" else _GAUSSIAN_REACH * width
        n = int(np.ceil(length / step_mm - 1e-9))
        offsets = np.linspace(-1, 1, 2 * n + 1)[1::2] * (length / 2)
        sigma = width / _FWHM_OF_SIGMA
        falls = np.exp(-((offsets / sigma) ** 2) / 2)
        weights = np.ones(n) if self.profile == "boxcar" else falls
        return offsets, np.asarray(weights / weights.sum(), np.float64)

    def _grid(self, source: Grid) -> Grid:
        """Return the lattice of the stack: it covers the source's box and shares its centre."""
        axes = _slice_axes(self.direction)
        pixel = self.in_plane_mm or min(source.spacing_mm)
        steps = np.array([pixel, pixel, self.distance_mm])
        edges = source.matrix[:3, :3] * source.shape
        shape = np.rint(np.abs(axes.T @ edges).sum(axis=1) / steps).astype(int)
        if shape[2] < 1:
            raise InputError(
                f"The volume is too thin for slices of {self.distance_mm:g} mm {self.direction}."
            )
        matrix = np.eye(4)
        matrix[:3, :3] = axes * steps
        matrix[:3, 3] = _centre_mm(source) - matrix[:3, :3] @ ((shape - 1) / 2)
        return Grid.from_matrix(shape, matrix, source.frame)

    def _poses(
        self, rng: np.random.Generator, centre: Matrix, n: int
    ) -> tuple[Matrix, list[Matrix]]:
        """Draw the pose of the stack, and that of each of its ``n`` slices."""
        limits = np.array([[self.rotation_deg], [self.shift_mm]])
        spreads = np.array([[self.slice_rotation_deg], [self.slice_shift_mm]])
        pose = _rigid(rng.uniform(-limits, limits, (2, 3)), centre)
        return pose, [pose @ _rigid(rng.normal(size=(2, 3)) * spreads, centre) for _ in range(n)]

    def _bent(self, data: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return the intensities after a random smooth curve that keeps 0 and the maximum."""
        heights = rng.uniform(-1, 1, _WAVES) / np.arange(1, _WAVES + 1)
        largest = float(data.max(initial=0))
        if not self.contrast or largest <= 0:
            return data
        share = data / np.float32(largest)
        waves = sum(h * np.sin(np.pi * n * share) for n, h in enumerate(heights, start=1))
        return (largest * np.abs(share + self.contrast * waves)).astype(np.float32)

    def _sampled(self, source: Volume, grid: Grid, poses: list[Matrix]) -> NDArray[np.float32]:
        """Return the slices ``i j k``: cubic splines, weighed by the profile."""
        from scipy.ndimage import affine_transform, spline_filter

        splines = spline_filter(source.data, order=3, output=np.float32)
        offsets, weights = self.slab(min(source.grid.spacing_mm))
        lattice = np.eye(4)
        lattice[2, 2] = (offsets[-1] - offsets[0]) / max(len(offsets) - 1, 1) / self.distance_mm
        data = np.empty(grid.shape, np.float32)
        for k, pose in enumerate(track(poses, "thick slices")):
            lattice[2, 3] = k + offsets[0] / self.distance_mm
            index = np.linalg.inv(source.grid.matrix) @ pose @ grid.matrix @ lattice
            data[:, :, k] = affine_transform(
                splines,
                index[:3, :3],
                index[:3, 3],
                output_shape=(*grid.shape[:2], len(offsets)),
                output=np.float32,
                mode="grid-constant",
                prefilter=False,
            ) @ weights.astype(np.float32)
        return data


def _slice_axes(direction: str) -> Matrix:
    """Return two in-plane directions and the normal, as columns."""
    if direction in _IN_PLANE_AXES:
        return np.eye(3)[:, _IN_PLANE_AXES[direction]]
    try:
        normal = np.array([float(part) for part in direction.split(",")])
    except ValueError:
        normal = np.zeros(3)
    if normal.shape != (3,) or not 0 < np.abs(normal).max() < np.inf:
        known = ", ".join(_IN_PLANE_AXES)
        raise UsageError(f"ThickSlices.direction must be {known} or x,y,z, got {direction!r}.")
    normal = normal / np.linalg.norm(normal)
    first = np.cross(normal, np.eye(3)[np.abs(normal).argmin()])
    first /= np.linalg.norm(first)
    return np.column_stack([first, np.cross(normal, first), normal])


def _centre_mm(grid: Grid) -> Matrix:
    """Return the position of a grid's centre [mm]."""
    return np.array(grid.at(*((n - 1) / 2 for n in grid.shape)))


def _rigid(motion: Matrix, centre: Matrix) -> Matrix:
    """Return the 4 x 4 map of three turns [degree] about a point, then three shifts [mm]."""
    from scipy.spatial.transform import Rotation

    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", motion[0], degrees=True).as_matrix()
    matrix[:3, 3] = centre + motion[1] - matrix[:3, :3] @ centre
    return matrix
