"""What a scanner's receive chain makes of an object along a trajectory."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import NonCartesian, Volume, track
from anatwin.ops.fourier import ifft
from anatwin.ops.nufft import Nufft
from anatwin.phantoms.scanner import Scanner, noise_mixing, object_mean, receive


def measure_along(
    volume: Volume,
    scanner: Scanner,
    trajectory: NDArray[np.float64],
    *,
    slice_axis: int,
    oversampling: float = 1.0,
) -> NonCartesian:
    """Return what ``scanner`` measures of an image along a trajectory, slice by slice.

    Coils, phase and scale are those of a Cartesian scan by the same scanner.

    Parameters
    ----------
    volume
        Real or complex image.
    scanner
        Its receive chain.
    trajectory
        Frequencies [cycles per voxel], ``shot sample 2``.
    slice_axis
        Grid axis across slices.
    oversampling
        Samples over those that the field of view needs along a shot. Each is measured in so much
        less time, so the noise's variance is so much larger.
    """
    first, second = (axis for axis in range(3) if axis != slice_axis)
    nufft = Nufft(trajectory, (volume.grid.shape[first], volume.grid.shape[second]))
    spectra = np.moveaxis(receive(volume, scanner, slice_axis=slice_axis), slice_axis + 1, 0)
    sigma = scanner.noise * object_mean(volume.data) * oversampling**0.5
    rng = np.random.default_rng([scanner.seed, 1])
    mix = (noise_mixing(scanner) * sigma).astype(np.complex64)
    data = np.empty((*spectra.shape[:2], *trajectory.shape[:-1]), np.complex64)
    for samples, spectrum in zip(data, track(spectra, "following the trajectory"), strict=True):
        samples[:] = nufft.forward(ifft(spectrum, (1, 2)))
        samples += np.tensordot(mix, _noise(rng, samples.shape), 1)
    return NonCartesian(data, trajectory, volume.grid, slice_axis, origin="synthetic")


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return complex noise whose real and imaginary parts have unit variance."""
    return rng.standard_normal((*shape, 2), np.float32).view(np.complex64)[..., 0]
