"""What was measured of slices, and how images are made consistent with it, in torch."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Scan:
    """Undersampled slices.

    Parameters
    ----------
    seen
        Zero-filled complex image of every coil, ``slice coil row column``.
    mask
        True where measured, ``slice row column`` with the zero frequency first; an axis that all
        entries share has length one.
    coils
        Sensitivities ``slice coil row column``; None for a single coil of even sensitivity.
    """

    seen: Tensor
    mask: Tensor
    coils: Tensor | None = None

    def combined(self, images: Tensor) -> Tensor:
        """Return one image ``slice row column`` of coil images."""
        if self.coils is None:
            return images[:, 0]
        total: Tensor = (self.coils.conj() * images).sum(1)
        return total / self.power()

    def power(self) -> Tensor:
        """Return the sum of squares of the sensitivities, never quite zero."""
        if self.coils is None:
            return torch.ones((), device=self.seen.device)
        power = (self.coils.abs() ** 2).sum(1)
        return torch.maximum(power, 1e-3 * power.amax((1, 2), keepdim=True).clamp_min(1e-20))

    def expanded(self, image: Tensor) -> Tensor:
        """Return coil images ``slice coil row column``."""
        return image[:, None] if self.coils is None else self.coils * image[:, None]

    def sampled(self, images: Tensor) -> Tensor:
        """Return coil images without the samples that were not measured.

        Undersampling is a circular convolution, so the zero frequency need not be moved, and an
        axis that is sampled fully need not be transformed.
        """
        axes = tuple(axis + 1 for axis in (1, 2) if self.mask.shape[axis] > 1)
        if not axes:
            return images
        return torch.fft.ifftn(torch.fft.fftn(images, dim=axes) * self.mask[:, None], dim=axes)

    def misfit(self, image: Tensor) -> Tensor:
        """Return what the samples say beyond an image: a correction ``slice row column``."""
        return self.combined(self.sampled(self.seen - self.expanded(image)))

    def consistent(self, image: Tensor, trust: Tensor, *, coil_steps: int = 0) -> Tensor:
        """Return images moved to the samples, zero where no coil sees anything.

        With ``coil_steps`` and several coils, steps of conjugate gradients towards the image
        that fits the samples, the given one weighing ``1 / trust - 1`` against them. Of a single
        coil the first step gets there.
        """
        if self.coils is not None:
            image = image * (self.coils != 0).any(1)
        if self.coils is None or coil_steps == 0:
            return image + trust * self.misfit(image)
        residual = self.misfit(image)
        weight, power = 1 / trust - 1, self.power()
        direction, size = residual, _squares(residual, power)
        for _ in range(coil_steps):
            moved = self.combined(self.sampled(self.expanded(direction))) + weight * direction
            step = size / _inner(direction, moved, power)
            image = image + step * direction
            residual = residual - step * moved
            before, size = size, _squares(residual, power)
            direction = residual + size / before * direction
        return image


def _inner(one: Tensor, other: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted inner product of every slice; a number above zero."""
    product = (weight * (one.conj() * other).real).sum((1, 2), keepdim=True)
    return product.clamp_min(1e-12)


def _squares(image: Tensor, weight: Tensor) -> Tensor:
    return _inner(image, image, weight)


def share_samples(scan: Scan, reach: int) -> list[Tensor]:
    """Return, for every reach up to one, images whose gaps are filled from neighbouring slices.

    A sample that a slice lacks is the mean of the neighbours' that were measured. Data
    consistency with infinite weight leaves measured samples alone, so sharing them once is the
    same as sharing them anew before every network.

    Parameters
    ----------
    scan
        Consecutive slices or frames.
    reach
        Neighbours on either side.
    """
    if reach == 0:
        return []
    rows, columns = scan.seen.shape[2:]
    spectrum = torch.fft.fft2(scan.seen)
    mask = scan.mask.expand(len(spectrum), rows, columns)[:, None].float()
    images = []
    for n in range(1, reach + 1):
        total, count = _over_neighbours(spectrum, n), _over_neighbours(mask, n)
        filled = torch.where(mask > 0, spectrum, total / count.clamp_min(1))
        images += [scan.combined(torch.fft.ifft2(filled))]
    return images


def _over_neighbours(values: Tensor, reach: int) -> Tensor:
    """Return the sum over slices at most ``reach`` away."""
    n = len(values)
    sums = [values[max(0, i - reach) : i + reach + 1].sum(0) for i in range(n)]
    return torch.stack(sums)
