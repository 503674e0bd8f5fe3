from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from anatwin.core import UsageError
from anatwin.reconstruct import Sense
from anatwin.reconstruct.total_variation import TotalVariation
from anatwin.testing.laws import random_complex
from anatwin.testing.suites import ReconstructorSuite, known_image, known_scan, relative_error


class TestTotalVariation(ReconstructorSuite):
    method = TotalVariation()
    error: ClassVar[float] = 0.05


def test_beats_least_squares_in_noise():
    scan, truth = known_scan(slice_axis=2), known_image(known_scan(slice_axis=2))
    noise = 0.03 * np.abs(truth).max() * random_complex(scan.data.shape, 4) * scan.mask
    noisy = replace(scan, data=(scan.data + noise).astype(np.complex64))
    errors = [
        relative_error(method(noisy).magnitude().data, truth)
        for method in (Sense(), TotalVariation(strength=0.03))
    ]
    assert errors[1] < 0.7 * errors[0]


def test_no_strength_is_least_squares():
    scan = known_scan(slice_axis=2)
    images = [
        method(scan).data
        for method in (TotalVariation(strength=0, energy=1, iterations=60), Sense(iterations=30))
    ]
    assert relative_error(images[0], images[1]) < 0.02


def test_more_steps_change_little():
    scan = known_scan(slice_axis=2)
    images = [TotalVariation(iterations=n, inner=m)(scan).data for n, m in ((40, 5), (200, 15))]
    assert relative_error(images[0], images[1]) < 0.01


@pytest.mark.parametrize(
    "option", [{"iterations": 0}, {"inner": 0}, {"strength": -0.1}, {"energy": 1.5}]
)
def test_refuses_impossible_options(option):
    with pytest.raises(UsageError, match=rf"TotalVariation\.{next(iter(option))}"):
        TotalVariation(**option)
