"""The method suits the scan, the reason says so, and the image is that method's."""

from dataclasses import replace

import numpy as np
import pytest

from anatwin.acquire import PATTERNS, FullySampled
from anatwin.core import Grid, Volume
from anatwin.phantoms import head, signal
from anatwin.phantoms.scanner import Scanner
from anatwin.reconstruct import Automatic
from anatwin.testing.suites import ReconstructorSuite


@pytest.fixture(scope="module")
def image():
    grid = Grid.centred((64, 72, 3), (3.5, 3.2, 9.0))
    return signal(head(grid, seed=3), "t1", seed=3)


class TestAutomatic(ReconstructorSuite):
    method = Automatic()
    error = 0.05


@pytest.mark.parametrize(
    ("pattern", "factor", "coils", "expected", "why"),
    [
        ("upper-half", 1.6, 4, "Pocs", "end of k-space"),
        ("cartesian", 2.0, 4, "Wavelet", "estimated"),
        ("random-points", 2.0, 4, "LowRank", "sensitivities need"),
        ("cartesian", 3.0, 1, "Cascade", "One coil"),
    ],
)
def test_the_choice_and_its_reason(image, pattern, factor, coils, expected, why):
    scanner = Scanner(n_coils=coils)
    scan = PATTERNS[pattern](acceleration=factor, scanner=scanner)(image)
    method, reason = Automatic().choose(scan)
    assert type(method).__name__ == expected
    assert why in reason


def test_complete_scans_are_only_combined(image):
    method, reason = Automatic().choose(FullySampled()(image))
    assert type(method).__name__ == "RootSumOfSquares"
    assert "Every sample" in reason


def test_known_sensitivities_need_no_middle(image):
    scan = PATTERNS["random-points"](acceleration=2.0, scanner=Scanner(n_coils=4))(image)
    maps = np.full(scan.data.shape, 0.5, np.complex64)
    assert type(Automatic().choose(replace(scan, coils=maps)).method).__name__ == "Wavelet"


def test_the_image_is_that_of_the_method(image):
    scan = PATTERNS["cartesian"](acceleration=2.0, scanner=Scanner(n_coils=3))(image)
    chosen = Automatic().choose(scan).method
    assert isinstance(Automatic()(scan), Volume)
    np.testing.assert_array_equal(Automatic()(scan).data, chosen(scan).data)
