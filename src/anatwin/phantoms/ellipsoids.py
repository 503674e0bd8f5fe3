"""Objects made of ellipsoids, whose image and whose k-space are both closed formulas.

A test that needs k-space takes it from here instead of transforming an image: then the test and
what it tests cannot share a mistake, nor the discretisation (the 'inverse crime').
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, KSpace, Volume

Vector = tuple[float, float, float]
Real = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """One homogeneous ellipsoid.

    Parameters
    ----------
    centre_mm
        Position of its middle, RAS+ [mm].
    semi_mm
        Half its lengths [mm] along its own axes.
    turn_rad
        Rotations [rad] of its axes about right, then anterior, then superior.
    value
        Brightness, added to that of other ellipsoids at the same place.
    """

    centre_mm: Vector
    semi_mm: Vector
    turn_rad: Vector = (0.0, 0.0, 0.0)
    value: complex = 1.0

    @property
    def axes_mm(self) -> Real:
        """Its half-axes as columns, ``xyz axis``."""
        turn = np.eye(3)
        for angle, (a, b) in zip(self.turn_rad, ((1, 2), (2, 0), (0, 1)), strict=True):
            step = np.eye(3)
            step[a, a] = step[b, b] = np.cos(angle)
            step[b, a] = np.sin(angle)
            step[a, b] = -step[b, a]
            turn = step @ turn
        return turn * np.array(self.semi_mm)

    @property
    def integral(self) -> complex:
        """Value times volume [mm^3]."""
        return self.value * 4 / 3 * np.pi * float(np.prod(self.semi_mm))

    def contains(self, points: Real) -> NDArray[np.bool_]:
        """Tell which points [mm], ``... xyz``, are inside."""
        own = (points - np.array(self.centre_mm)) @ np.linalg.inv(self.axes_mm).T
        return np.einsum("...a,...a->...", own, own) <= 1

    def spectrum(self, frequencies: Real) -> Complex:
        """Return the continuous Fourier transform at ``... xyz`` [1/mm].

        It is the ball's, stretched (Koay et al. 2007, doi:10.1002/mrm.21292).
        """
        q = 2 * np.pi * np.linalg.norm(frequencies @ self.axes_mm, axis=-1)
        shift = np.exp(-2j * np.pi * (frequencies @ np.array(self.centre_mm)))
        return self.integral * _ball(q) * shift

    def section_spectrum(self, frequencies: Real, plane: "Plane") -> Complex:
        """Return the transform of the section with a plane at in-plane ``... uv`` [1/mm]."""
        shape = np.linalg.inv(self.axes_mm @ self.axes_mm.T)
        gap = plane.origin_mm - np.array(self.centre_mm)
        quadratic = plane.directions.T @ shape @ plane.directions
        middle = -np.linalg.solve(quadratic, plane.directions.T @ shape @ gap)
        level = 1 - gap @ shape @ gap + middle @ quadratic @ middle
        if level <= 0:
            return np.zeros(frequencies.shape[:-1], complex)
        spread = np.linalg.inv(quadratic) * level
        q = 2 * np.pi * np.sqrt(np.einsum("...a,ab,...b->...", frequencies, spread, frequencies))
        area = np.pi * np.sqrt(np.linalg.det(spread))
        shift = np.exp(-2j * np.pi * (frequencies @ middle))
        return self.value * area * _disc(q) * shift


@dataclass(frozen=True, eq=False, slots=True)
class Plane:
    """A plane: a point in it [mm] and two directions of length one as columns, ``xyz uv``."""

    origin_mm: Real
    directions: Real


@dataclass(frozen=True, eq=False, slots=True)
class FourierCoils:
    """Receive sensitivities that are sums of a few plane waves.

    Multiplying an object by a plane wave shifts its k-space, so what such a coil measures is
    still a closed formula (Guerquin-Kern et al. 2012, doi:10.1109/TMI.2011.2174158).

    Parameters
    ----------
    frequencies
        Of the plane waves, ``wave xyz`` [1/mm].
    weights
        Complex amplitudes, ``coil wave``.
    """

    frequencies: Real
    weights: Complex

    @classmethod
    def ring(cls, n_coils: int, extent_mm: float) -> "FourierCoils":
        """Return coils around the vertical axis, each stronger on its own side.

        ``extent_mm`` is the field of view; a wave is twice as long. Their sum of squares is not
        one everywhere.
        """
        angle = 2 * np.pi * np.arange(n_coils) / n_coils
        towards = np.stack([np.cos(angle), np.sin(angle), 0.5 * (-1.0) ** np.arange(n_coils)])
        sine = 0.35 * towards.T / 2j
        constant = np.full((n_coils, 1), 0.6)
        weights = np.concatenate([constant, sine, -sine], axis=1) * np.exp(0.7j * angle[:, None])
        waves = np.eye(3) / (2 * extent_mm)
        return cls(np.concatenate([np.zeros((1, 3)), waves, -waves]), weights)

    def maps(self, grid: Grid) -> NDArray[np.complex64]:
        """Return the sensitivities at every voxel, ``coil i j k``."""
        waves = np.exp(2j * np.pi * (positions(grid) @ self.frequencies.T))
        return np.einsum("cw,ijkw->cijk", self.weights, waves).astype(np.complex64)


ONE_COIL = FourierCoils(np.zeros((1, 3)), np.ones((1, 1), complex))
"""A single coil that is one everywhere."""


@dataclass(frozen=True, slots=True)
class Ellipsoids:
    """A sum of ellipsoids."""

    parts: tuple[Ellipsoid, ...]

    def image(self, grid: Grid, *, samples: int = 1) -> Volume:
        """Return the values at voxel centres, or means over ``samples`` points per axis."""
        steps = (np.arange(samples) + 0.5) / samples - 0.5
        total = np.zeros(grid.shape, np.result_type(*(p.value for p in self.parts)))
        for offset in product(steps, repeat=3):
            points = positions(grid) + grid.matrix[:3, :3] @ np.array(offset)
            for part in self.parts:
                total += part.value * part.contains(points)
        return Volume(total / samples**3, grid)

    def kspace(
        self, grid: Grid, *, coils: FourierCoils = ONE_COIL, slice_axis: int | None = None
    ) -> KSpace:
        """Return fully sampled, noise-free k-space in closed form.

        It is scaled as the unitary transform of the image's samples would be.

        Parameters
        ----------
        grid
            Where the image lies.
        coils
            Receive sensitivities; the result carries their maps.
        slice_axis
            Grid axis of ideally thin slices; None for a 3-D scan.
        """
        if slice_axis is None:
            data = self._volume(grid, coils)
        else:
            data = np.stack(
                [self._slice(grid, coils, (slice_axis, n)) for n in range(grid.shape[slice_axis])],
                axis=slice_axis + 1,
            )
        readout = 0 if slice_axis != 0 else 1
        samples = data.astype(np.complex64)
        full = np.ones((1, 1, 1), bool)
        return KSpace(samples, full, grid, readout, slice_axis, "synthetic", coils.maps(grid))

    def _volume(self, grid: Grid, coils: FourierCoils) -> Complex:
        """Return the samples of a 3-D scan, ``coil i j k``."""
        frequencies = encoded_frequencies(grid, (0, 1, 2))
        origin = np.array(grid.at(*(n // 2 for n in grid.shape)))
        waves = [
            sum(part.spectrum(frequencies - wave) for part in self.parts)
            for wave in coils.frequencies
        ]
        turn = np.exp(2j * np.pi * (frequencies @ origin)) / grid.voxel_mm3 / grid.n_voxels**0.5
        return np.einsum("cw,wijk->cijk", coils.weights, np.stack(waves) * turn)

    def _slice(self, grid: Grid, coils: FourierCoils, where: tuple[int, int]) -> Complex:
        """Return the samples of slice ``where`` (axis, number), ``coil u v``."""
        axis, number = where
        encoded = tuple(a for a in range(3) if a != axis)
        index = [n // 2 for n in grid.shape]
        index[axis] = number
        origin = np.array(grid.at(*index))
        basis, _ = np.linalg.qr(grid.matrix[:3, list(encoded)])
        plane = Plane(origin, basis)
        frequencies = encoded_frequencies(grid, encoded) @ basis
        waves = [
            np.exp(2j * np.pi * (wave @ origin))
            * sum(p.section_spectrum(frequencies - wave @ basis, plane) for p in self.parts)
            for wave in coils.frequencies
        ]
        pixel = np.linalg.norm(np.cross(*grid.matrix[:3, list(encoded)].T))
        scale = pixel * np.sqrt(grid.shape[encoded[0]] * grid.shape[encoded[1]])
        return np.einsum("cw,wuv->cuv", coils.weights, np.stack(waves) / scale)


def positions(grid: Grid) -> Real:
    """Return the position of every voxel [mm], ``i j k xyz``."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    return index @ grid.matrix[:3, :3].T + grid.matrix[:3, 3]


