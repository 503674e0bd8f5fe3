"""What every tissue looks like in one scan."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.sparse_prior import N_LEVELS

Array = NDArray[Any]

TOP = 1.5
"""Grey value of the highest level; scans are from 0 to 1 before their shading is taken out."""

_LEAST_SPREAD = 0.02
_LEAST_VOXELS = 5.0
_TRUST = 0.7
"""Power of a grey value's likelihood: neighbouring voxels are alike, so each says less."""

_ROUNDS = 6

_QUANTILES = (0.16, 0.5, 0.84)
"""Of a Gaussian, its mean and one spread to either side."""

GREYS = np.linspace(0, TOP, N_LEVELS)


@dataclass(frozen=True, eq=False)
class Looks:
    """One or two Gaussians for every tissue.

    Parameters
    ----------
    mean, variance, share
        ``tissue 2``.
    """

    mean: Array
    variance: Array
    share: Array

    def table(self, mixtures: Array, rare: float) -> NDArray[np.float32]:
        """Return what a grey level says of every tissue, ``level tissue``.

        Parameters
        ----------
        mixtures
            By how much the variance is greater in voxels of each degree of evenness; the levels
            of one degree follow those of the one before.
        rare
            Likelihood of any grey value in any tissue.
        """
        return np.concatenate([self._table(mixture, rare) for mixture in mixtures])

    def _table(self, mixture: float, rare: float) -> NDArray[np.float32]:
        """Return it for one degree."""
        apart = GREYS[:, None, None] - self.mean
        variance = self.variance + mixture
        peak = self.share * np.exp(-(apart**2) / (2 * variance)) / np.sqrt(variance)
        return ((peak.sum(axis=-1) + rare) ** _TRUST).astype(np.float32)

    def moments(self) -> tuple[Array, Array]:
        """Return mean and variance of every tissue as a whole."""
        mean = (self.share * self.mean).sum(axis=1)
        square = self.share * (self.variance + (self.mean - mean[:, None]) ** 2)
        return mean, square.sum(axis=1)


def looks(counts: Array, is_mixed: Array, is_plain: Array, before: Looks | None) -> Looks:
    """Return what tissues look like.

    Plain tissues have one spread, the median of theirs: a thin one, which shares its voxels with
    its neighbours, would otherwise look like all of them.

    Parameters
    ----------
    counts
        How much of every tissue has every grey level, ``tissue level``.
    is_mixed
        Tissues that are two.
    is_plain
        Tissues that have one spread.
    before
        What they looked like so far; None at the beginning.
    """
    mean, variance = np.zeros((2, len(counts), 2))
    share = np.full(mean.shape, 0.5)
    everywhere = _moments(counts.sum(axis=0))
    for tissue, count in enumerate(counts):
        one = _moments(count) if count.sum() >= _LEAST_VOXELS else None
        if one is None:
            mean[tissue], variance[tissue] = everywhere
            if before is not None:
                mean[tissue], variance[tissue] = before.mean[tissue], before.variance[tissue]
        elif is_mixed[tissue]:
            start = (before.mean[tissue], before.variance[tissue]) if before else _parted(*one)
            mean[tissue], variance[tissue], share[tissue] = _two(count, *start)
        else:
            mean[tissue], variance[tissue] = one
    if is_plain.any():
        variance[is_plain] = np.median(variance[is_plain, 0])
    return Looks(mean, np.maximum(variance, _LEAST_SPREAD**2), share)


def _moments(count: Array) -> tuple[float, float]:
    """Return middle and variance of a histogram, deaf to what was named wrongly."""
    below = np.cumsum(count) / max(float(count.sum()), 1e-9)
    upper = GREYS + (GREYS[1] - GREYS[0]) / 2
    low, middle, high = (float(np.interp(share, below, upper)) for share in _QUANTILES)
    return middle, (high - low) ** 2 / 4


def _parted(mean: float, variance: float) -> tuple[Array, Array]:
    """Return where to begin with two Gaussians."""
    return mean + np.sqrt(variance) * np.array([-1.0, 1.0]), np.full(2, variance / 2)


def _two(count: Array, mean: Array, variance: Array) -> tuple[Array, Array, Array]:
    """Return two Gaussians that explain a histogram, by expectation and maximisation."""
    share = np.full(2, 0.5)
    for _ in range(_ROUNDS):
        spread = np.maximum(variance, 1e-5)[:, None]
        likely = share[:, None] * np.exp(-((GREYS - mean[:, None]) ** 2) / (2 * spread))
        likely = likely / np.sqrt(spread) + 1e-30
        part = likely / likely.sum(axis=0) * count
        size = part.sum(axis=1) + 1e-6
        mean = part @ GREYS / size
        variance = (part * (GREYS - mean[:, None]) ** 2).sum(axis=1) / size
        share = size / size.sum()
    return mean, variance, share
