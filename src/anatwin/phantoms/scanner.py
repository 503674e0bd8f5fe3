"""What a scanner's receive chain makes of an object: coils, phase, noise, missing lines."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import KSpace, UsageError, Volume, track
from anatwin.ops.fourier import fft
from anatwin.phantoms.coils import coil_ring, object_phase

_BLOCK_VOXELS = 300_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Scanner:
    """Receive chain of a virtual scanner."""

    n_coils: int = 8
    """Receive coils on a ring around the object."""

    noise: float = 0.02
    """Standard deviation of the noise in the real and in the imaginary part of every fully
    sampled coil image, over the object's mean magnitude."""

    noise_correlation: float = 0.1
    """Correlation of the noise of neighbouring coils, 0 (none) to below 1."""

    phase_rad: float = 1.0
    """Largest phase of the object [rad], which varies smoothly over the image."""

    seed: int = 0
    """Which coils, phase and noise."""

    def __post_init__(self) -> None:
        if self.n_coils < 1:
            raise UsageError(f"Scanner.n_coils must be 1 or more, got {self.n_coils}.")
        if self.noise < 0 or not 0 <= self.noise_correlation < 1:
            raise UsageError(
                "Scanner.noise must be 0 or more and noise_correlation from 0 to below 1, got "
                f"{self.noise} and {self.noise_correlation}."
            )


def measure(
    volume: Volume,
    scanner: Scanner,
    mask: NDArray[np.bool_],
    *,
    readout_axis: int,
    slice_axis: int | None = None,
) -> KSpace:
    """Return what ``scanner`` measures of an image: synthetic k-space on the image's grid.

    The coils' root sum of squares is one everywhere, so a perfect reconstruction has the image's
    own scale. Memory stays near that of the result.
    """
    data = receive(volume, scanner, slice_axis=slice_axis)
    add_noise(data, mask, scanner, sigma=scanner.noise * object_mean(volume.data))
    return KSpace(data, mask, volume.grid, readout_axis, slice_axis, origin="synthetic")


def object_mean(image: NDArray[Any]) -> float:
    """Return the mean magnitude of the object: voxels brighter than half the overall mean."""
    count, total = 0, 0.0
    threshold = np.mean([np.abs(slab).mean(dtype=np.float64) for slab in image]) / 2
    for slab in image:
        bright = np.abs(slab)
        bright = bright[bright > threshold]
        count, total = count + bright.size, total + float(bright.sum(dtype=np.float64))
    return total / max(count, 1)


def receive(volume: Volume, scanner: Scanner, *, slice_axis: int | None) -> NDArray[np.complex64]:
    """Return every coil's k-space without noise, ``coil i j k``."""
    data = _coil_images(volume, scanner)
    axes = tuple(axis for axis in range(3) if axis != slice_axis)
    for coil in track(data, "transforming to k-space"):
        for part in _independent(coil, slice_axis):
            part[...] = fft(part, axes, workers=-1)
    return data


def _coil_images(volume: Volume, scanner: Scanner) -> NDArray[np.complex64]:
    grid = volume.grid
    coils = coil_ring(grid, scanner.n_coils, seed=scanner.seed)
    phase = object_phase(grid, scanner.phase_rad, seed=scanner.seed)
    data = np.empty((scanner.n_coils, *grid.shape), np.complex64)
    thickness = max(1, _BLOCK_VOXELS // (grid.shape[1] * grid.shape[2]))
    blocks = zip(coils.blocks(thickness), phase.blocks(thickness), strict=True)
    for (rows, maps), (_, turn) in track(blocks, "receiving", total=-(-grid.shape[0] // thickness)):
        np.multiply(maps, turn[0] * volume.data[rows], out=data[:, rows], casting="same_kind")
    return data


def _independent(
    coil: NDArray[np.complex64], slice_axis: int | None
) -> list[NDArray[np.complex64]]:
    """Return views that can be transformed one after the other, so that copies stay small."""
    if slice_axis is None:
        return [coil]
    n = coil.shape[slice_axis]
    first = np.moveaxis(coil, slice_axis, 0)
    return [np.moveaxis(first[a : a + 8], 0, slice_axis) for a in range(0, n, 8)]


def add_noise(
    data: NDArray[np.complex64], mask: NDArray[np.bool_], scanner: Scanner, *, sigma: float
) -> None:
    """Add noise to what was measured and clear what was not, in place.

    ``sigma`` is the standard deviation of the real and of the imaginary part; as the transform is
    unitary, it is the same in a fully sampled coil image.
    """
    rng = np.random.default_rng([scanner.seed, 1])
    mix = noise_mixing(scanner).astype(np.complex64) * np.float32(sigma)
    measured = np.broadcast_to(mask, data.shape[1:])
    for row, lines in enumerate(track(measured, "adding noise")):
        plane = data[:, row]
        noise = rng.standard_normal((len(data), 2 * int(lines.sum())), np.float32)
        values = plane[:, lines] + mix @ noise.view(np.complex64)
        plane[:] = 0
        plane[:, lines] = values


def noise_mixing(scanner: Scanner) -> NDArray[np.float64]:
    """Return the matrix that gives independent noise the coils' correlation, ``coil source``.

    The correlation falls geometrically with the number of coils between two on the ring.
    """
    step = np.abs(np.subtract.outer(np.arange(scanner.n_coils), np.arange(scanner.n_coils)))
    around = np.minimum(step, scanner.n_coils - step)
    correlation = np.where(around == 0, 1.0, scanner.noise_correlation**around)
    return np.linalg.cholesky(correlation)