def encoded_frequencies(grid: Grid, axes: tuple[int, ...]) -> Real:
    """Return the spatial frequency [1/mm] of every sample along ``axes``, ``... xyz``."""
    steps = [(np.arange(grid.shape[a]) - grid.shape[a] // 2) / grid.shape[a] for a in axes]
    mesh = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1)
    return mesh @ np.linalg.pinv(grid.matrix[:3, list(axes)])


def head_ellipsoids() -> Ellipsoids:
    """Return a head-sized object that differs from all its mirror images and rotations.

    Scalp, skull and brain are nested; ventricles, an eye on one side only and small details of
    several sizes, turned about all axes, lie inside. It fits into 190 x 230 x 210 mm.
    """
    outer = Ellipsoid((0, 0, 0), (76, 100, 88), value=0.9)
    return Ellipsoids(
        (
            outer,
            replace(outer, semi_mm=(71, 95, 83), value=-0.7),
            Ellipsoid((0, -2, 3), (64, 87, 75), (0.05, 0.02, 0.03), 0.6),
            Ellipsoid((15, 8, 12), (8, 26, 14), (0.1, 0.25, -0.3), -0.5),
            Ellipsoid((-17, 2, 10), (9, 30, 12), (-0.1, -0.2, 0.35), -0.5),
            Ellipsoid((28, 60, -20), (11, 12, 10), (0.0, 0.3, 0.2), 0.45),
            Ellipsoid((-22, -48, -38), (24, 20, 15), (0.4, -0.2, 0.3), 0.2),
            Ellipsoid((-34, 34, 34), (7, 5, 9), (0.2, 0.5, 0.9), 0.3),
            Ellipsoid((38, -36, 22), (4, 6, 3), (0.7, 0.1, 0.4), 0.4),
            Ellipsoid((6, -70, 30), (3, 3, 4), value=0.4),
        )
    )


def _ball(q: Real) -> Real:
    """Return ``3 (sin q - q cos q) / q^3``, the transform of the unit ball over its volume."""
    safe = np.where(q < 1e-2, 1, q)
    series = 1 - q**2 / 10 + q**4 / 280
    return np.where(q < 1e-2, series, 3 * (np.sin(safe) - safe * np.cos(safe)) / safe**3)


def _disc(q: Real) -> Real:
    """Return ``2 J1(q) / q``, the transform of the unit disc over its area."""
    from scipy.special import j1

    safe = np.where(q < 1e-6, 1, q)
    return np.where(q < 1e-6, 1, 2 * j1(safe) / safe)
