"""Added, missed, and the boundary: identities, and the paper's own table."""

from math import hypot, isnan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import GeometryError, Grid, Label, Labels, LabelTable
from anatwin.measure import boundary_accuracy, segmentation_errors

_TABLE = LabelTable((Label(1, "object", (1, 2, 3)),))
_GRID = Grid.centred((20, 22, 24), (1.0, 1.0, 1.0))

_PAPER = (  # DSC, US, OS, RMS of SuperMask's Table 1 and 4, rows whose spread is small
    (0.863, 0.118, 0.151, 0.141), (0.871, 0.098, 0.117, 0.108), (0.886, 0.095, 0.121, 0.114),
    (0.896, 0.093, 0.113, 0.105), (0.812, 0.201, 0.173, 0.189), (0.819, 0.200, 0.157, 0.182),
    (0.875, 0.139, 0.131, 0.137), (0.923, 0.102, 0.051, 0.082), (0.849, 0.178, 0.120, 0.154),
    (0.826, 0.154, 0.161, 0.157),
)  # fmt: skip


def _labels(mask: np.ndarray, grid: Grid = _GRID) -> Labels:
    return Labels(mask.astype(np.uint8), grid, _TABLE)


def _ball(radius: float, shift: float = 0.0) -> np.ndarray:
    i, j, k = (np.arange(n) - (n - 1) / 2 for n in _GRID.shape)
    return (i[:, None, None] - shift) ** 2 + j[:, None] ** 2 + k**2 < radius**2


def _values(mask: np.ndarray, truth: np.ndarray) -> list[float]:
    return [row.value for row in segmentation_errors(_labels(mask), _labels(truth))]


@pytest.mark.parametrize("row", _PAPER)
def test_the_papers_rows_obey_the_identities(row: tuple[float, ...]) -> None:
    dice, added, missed, rms = row
    precision, recall = 1 - added, 1 - missed
    # Means over subjects of a ratio, so to about two hundredths.
    assert 2 * precision * recall / (precision + recall) == pytest.approx(dice, abs=0.025)
    assert hypot(added, missed) / sqrt(2) == pytest.approx(rms, abs=0.01)


@settings(max_examples=20, deadline=None)
@given(st.floats(3, 9), st.floats(3, 9), st.floats(-2, 2))
def test_the_five_numbers_agree_with_one_another(a: float, b: float, shift: float) -> None:
    dice, added, missed, rms, boundary = _values(_ball(a, shift), _ball(b))
    precision, recall = 1 - added, 1 - missed
    if precision + recall > 0:
        assert 2 * precision * recall / (precision + recall) == pytest.approx(dice)
    assert rms == pytest.approx(sqrt((added**2 + missed**2) / 2))
    assert 0 <= boundary <= 1


def test_added_and_missed_are_told_apart() -> None:
    small, large = _ball(5), _ball(7)
    assert _values(large, small)[1] == pytest.approx(1 - small.sum() / large.sum())
    assert _values(large, small)[2] == 0
    assert _values(small, large)[1] == 0


def test_the_boundary_is_what_counts() -> None:
    truth = _ball(7)
    assert boundary_accuracy(truth, truth, _GRID) == 1
    hollow = truth & ~_ball(3)  # wrong, but far from the boundary
    assert boundary_accuracy(hollow, truth, _GRID) == 1
    scores = [boundary_accuracy(_ball(7, shift), truth, _GRID) for shift in (0.5, 1.0, 2.0)]
    assert scores == sorted(scores, reverse=True)
    assert boundary_accuracy(~truth, truth, _GRID) == 0


def test_what_does_not_exist_is_not_a_number() -> None:
    empty = np.zeros(_GRID.shape, bool)
    assert all(isnan(value) for value in _values(empty, empty))
    other = _labels(empty, Grid.centred(_GRID.shape, (2.0, 1.0, 1.0)))
    with pytest.raises(GeometryError):
        segmentation_errors(_labels(empty), other)
