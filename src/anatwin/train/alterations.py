"""Altered intensities: noise, blur, brightness, contrast, coarse resolution, gamma.

In this order, each in a share of the patches, shares and ranges as Isensee et al. 2021
(doi:10.1038/s41592-020-01008-z) give them.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

Image = NDArray[np.float32]


def alter(image: Image, rng: np.random.Generator) -> Image:
    """Return an altered image, ``channel i j k``."""
    steps = (
        (0.1, _noise),
        (0.1, _blur),
        (0.15, _brightness),
        (0.15, _contrast),
        (0.125, _coarse),
        (0.1, _inverted_gamma),
        (0.3, _gamma),
    )
    for share, step in steps:
        if rng.random() < share:
            image = step(image, rng)
    return image.astype(np.float32, copy=False)


def _noise(image: Image, rng: np.random.Generator) -> Image:
    deviation = np.sqrt(rng.uniform(0, 0.1))
    return image + deviation * rng.standard_normal(image.shape, np.float32)


def _blur(image: Image, rng: np.random.Generator) -> Image:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(image, (0, *[rng.uniform(0.5, 1.0)] * 3))


def _brightness(image: Image, rng: np.random.Generator) -> Image:
    return image * np.float32(rng.uniform(0.75, 1.25))


def _contrast(image: Image, rng: np.random.Generator) -> Image:
    mean, low, high = (f(image, axis=(1, 2, 3), keepdims=True) for f in (np.mean, np.min, np.max))
    factor = np.float32(rng.uniform(0.75, 1.25))
    return np.clip((image - mean) * factor + mean, low, high)


def _coarse(image: Image, rng: np.random.Generator) -> Image:
    """See the image through larger voxels."""
    zoom = rng.uniform(0.5, 1.0)
    size = [max(1, round(n * zoom)) for n in image.shape[1:]]
    small = functional.interpolate(torch.from_numpy(image)[None], size, mode="nearest-exact")
    large = functional.interpolate(small, image.shape[1:], mode="trilinear", align_corners=False)
    return large[0].numpy()


def _gamma(image: Image, rng: np.random.Generator) -> Image:
    """Bend the grey scale; mean and deviation stay."""
    low, high = image.min(), image.max()
    if high - low < 1e-6:
        return image
    bent = ((image - low) / (high - low)) ** np.float32(rng.uniform(0.7, 1.5))
    bent = (bent - bent.mean()) / max(float(bent.std()), 1e-7)
    return bent * image.std() + image.mean()


def _inverted_gamma(image: Image, rng: np.random.Generator) -> Image:
    return -_gamma(-image, rng)
