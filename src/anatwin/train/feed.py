"""Synthetic patches, made in a background process a few steps ahead of the training."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from anatwin.core import LabelTable
from anatwin.train.fields import Shape
from anatwin.train.maps import FineMap, load_prepared
from anatwin.train.synthesis import EASY, Sample, Synthesis


@dataclass(frozen=True, slots=True)
class Source:
    """Where patches come from.

    Parameters
    ----------
    heads
        Prepared maps.
    mixed
        More prepared maps, of virtual people for example.
    mixed_share
        Share of patches from ``mixed``, if there are any.
    seed
        Start of every patch's own seed.
    synthesis, easy
        How images are made, and how milder ones are.
    """

    heads: tuple[Path, ...]
    mixed: tuple[Path, ...] = ()
    mixed_share: float = 0.15
    seed: int = 0
    synthesis: Synthesis = field(default_factory=Synthesis)
    easy: Synthesis = EASY

    def table(self) -> LabelTable:
        """Return the table of what the maps teach."""
        return self.synthesis.table(load_prepared(self.heads[0]))

    def choose(self, step: int, *, easy: float = 0.0) -> tuple[Path, int, Synthesis]:
        """Return the map, the seed and the recipe of one step's patch, ``easy`` of them mild."""
        rng = np.random.default_rng((self.seed, step))
        recipe = self.easy if rng.random() < easy else self.synthesis
        pool = self.mixed if self.mixed and rng.random() < self.mixed_share else self.heads
        return pool[rng.integers(len(pool))], int(rng.integers(2**62)), recipe


_loaded: dict[Path, FineMap] = {}


def make(source: Source, step: int, shape: Shape, *, easy: float = 0.0) -> Sample:
    """Return the patch of a step; the same step gives the same patch."""
    path, seed, recipe = source.choose(step, easy=easy)
    if path not in _loaded:
        _loaded[path] = load_prepared(path)
    return recipe.patch(_loaded[path], shape, seed)


def _make_small(source: Source, step: int, shape: Shape, easy: float) -> Sample:
    """Return the patch with its image in half precision, quicker to send."""
    sample = make(source, step, shape, easy=easy)
    return Sample(sample.image.astype(np.float16), sample.target)


def _start_worker() -> None:
    """Give the training the right of way."""
    torch.set_num_threads(1)
    os.nice(5)


class Feed:
    """Patches in order of steps, some made ahead."""

    def __init__(self, source: Source, pool: ProcessPoolExecutor | None, ahead: int = 4) -> None:
        self._source, self._pool, self._n_ahead = source, pool, ahead
        self._ahead: deque[Future[Sample]] = deque()
        self._next = 0

    def take(self, step: int, shape: Shape, *, easy: float = 0.0) -> Sample:
        """Return the patch of a step. Patches already under way keep the shape they were given."""
        if self._pool is None:
            return make(self._source, step, shape, easy=easy)
        self._next = max(self._next, step)
        while len(self._ahead) <= self._n_ahead:
            job = self._pool.submit(_make_small, self._source, self._next, shape, easy)
            self._ahead.append(job)
            self._next += 1
        return self._ahead.popleft().result()


@contextmanager
def feeding(source: Source, *, workers: int) -> Iterator[Feed]:
    """Give a feed with its worker processes; with 0 workers patches are made on the spot."""
    if workers == 0:
        yield Feed(source, None)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        yield Feed(source, pool, ahead=4 * workers)
        pool.shutdown(wait=False, cancel_futures=True)
