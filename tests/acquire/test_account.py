import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.acquire import (
    PATTERNS,
    Account,
    Cartesian,
    FastMri,
    FullySampled,
    RandomLines,
    RandomPoints,
    UpperHalf,
    account,
    account_scan,
    point_spread,
    slice_pattern,
)
from anatwin.acquire.account import largest_side_lobe
from anatwin.core import Grid, UsageError, Volume


def ball(shape: tuple[int, int, int], spacing: tuple[float, float, float]) -> Volume:
    image = np.zeros(shape, np.float32)
    image[tuple(slice(n // 4, -(n // 4) or None) for n in shape)] = 1
    return Volume(image, Grid.centred(shape, spacing))


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_gives_its_account(name: str) -> None:
    mask = slice_pattern(PATTERNS[name](acceleration=4, seed=2), (60, 72))
    given = account(mask, 4, repetition_time_s=0.5, readout_axis=1, repeats=7)
    assert isinstance(given, Account)
    assert given.requested == 4
    assert given.acceleration == pytest.approx(mask.size / mask.sum())
    assert given.takes_centre == bool(mask[30, 36])
    assert given.readouts == 7 * mask.any(axis=1).sum()
    assert given.scan_time_s == pytest.approx(0.5 * given.readouts)
    assert given.proportional_time_s == pytest.approx(60 * 7 * 0.5 * mask.mean())
    assert given.proportional_time_s <= given.scan_time_s * (1 + 1e-9)
    assert 0 < given.side_lobe < 1


def test_points_in_a_slice_save_no_time_but_in_a_block_they_do() -> None:
    mask = RandomPoints(acceleration=4).pattern((64, 80))
    in_slice = account(mask, 4, repetition_time_s=1.0, readout_axis=1)
    in_block = account(mask, 4, repetition_time_s=1.0)
    assert in_slice.scan_time_s == 64
    assert in_block.scan_time_s == in_block.proportional_time_s == 1280


def test_centre_has_its_size() -> None:
    mask = np.zeros(50, bool)
    mask[[3, 40]] = True
    mask[21:30] = True
    assert account(mask, 5, repetition_time_s=1.0).centre == (9,)
    mask[25] = False
    missed = account(mask, 5, repetition_time_s=1.0)
    assert (missed.centre, missed.takes_centre) == ((0,), False)


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(sorted(PATTERNS)), st.integers(0, 99), st.integers(20, 50))
def test_point_spread_is_one_in_the_middle_and_nowhere_more(name: str, seed: int, n: int) -> None:
    mask = slice_pattern(PATTERNS[name](acceleration=2, seed=seed), (n, n + 5))
    spread = point_spread(mask)
    assert spread.shape == mask.shape
    assert spread[n // 2, (n + 5) // 2] == pytest.approx(1)
    assert np.abs(spread).max() <= 1 + 1e-9
    assert (np.abs(spread) ** 2).sum() == pytest.approx(mask.size / mask.sum())


def test_side_lobes_of_known_patterns() -> None:
    everything = np.ones((30, 41), bool)
    assert account(everything, 1, repetition_time_s=1.0).side_lobe == 0
    comb = np.zeros(60, bool)
    comb[::4] = True
    assert largest_side_lobe(point_spread(comb)) == pytest.approx(1)  # the image, four times
    band = np.zeros(512, bool)
    band[256 - 16 : 256 + 16] = True  # a sinc: 21.7 % at its first side lobe
    assert largest_side_lobe(point_spread(band)) == pytest.approx(0.217, abs=0.003)


def test_random_points_have_smaller_side_lobes_than_lines_and_even_lines() -> None:
    lobes = [
        account(slice_pattern(method, (128, 128)), 4, repetition_time_s=1.0).side_lobe
        for method in (RandomPoints(), RandomLines(), FastMri(kind="equispaced"))
    ]
    assert lobes[0] < 0.1 < lobes[1] < lobes[2]


def test_a_scan_gives_the_account_of_all_its_slices_or_partitions() -> None:
    slices = ball((40, 52, 6), (5.0, 4.6, 20.0))
    lines = account_scan(Cartesian(calibration=4)(slices), 4, repetition_time_s=2.0)
    assert (lines.readouts, lines.scan_time_s, lines.centre) == (60, 120.0, (4,))
    points = account_scan(RandomPoints()(slices), 4, repetition_time_s=2.0)
    assert points.readouts == 240
    block = ball((30, 34, 38), (5.6, 5.6, 6.0))
    for method, readouts in (
        (Cartesian(), 255),
        (RandomPoints(), 255),
        (UpperHalf(acceleration=1.5), 20 * 34),
        (FullySampled(), 30 * 34),
    ):
        kspace = method(block)
        given = account_scan(kspace, 4, repetition_time_s=0.01)
        assert given.readouts == readouts
        assert given.acceleration == pytest.approx(kspace.acceleration)
        assert given.scan_time_s == pytest.approx(readouts * 0.01)


@pytest.mark.parametrize("seconds", [0, -1, np.nan, np.inf])
def test_impossible_accounts_are_refused(seconds: float) -> None:
    with pytest.raises(UsageError, match="repetition time"):
        account(np.ones(4, bool), 1, repetition_time_s=seconds)
    with pytest.raises(UsageError, match="empty"):
        account(np.zeros(4, bool), 1, repetition_time_s=1.0)
