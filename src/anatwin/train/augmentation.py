"""Random slices out of stacks: turned, stretched, cropped, with a random phase."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.coils import middle_block
from anatwin.ops.fourier import fft, ifft
from anatwin.train.images import Stack

Array = NDArray[Any]
Shape = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How slices are varied.

    Parameters
    ----------
    turned
        Share that is rotated by any angle and stretched; the others are turned by right angles.
    phase
        Share that gets a smooth random phase; the others stay as they are.
    brightness
        Standard deviation of the logarithm of a random factor.
    shaded
        Share that is brighter here than there, as close to receive coils.
    """

    turned: float = 0.3
    phase: float = 0.85
    brightness: float = 0.25
    shaded: float = 0.25

    def slice(
        self, stacks: Sequence[Stack], shape: Shape, rng: np.random.Generator, *, offset: int = 0
    ) -> Array:
        """Return a random slice ``row column``, complex, of about typical brightness 1.

        All of its columns are seen; rows may be a window.

        Parameters
        ----------
        stacks
            Where it comes from.
        shape
            Rows and columns.
        rng
            Chance; the same chance gives the same slice.
        offset
            How many slices further on.
        """
        fitting = [stack for stack in stacks if stack.side >= 0.6 * shape[1]] or stacks
        chances = np.sqrt([len(stack.useful) for stack in fitting])
        stack = fitting[rng.choice(len(fitting), p=chances / chances.sum())]
        which = min(int(rng.integers(len(stack.useful))) + offset, len(stack.useful) - 1)
        image = stack.slices[stack.useful[which]]
        image = image.astype(np.complex64 if np.iscomplexobj(image) else np.float32)
        image = self._turned(image, rng)
        image = _resized(image, shape[1], rng)
        image = _window(image, shape, rng).astype(np.complex64)
        if rng.random() < self.phase:
            image *= np.exp(1j * smooth_phase(shape, rng)).astype(np.complex64)
        if rng.random() < self.shaded:
            image *= np.exp(0.5 * np.sin(smooth_phase(shape, rng)))
        return image * np.float32(np.exp(self.brightness * rng.standard_normal()))

    def _turned(self, image: Array, rng: np.random.Generator) -> Array:
        """Return the image flipped and turned."""
        if rng.random() < 0.5:
            image = image[::-1]
        image = np.rot90(image, int(rng.integers(4)))
        return _rotated(image, rng) if rng.random() < self.turned else image


def _rotated(image: Array, rng: np.random.Generator) -> Array:
    """Return the image turned by any angle and stretched by up to a fifth."""
    from scipy.ndimage import affine_transform

    angle = rng.uniform(-np.pi / 4, np.pi / 4)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.diag(np.exp(rng.uniform(-0.2, 0.2, 2)))
    middle = (np.array(image.shape) - 1) / 2
    return affine_transform(image, matrix, middle - matrix @ middle, order=3)


def _resized(image: Array, columns: int, rng: np.random.Generator) -> Array:
    """Return a coarser image where it is wider than ``columns``, by cropping its k-space."""
    width = image.shape[1]
    wanted = round(columns * rng.uniform(0.85, 1.35))
    if width <= wanted:
        return image
    rows = max(16, round(image.shape[0] * wanted / width))
    spectrum = fft(image.astype(np.complex64), (0, 1))[middle_block(image.shape, (rows, wanted))]
    scale = np.float32(np.sqrt(rows * wanted / image.size))
    resized = ifft(spectrum, (0, 1)) * scale
    return resized if np.iscomplexobj(image) else np.maximum(resized.real, 0)


def _window(image: Array, shape: Shape, rng: np.random.Generator) -> Array:
    """Return a window of the image; zeros where it is too small."""
    result = np.zeros(shape, image.dtype)
    source, target = [], []
    for have, want in zip(image.shape, shape, strict=True):
        slack = have - want
        start = int(
            rng.binomial(abs(slack), 0.5) if rng.random() < 0.5 else rng.integers(abs(slack) + 1)
        )
        n = min(have, want)
        source.append(slice(start, start + n) if slack > 0 else slice(0, n))
        target.append(slice(0, n) if slack > 0 else slice(start, start + n))
    result[tuple(target)] = image[tuple(source)]
    return result


def smooth_phase(shape: Shape, rng: np.random.Generator, *, terms: int = 4) -> NDArray[np.float32]:
    """Return a smooth random phase ``row column`` of one or two turns in all [rad]."""
    decay = np.exp(-0.7 * np.add.outer(np.arange(terms), np.arange(terms)))
    weights = 1.5 * decay * rng.standard_normal((terms, terms))
    weights[0, 0] = rng.uniform(-np.pi, np.pi)
    rows, columns = (
        np.cos(np.outer(np.arange(n) + 0.5, np.arange(terms)) * np.pi / n) for n in shape
    )
    return (rows @ weights @ columns.T).astype(np.float32)
