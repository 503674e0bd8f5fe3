"""What every method makes of one femur's coarse image."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Body, Grid, Volume
from anatwin.enhance import Bicubic, Nearest
from anatwin.ops.blocks import spread_inside
from anatwin.phantoms import DAILY_LOADS, Femur, coarse_scan
from anatwin.simulate import Restoration
from anatwin.simulate.bone_guess import guessed

Mask = NDArray[np.bool_]

FACTOR = 10
PUBLISHED = ("l1", "l2")
NETWORK = "enhance.onnx"


@dataclass(frozen=True, eq=False, slots=True)
class Picture:
    """A method's bone, ``x y``, and what it took to find it."""

    bone: Mask
    cpu_s: float = 0.0
    wall_s: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """One femur with its coarse image.

    Parameters
    ----------
    femur, grid
        What it is, and its fine grid.
    truth
        Its bone, ``x y``.
    coarse
        Share of bone in every block, with noise.
    """

    femur: Femur
    grid: Grid
    truth: Mask
    coarse: Volume

    @classmethod
    def of(cls, femur: Femur, grid: Grid, truth: Mask, *, noise: float, seed: int) -> "Sample":
        """Return a femur and the coarse image that a noisy scan would give of it."""
        fine = Volume(truth[..., None].astype(np.float32), grid)
        return cls(femur, grid, truth, coarse_scan(fine, FACTOR, noise=noise, seed=seed))

    @property
    def bone(self) -> Volume:
        """The true bone, 0 or 1."""
        return Volume(self.truth[..., None].astype(np.float32), self.grid)

    @property
    def inside(self) -> Mask:
        """Which pixels lie in the outline."""
        return self.femur.outline.inside(self.grid)

    def body(self, *, mean_loads: bool = False) -> Body:
        """Return the coarse image as a loaded body, with its own loads or everybody's mean."""
        share = self.coarse.data[..., 0].astype(np.float64).clip(0, 1)
        femur = replace(self.femur, loads=DAILY_LOADS) if mean_loads else self.femur
        return femur.body(self.grid, spread_inside(share, self.inside))


@dataclass(frozen=True, kw_only=True)
class Enhancers:
    """The methods that are compared.

    Parameters
    ----------
    iterations, repairs
        Steps of optimisation from an even start, and from a network's.
    model
        Our network; None for the packaged one.
    published
        Folder with the published networks, ``l1/enhance.onnx`` and ``l2/enhance.onnx``; None
        leaves them out.
    """

    iterations: int
    repairs: int
    model: Path | None = None
    published: Path | None = None

    def methods(self, sample: Sample) -> Iterator[tuple[str, Callable[[], Picture]]]:
        """Yield every method's name and what makes its picture of a femur."""
        for name, draw in self._draws(sample):
            yield name, partial(_timed, draw)

    def _draws(self, sample: Sample) -> Iterator[tuple[str, Callable[[], Mask]]]:
        yield "nearest > 0.5", partial(_drawn, Nearest(factor=FACTOR), sample)
        yield "bicubic", partial(_drawn, Bicubic(factor=FACTOR), sample)
        own, mean = sample.body(), sample.body(mean_loads=True)
        if self.published is not None:
            for loss in PUBLISHED:
                path = self.published / loss / NETWORK
                for name, quilted in (("", False), (", quilted", True)):
                    draw = partial(_sewn, own, path, quilted=quilted)
                    yield f"ResNet-{loss.upper()}{name}", draw
        guess = Restoration(iterations=0, model=self.model)
        repair = replace(guess, iterations=self.repairs)
        optimise = Restoration(start="even", iterations=self.iterations)
        yield "network", partial(_restored, guess, own)
        yield "network, repaired", partial(_restored, repair, own)
        yield "network, repaired, mean loads", partial(_restored, repair, mean)
        yield "optimised", partial(_restored, optimise, own)
        yield "optimised, mean loads", partial(_restored, optimise, mean)


def _sewn(body: Body, network: Path, *, quilted: bool) -> Mask:
    """Return what a published network makes of a body: above one half is bone."""
    return (guessed(body, network, quilted=quilted) > 0) & (body.density[..., 0] > 0)


def _drawn(method: Callable[[Volume], Volume], sample: Sample) -> Mask:
    """Return what a method without loads makes of the coarse image, inside the outline."""
    return (method(sample.coarse).data[..., 0] > 0.5) & sample.inside


def _restored(method: Restoration, body: Body) -> Mask:
    return method(body).data[..., 0] > 0.5


def _timed(make: Callable[[], Mask]) -> Picture:
    cpu, wall = time.process_time(), time.monotonic()
    bone = make()
    return Picture(bone, time.process_time() - cpu, time.monotonic() - wall)
