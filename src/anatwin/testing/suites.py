"""The contract of every verb, run for each of its methods."""

from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, KSpace
from anatwin.phantoms import FourierCoils, head_ellipsoids
from anatwin.reconstruct import Reconstructor

_SLICES = Grid.centred((74, 60, 3), (2.8, 4.2, 9.0))
_BLOCK = Grid.centred((9, 62, 56), (20.0, 4.1, 4.2))


class ReconstructorSuite:
    """What every reconstruction method must do.

    Set ``method``, and ``error``: the largest root mean square error of its magnitude, as a
    fraction of the object's, on a head of ellipsoids seen by eight coils through two thirds of
    k-space. The samples come from closed formulas, never from a transformed image.
    """

    method: ClassVar[Reconstructor]
    error: ClassVar[float]
    is_complex: ClassVar[bool] = True

    def test_keeps_the_grid(self) -> None:
        """The image lies on the grid of the k-space, in single precision."""
        for kspace in (known_scan(slice_axis=2), known_scan(slice_axis=None)):
            volume = type(self).method(kspace)
            assert volume.grid == kspace.grid
            assert volume.data.dtype == (np.complex64 if self.is_complex else np.float32)

    def test_finds_a_known_object(self) -> None:
        """The error is bounded, at the object's own scale."""
        for axis in (2, None):
            kspace = known_scan(slice_axis=axis)
            image = type(self).method(kspace).magnitude().data
            assert relative_error(image, known_image(kspace)) < self.error

    def test_is_deterministic(self) -> None:
        """The same k-space gives the same image."""
        kspace = known_scan(slice_axis=2)
        first, second = (type(self).method(kspace).data for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_does_not_depend_on_scale(self) -> None:
        """A thousand times the samples give a thousand times the image."""
        kspace = known_scan(slice_axis=2)
        plain = type(self).method(kspace).data
        for factor in (1e-3, 1e3):
            scaled = replace(kspace, data=kspace.data * np.float32(factor))
            image = type(self).method(scaled).data / np.float32(factor)
            assert relative_error(image, plain) < 1e-4

    def test_leaves_its_input_alone(self) -> None:
        """The samples are not written to."""
        kspace = known_scan(slice_axis=2)
        before = kspace.data.copy()
        type(self).method(kspace)
        np.testing.assert_array_equal(kspace.data, before)

    def test_does_not_depend_on_the_order_of_axes(self) -> None:
        """Turning the array turns the image."""
        kspace = known_scan(slice_axis=2)
        order = (2, 0, 1)
        turned = KSpace(
            np.ascontiguousarray(kspace.data.transpose(0, 3, 1, 2)),
            kspace.mask.transpose(order),
            Grid.isotropic((3, 74, 60), 1.0),
            readout_axis=1,
            slice_axis=0,
            origin="synthetic",
        )
        image = type(self).method(turned).data
        assert relative_error(image, type(self).method(kspace).data.transpose(order)) < 1e-5


@cache
def known_scan(*, slice_axis: int | None) -> KSpace:
    """Return an undersampled scan of the head of ellipsoids, without coil maps.

    The coils' sensitivities are made to have a root sum of squares near one.
    """
    grid = _BLOCK if slice_axis is None else _SLICES
    full = head_ellipsoids().kspace(grid, coils=FourierCoils.ring(8, 500.0), slice_axis=slice_axis)
    assert full.coils is not None
    level = np.sqrt((np.abs(full.coils) ** 2).sum(axis=0)).mean()
    mask = _every_other_line(grid.shape, full.readout_axis)
    data = full.data * mask / np.float32(level)
    return replace(full, data=data.astype(np.complex64), mask=mask, coils=None)


def known_image(kspace: KSpace) -> NDArray[Any]:
    """Return the root sum of squares of fully sampled coil images of the same scan."""
    from anatwin.reconstruct import RootSumOfSquares

    full = head_ellipsoids().kspace(
        kspace.grid, coils=FourierCoils.ring(8, 500.0), slice_axis=kspace.slice_axis
    )
    assert full.coils is not None
    level = np.sqrt((np.abs(full.coils) ** 2).sum(axis=0)).mean()
    return RootSumOfSquares()(full).data / level


def relative_error(image: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return the root mean square error as a fraction of the truth's root mean square."""
    return float(np.linalg.norm(image - truth) / np.linalg.norm(truth))


def _every_other_line(shape: tuple[int, int, int], readout: int) -> NDArray[np.bool_]:
    """Return a mask of the middle and of every other line along the axis after the readout."""
    axis = (readout + 1) % 3
    n = shape[axis]
    lines = np.arange(n) % 2 == 0
    lines[n // 2 - 10 : n // 2 + 10] = True
    return lines.reshape([n if a == axis else 1 for a in range(3)])
