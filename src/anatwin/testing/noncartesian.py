"""The contract of reconstruction along trajectories, run for each of its methods."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, NonCartesian, Volume
from anatwin.ops.trajectory import radial_trajectory
from anatwin.phantoms import FourierCoils, head_ellipsoids
from anatwin.phantoms.ellipsoids import Plane
from anatwin.testing.suites import known_image, known_scan, relative_error

_GRID = Grid.centred((74, 60, 3), (2.8, 4.2, 9.0))
_RING = FourierCoils.ring(8, 500.0)
_SPOKES = 70


class NonCartesianSuite:
    """What every method that reconstructs from ``NonCartesian`` must do.

    Set ``method``, and ``error``: the largest root mean square error of its magnitude, as a
    fraction of the object's, on a head of ellipsoids seen by eight coils along lines at golden
    angles, 0.6 of those that k-space needs at its edge. The samples come from closed formulas,
    never from a transformed image.
    """

    method: ClassVar[Callable[[NonCartesian], Volume]]
    error: ClassVar[float]
    is_complex: ClassVar[bool] = True

    def test_keeps_the_grid(self) -> None:
        """The image lies on the grid of the scan, in single precision."""
        scan = known_radial_scan()
        volume = type(self).method(scan)
        assert volume.grid == scan.grid
        assert volume.data.dtype == (np.complex64 if self.is_complex else np.float32)

    def test_finds_a_known_object(self) -> None:
        """The error is bounded, at the object's own scale."""
        image = type(self).method(known_radial_scan()).magnitude().data
        truth = known_image(known_scan(slice_axis=2))
        assert relative_error(image, truth) < self.error

    def test_is_deterministic(self) -> None:
        """The same samples give the same image."""
        first, second = (type(self).method(known_radial_scan()).data for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_does_not_depend_on_scale(self) -> None:
        """1024 times the samples, which rounds nothing, give 1024 times the image."""
        scan = known_radial_scan()
        plain = type(self).method(scan).data
        for factor in (2.0**-10, 2.0**10):
            scaled = replace(scan, data=scan.data * np.float32(factor))
            image = type(self).method(scaled).data / np.float32(factor)
            assert relative_error(image, plain) < 1e-4

    def test_leaves_its_input_alone(self) -> None:
        """The samples are not written to."""
        scan = known_radial_scan()
        before = scan.data.copy()
        type(self).method(scan)
        np.testing.assert_array_equal(scan.data, before)

    def test_does_not_depend_on_the_order_of_samples(self) -> None:
        """It does not matter which shot was measured first."""
        scan = known_radial_scan()
        backwards = replace(
            scan, data=scan.data[:, :, ::-1].copy(), trajectory=scan.trajectory[::-1].copy()
        )
        image = type(self).method(backwards).magnitude().data
        assert relative_error(image, type(self).method(scan).magnitude().data) < 1e-3


@cache
def known_radial_scan() -> NonCartesian:
    """Return the undersampled radial scan of the suite, in the units of ``known_scan``."""
    level = np.sqrt((np.abs(_RING.maps(_GRID)) ** 2).sum(axis=0)).mean()
    scan = sample_ellipsoids(_GRID, radial_trajectory(_SPOKES, 148, golden=True), coils=_RING)
    return replace(scan, data=scan.data / np.float32(level))


def sample_ellipsoids(grid: Grid, trajectory: NDArray[Any], *, coils: FourierCoils) -> NonCartesian:
    """Return what coils measure of the head of ellipsoids along a trajectory, in closed form.

    Parameters
    ----------
    grid
        Where the image lies; its last axis is across ideally thin slices.
    trajectory
        Frequencies [cycles per voxel], ``shot sample 2``.
    coils
        Receive sensitivities.
    """
    parts = head_ellipsoids().parts
    basis, _ = np.linalg.qr(grid.matrix[:3, :2])
    frequencies = trajectory @ np.linalg.pinv(grid.matrix[:3, :2]) @ basis
    rows, columns, n_slices = grid.shape
    area = np.linalg.norm(np.cross(*grid.matrix[:3, :2].T)) * np.sqrt(rows * columns)
    data = []
    for index in range(n_slices):
        origin = np.array(grid.at(rows // 2, columns // 2, index))
        plane = Plane(origin, basis)
        waves = [
            np.exp(2j * np.pi * (wave @ origin))
            * sum(part.section_spectrum(frequencies - wave @ basis, plane) for part in parts)
            for wave in coils.frequencies
        ]
        data.append(np.tensordot(coils.weights, np.stack(waves) / area, 1))
    samples = np.stack(data).astype(np.complex64)
    return NonCartesian(samples, trajectory, grid, origin="synthetic")
