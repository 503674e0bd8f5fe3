"""Random sampling patterns to train with: many kinds, so that one network serves them all."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anatwin.acquire import CentredGaussianLines, FastMri, PoissonDisc, RadialGrid, SpiralGrid

Mask = NDArray[np.bool_]


def draw_lines(n: int, rng: np.random.Generator) -> Mask:
    """Return random lines ``1 column``, mostly Gaussian with a full middle."""
    acceleration, seed = draw_acceleration(rng), int(rng.integers(2**31))
    if rng.random() < 0.85:
        middle = int(rng.choice([4, 6, 8, 8, 8, 12]))
        return gaussian_lines(n, acceleration, seed=seed, calibration=middle)[None]
    even = rng.random() < 0.5
    kind: Literal["random", "equispaced"] = "equispaced" if even else "random"
    return FastMri(kind=kind, acceleration=round(acceleration), seed=seed).pattern((n,))[None]


def gaussian_lines(n: int, acceleration: float, *, seed: int, calibration: int = 8) -> Mask:
    """Return which of ``n`` lines the cascade's authors would measure."""
    lines = CentredGaussianLines(acceleration=acceleration, calibration=calibration, seed=seed)
    return lines.pattern((n,))


def draw_points(shape: tuple[int, int], rng: np.random.Generator) -> Mask:
    """Return a random mask ``row column`` that undersamples both directions."""
    acceleration, seed = draw_acceleration(rng), int(rng.integers(2**31))
    kind = rng.random()
    if kind < 0.5:
        middle = int(rng.integers(6, 25))
        disc = PoissonDisc(acceleration=acceleration, calibration=middle, seed=seed)
        return disc.pattern(shape)
    grid = RadialGrid if kind < 0.85 else SpiralGrid
    return grid(acceleration=acceleration, seed=seed).pattern(shape)


def draw_acceleration(rng: np.random.Generator) -> float:
    """Return an acceleration from 2 to 10, mostly 4 or 8."""
    return float(rng.choice([4, 8]) if rng.random() < 0.7 else rng.uniform(2, 10))
