"""Means over several subjects, and whether two methods differ."""

from collections.abc import Sequence
from math import nan, sqrt

import numpy as np


def mean_interval(
    values: Sequence[float], *, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return the mean and the ends of its confidence interval (Student's t).

    Values that are not finite are left out; the ends are NaN for fewer than two values.
    """
    from scipy.stats import t

    sample = np.asarray(values, np.float64)
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return nan, nan, nan
    mean = float(sample.mean())
    if sample.size < 2:
        return mean, nan, nan
    half = float(t.ppf((1 + confidence) / 2, sample.size - 1) * sample.std(ddof=1))
    half /= sqrt(sample.size)
    return mean, mean - half, mean + half


def paired_p(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test on paired values.

    NaN for fewer than six pairs, where the test cannot reach 5 %; 1 where no pair differs.

    Raises
    ------
    ValueError
        If the sequences differ in length.
    """
    from scipy.stats import wilcoxon

    difference = np.subtract(first, second, dtype=np.float64)
    difference = difference[np.isfinite(difference)]
    if difference.size < 6:
        return nan
    return float(wilcoxon(difference).pvalue) if difference.any() else 1.0
