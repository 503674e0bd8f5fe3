"""Methods that reconstruct from samples along trajectories."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from anatwin.core import Grid, InputError, MissingPartError, UsageError
from anatwin.ops.density import ramp_density
from anatwin.ops.trajectory import radial_trajectory, spiral_trajectory
from anatwin.phantoms import FourierCoils, head_ellipsoids
from anatwin.phantoms.ellipsoids import ONE_COIL
from anatwin.reconstruct import (
    Automatic,
    Cascade,
    Choice,
    Grappa,
    Gridding,
    RootSumOfSquares,
    Sense,
    Wavelet,
    chosen,
)
from anatwin.testing.noncartesian import NonCartesianSuite, known_radial_scan, sample_ellipsoids
from anatwin.testing.suites import known_scan, relative_error


class TestGridding(NonCartesianSuite):
    method = Gridding()
    error = 0.08
    is_complex = False


class TestSense(NonCartesianSuite):
    method = Sense()
    error = 0.042


class TestWavelet(NonCartesianSuite):
    method = Wavelet()
    error = 0.03


GRID = Grid.centred((74, 60, 2), (2.8, 4.2, 9.0))
RING = FourierCoils.ring(8, 500.0)
LINES = radial_trajectory(60, 148, golden=True)


@pytest.mark.parametrize("method", [Sense(), Wavelet()])
def test_beats_gridding_along_spirals_with_dense_middles(method) -> None:
    arms = spiral_trajectory(8, 1 / 148, knots=[(0, 0), (1.5, 12 / 74), (2.6, 0.5)])
    scan = sample_ellipsoids(GRID, arms, coils=RING)
    full = head_ellipsoids().kspace(GRID, coils=RING, slice_axis=2)
    expected = RootSumOfSquares()(full).data
    gridded = relative_error(Gridding()(scan).data, expected)
    assert relative_error(method(scan).magnitude().data, expected) < 0.6 * gridded


def test_uses_maps_that_come_with_the_scan() -> None:
    scan = sample_ellipsoids(GRID, LINES, coils=RING)
    maps = RING.maps(GRID)
    image = Sense()(replace(scan, coils=maps)).data
    level = np.sqrt((np.abs(maps) ** 2).sum(axis=0))
    expected = known_image_of_one_coil()
    assert relative_error(np.abs(image), expected) < 0.07
    doubled = Sense()(replace(scan, coils=2 * maps)).data
    assert relative_error(2 * doubled, image) < 1e-4
    assert level.std() > 0.01


def known_image_of_one_coil() -> np.ndarray:
    return RootSumOfSquares()(head_ellipsoids().kspace(GRID, slice_axis=2)).data


def test_one_coil_needs_no_maps() -> None:
    scan = sample_ellipsoids(GRID, LINES, coils=ONE_COIL)
    image = Wavelet()(scan).magnitude().data
    assert relative_error(image, known_image_of_one_coil()) < 0.07


def test_weights_of_any_scale_can_come_with_the_scan() -> None:
    scan = sample_ellipsoids(GRID, LINES, coils=RING)
    weights = ramp_density(LINES, scan.plane_shape)
    plain = Gridding()(scan).data
    for factor in (1e-3, 1e3):
        weighted = Gridding()(replace(scan, weights=factor * weights)).data
        assert relative_error(weighted, plain) < 0.08


def test_the_slice_axis_may_be_any() -> None:
    scan = known_radial_scan()
    shape = scan.grid.shape
    turned = replace(scan, grid=Grid.isotropic((shape[2], *shape[:2]), 1.0), slice_axis=0)
    for method in (Gridding(), Sense(iterations=2)):
        image = method(turned).magnitude().data
        expected = method(scan).magnitude().data.transpose(2, 0, 1)
        np.testing.assert_allclose(image, expected, atol=1e-4)


def test_refuses_to_guess_maps_without_a_middle() -> None:
    arms = spiral_trajectory(4, 1 / 148, knots=[(0, 0), (2.3, 0.5)])
    scan = sample_ellipsoids(GRID, arms, coils=RING)
    with pytest.raises(InputError, match="the middle 24 x 24"):
        Sense()(scan)
    assert Gridding()(scan).grid == GRID


def test_automatic_solves_what_it_can_estimate_maps_for_and_grids_the_rest() -> None:
    scan = known_radial_scan()
    choice = Automatic().choose(scan)
    assert (choice.method, "middle of k-space" in choice.reason) == (Wavelet(), True)
    np.testing.assert_array_equal(Automatic()(scan).data, Wavelet()(scan).data)
    arms = spiral_trajectory(4, 1 / 148, knots=[(0, 0), (2.3, 0.5)])
    sparse = sample_ellipsoids(GRID, arms, coils=RING)
    assert chosen(Automatic(), sparse).method == Gridding()
    known = replace(sparse, coils=RING.maps(GRID))
    assert chosen(Automatic(), known).method == Wavelet()
    one = sample_ellipsoids(GRID, arms, coils=ONE_COIL)
    assert "One coil" in chosen(Automatic(), one).reason
    assert chosen(Sense(), sparse) == Choice(Sense(), "")


@pytest.mark.parametrize("method", [RootSumOfSquares(), Cascade(), Grappa()])
def test_methods_for_lines_say_what_takes_trajectories(method) -> None:
    with pytest.raises(UsageError, match="along trajectories; use Automatic, Gridding"):
        method(known_radial_scan())


def test_gridding_says_what_takes_lines() -> None:
    with pytest.raises(UsageError, match="got Cartesian k-space"):
        Gridding()(known_scan(slice_axis=2))


def test_says_which_part_is_missing(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "finufft", None)
    with pytest.raises(MissingPartError, match=r"anatwin\[nufft\]"):
        Automatic()(known_radial_scan())
