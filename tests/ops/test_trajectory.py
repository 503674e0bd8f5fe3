from itertools import pairwise

import numpy as np
import pytest

from anatwin.ops.trajectory import GOLDEN_ANGLE_RAD, radial_trajectory, spiral_trajectory

KNOTS = [(0.0, 0.0), (1.5, 0.1), (4.0, 0.5)]


def angle_between(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.arccos(abs(a @ b) / np.linalg.norm(a) / np.linalg.norm(b)))


@pytest.mark.parametrize("n_samples", [16, 17])
def test_lines_go_through_the_centre(n_samples: int) -> None:
    lines = radial_trajectory(9, n_samples, golden=True)
    assert lines.shape == (9, n_samples, 2)
    assert (lines[:, n_samples // 2] == 0).all()
    np.testing.assert_allclose(np.diff(lines, 2, axis=1), 0, atol=1e-15)
    assert np.linalg.norm(lines, axis=-1).max() <= 0.5


def test_lines_turn_evenly_or_by_the_golden_angle() -> None:
    even = radial_trajectory(10, 8, golden=False)
    gaps = [angle_between(a[0], b[0]) for a, b in pairwise(even)]
    np.testing.assert_allclose(gaps, np.pi / 10)
    assert np.degrees(GOLDEN_ANGLE_RAD) == pytest.approx(111.246, abs=1e-3)
    golden = radial_trajectory(10, 8, golden=True)
    assert angle_between(golden[0, 0], golden[1, 0]) == pytest.approx(np.pi - GOLDEN_ANGLE_RAD)


@pytest.mark.parametrize("n_lines", [5, 8, 13, 21])
def test_a_fibonacci_number_of_golden_lines_is_nearly_even(n_lines: int) -> None:
    edge = radial_trajectory(n_lines, 8, golden=True)[:, 0]
    angles = np.sort(np.arctan2(edge[:, 1], edge[:, 0]) % np.pi)
    gaps = np.diff([*angles, angles[0] + np.pi])
    assert gaps.max() < 1.7 * gaps.min()


def test_spirals_are_evenly_sampled_and_reach_their_radii() -> None:
    shots = spiral_trajectory(5, 0.01, knots=KNOTS)
    arm = shots[0] @ [1, 1j]
    steps = np.abs(np.diff(arm))
    assert (np.abs(steps[3:] / 0.01 - 1) < 0.02).all()
    turns = np.concatenate([[0], np.cumsum(np.angle(arm[2:] / arm[1:-1]))]) / (2 * np.pi)
    turns += np.interp(abs(arm[1]), [0, 0.1], [0, 1.5])
    np.testing.assert_allclose(
        np.abs(arm[1:]), np.interp(turns, *zip(*KNOTS, strict=True)), atol=3e-4
    )
    assert 0.485 < abs(arm[-1]) <= 0.5


def test_spirals_are_turned_by_equal_parts() -> None:
    shots = spiral_trajectory(5, 0.02, knots=KNOTS) @ [1, 1j]
    np.testing.assert_allclose(shots[1:, 1:] / shots[:-1, 1:], np.exp(0.4j * np.pi))
