from math import isnan, nan

import numpy as np
import pytest

from anatwin.measure import mean_interval, paired_p


def test_interval_covers_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        _, low, high = mean_interval(rng.normal(3, 2, 6))
        covered += low < 3 < high
    assert 0.92 <= covered / 400 <= 0.98


def test_interval_of_few_values():
    assert mean_interval([2.0, nan])[0] == 2
    assert isnan(mean_interval([2.0])[1])
    assert isnan(mean_interval([])[0])


def test_paired_test():
    first = np.arange(10.0)
    assert paired_p(first, first) == 1
    assert paired_p(first + 1 + first / 100, first) == pytest.approx(2 / 2**10)
    assert isnan(paired_p(first[:5], first[:5] + 1))
