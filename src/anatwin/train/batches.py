"""Batches of undersampled slices, simulated from whole ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from anatwin.train.augmentation import Augmentation, Shape, smooth_phase
from anatwin.train.images import Stack
from anatwin.train.masks import Mask, draw_lines, draw_points
from anatwin.train.scan import Scan


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """Undersampled slices and the truth.

    Parameters
    ----------
    scan
        What was measured.
    truth
        Complex images ``slice row column``.
    """

    scan: Scan
    truth: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on a device."""
        scan = self.scan
        coils = None if scan.coils is None else scan.coils.to(device)
        moved = Scan(scan.seen.to(device), scan.mask.to(device), coils)
        return Batch(moved, self.truth.to(device))


@dataclass(frozen=True, slots=True)
class Simulation:
    """How batches are made.

    Parameters
    ----------
    line_shapes
        Readout samples and phase encodings of slices undersampled by lines. A window along the
        readout, which is sampled fully, is as good as the whole slice.
    point_shapes
        Sizes of slices undersampled in both directions.
    points
        Share of batches that are undersampled in both directions.
    pixels
        Pixels of a batch at least, unless one slice has more.
    noisy
        Share of single-coil slices that get noise; several coils nearly always do.
    noise
        Its largest standard deviation, in units of typical brightness.
    several_coils
        Share of batches seen by several coils.
    consecutive
        Whether the slices of a batch are neighbours.
    augmentation
        How slices are varied.
    """

    line_shapes: tuple[Shape, ...] = ((64, 256), (96, 192), (128, 128), (80, 224), (256, 256))
    point_shapes: tuple[Shape, ...] = ((128, 128), (160, 112), (192, 192))
    points: float = 0.4
    pixels: int = 32768
    noisy: float = 0.35
    noise: float = 0.05
    several_coils: float = 0.6
    consecutive: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)

    def batch(self, stacks: Sequence[Stack], seed: tuple[int, ...]) -> Batch:
        """Return a random batch; the same seed gives the same one."""
        rng = np.random.default_rng(seed)
        lines = rng.random() >= self.points
        shapes = self.line_shapes if lines else self.point_shapes
        shape = shapes[rng.integers(len(shapes))]
        count = max(1, round(self.pixels / (shape[0] * shape[1])))
        truth = np.stack(list(self._slices(stacks, shape, count, rng)))
        masks = [draw_lines(shape[1], rng) if lines else draw_points(shape, rng) for _ in truth]
        several = rng.random() < self.several_coils
        noisy = rng.random(count) < (0.8 if several else self.noisy)
        noise = self.noise * rng.random(count) * noisy
        coils = random_coils(shape, count, rng) if several else None
        if coils is not None and rng.random() < 0.5:
            coils *= _support(truth)[:, None]
        return measure(truth, np.stack(masks), noise=noise, coils=coils, rng=rng)

    def _slices(
        self, stacks: Sequence[Stack], shape: Shape, count: int, rng: np.random.Generator
    ) -> Iterator[NDArray[np.complex64]]:
        """Yield random slices, or neighbouring ones that are varied in the same way."""
        seed = int(rng.integers(2**62))
        for index in range(count):
            if self.consecutive:
                chance = np.random.default_rng(seed)
                yield self.augmentation.slice(stacks, shape, chance, offset=index)
            else:
                yield self.augmentation.slice(stacks, shape, rng)


def measure(
    truth: NDArray[np.complex64],
    masks: Mask,
    *,
    rng: np.random.Generator,
    noise: NDArray[np.float64] | None = None,
    coils: NDArray[np.complex64] | None = None,
) -> Batch:
    """Return what a scanner measures of whole slices.

    Parameters
    ----------
    truth
        Images ``slice row column``.
    masks
        True where measured, ``slice row column``, zero frequency in the middle; an axis that all
        entries share may have length one.
    rng
        Chance.
    noise
        Standard deviation of the real and of the imaginary part, for every slice.
    coils
        Sensitivities ``slice coil row column``.
    """
    images = truth[:, None] if coils is None else coils * truth[:, None]
    if noise is not None and noise.any():
        parts = rng.standard_normal((2, *images.shape), np.float32)
        images = images + noise[:, None, None, None].astype(np.float32) * (parts[0] + 1j * parts[1])
    mask = torch.from_numpy(np.ascontiguousarray(np.fft.ifftshift(masks, axes=(1, 2))))
    maps = None if coils is None else torch.from_numpy(coils)
    scan = Scan(_undersampled(torch.from_numpy(images), mask), mask, maps)
    return Batch(scan, torch.from_numpy(truth))


def _undersampled(images: Tensor, mask: Tensor) -> Tensor:
    """Return zero-filled coil images ``slice coil row column``."""
    axes = tuple(axis + 1 for axis in (1, 2) if mask.shape[axis] > 1)
    if not axes:
        return images
    return torch.fft.ifftn(torch.fft.fftn(images, dim=axes) * mask[:, None], dim=axes)


def _support(truth: NDArray[np.complex64]) -> NDArray[np.bool_]:
    """Return True in and around what slices show, where coil maps can be estimated."""
    from scipy.ndimage import uniform_filter

    magnitude = np.abs(truth)
    return uniform_filter(magnitude, (0, 11, 11)) > 0.05 * magnitude.mean((1, 2), keepdims=True)


def random_coils(shape: Shape, count: int, rng: np.random.Generator) -> NDArray[np.complex64]:
    """Return sensitivities ``slice coil row column`` of coils around the slice.

    Their sum of squares is one.
    """
    n = int(rng.integers(3, 9))
    rows, columns = (np.linspace(-1, 1, size)[:, None] for size in shape)
    coils = np.empty((count, n, *shape), np.complex64)
    for maps in coils:
        start = rng.uniform(0, 2 * np.pi)
        for coil, angle in zip(maps, start + 2 * np.pi * np.arange(n) / n, strict=True):
            away = (rows - 1.2 * np.sin(angle)) ** 2 + (columns.T - 1.2 * np.cos(angle)) ** 2
            phase = smooth_phase(shape, rng, terms=3)
            coil[:] = np.exp(-away / rng.uniform(0.8, 3.0)) * np.exp(1j * phase)
        maps /= np.sqrt((np.abs(maps) ** 2).sum(0))
    return coils
