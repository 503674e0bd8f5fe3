"""A virtual patient's raw acquisition: what a scanner would have stored, and the truth."""

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, KSpace, Labels, Volume, track
from anatwin.ops.fourier import fft, ifft
from anatwin.phantoms.head import head, tissues
from anatwin.phantoms.sampling import variable_density
from anatwin.phantoms.scanner import Scanner, add_noise, object_mean, receive
from anatwin.phantoms.signal import Weighting, brightness, fat_numbers

PATIENT_GRID = Grid.isotropic((144, 176, 160), 1.5)
"""Default grid of a patient's scan: a head down to the upper neck at 1.5 mm."""

_AXES = (0, 1, 2)


class Patient(NamedTuple):
    """A scan, the image that a perfect scan would have given, and the structures."""

    kspace: KSpace
    truth: Volume
    labels: Labels


def patient(
    seed: int = 0,
    *,
    grid: Grid = PATIENT_GRID,
    weighting: Weighting | None = None,
    acceleration: float = 4.0,
    scanner: Scanner | None = None,
) -> Patient:
    """Return a virtual patient's undersampled multi-coil 3-D scan.

    The person is drawn on a lattice twice as fine as the scan's, and coils and phase act before
    the frequencies beyond the scan's are cut off: voxels hold mixtures of tissues, edges ring, and
    no model on the scan's own grid made the data.

    Parameters
    ----------
    seed
        Which person, coils, noise and sampling pattern.
    grid
        Grid of the scan; its last axis is read out.
    weighting
        How bright tissues are; T1-weighted at 3 T by default.
    acceleration
        Lines of the grid over lines measured.
    scanner
        Receive chain; by default eight coils numbered by ``seed``.
    """
    chain = scanner or Scanner(seed=seed)
    person = _person(grid, weighting or Weighting(), seed)
    truth = Volume(np.abs(ifft(_cut(person, grid.shape), _AXES, workers=-1)), grid)
    data = _received(person, grid, chain)
    mask = variable_density(grid.shape[:2], acceleration, calibration=24, seed=seed)[:, :, None]
    add_noise(data, mask, chain, sigma=chain.noise * object_mean(truth.data))
    kspace = KSpace(data, mask, grid, readout_axis=2, origin="synthetic")
    return Patient(kspace, truth, head(grid, seed))


def _person(grid: Grid, how: Weighting, seed: int) -> NDArray[np.complex64]:
    """Return the k-space of a person drawn twice as fine, cut to 9/8 of the grid's band."""
    i, j, k = grid.shape
    person = tissues(_finer(grid, (2 * i, 2 * j, 2 * k)), seed)
    bright = brightness(person.table, how.contrast, field_t=how.field_t, seed=seed)
    fat = np.where(fat_numbers(person.table), bright, np.float32(0))
    band = (2 * round(i * 9 / 16), 2 * round(j * 9 / 16), 2 * round(k * 9 / 16))
    turns = np.fft.fftshift(np.fft.fftfreq(band[2])) * band[2] / grid.shape[2]
    delay = np.exp(-2j * np.pi * turns * how.fat_shift_voxels).astype(np.complex64) - 1
    planes = np.empty((2 * i, *band[1:]), np.complex64)
    for row, plane in enumerate(track(person.data, "scanning the person")):
        planes[row] = _cut(fft(bright[plane], (0, 1), workers=-1), band[1:])
        if how.fat_shift_voxels:
            planes[row] += delay * _cut(fft(fat[plane], (0, 1), workers=-1), band[1:])
    return _cut(fft(planes, (0,), workers=-1), band)


def _received(person: NDArray[np.complex64], grid: Grid, scanner: Scanner) -> NDArray[np.complex64]:
    """Return what every coil receives in the grid's band, ``coil i j k``."""
    wide = Volume(ifft(person, _AXES, workers=-1), _finer(grid, person.shape))
    coils = receive(wide, scanner, slice_axis=None)
    data = np.empty((scanner.n_coils, *grid.shape), np.complex64)
    for part, coil in zip(data, coils, strict=True):
        part[...] = _cut(coil, grid.shape)
    return data


def _cut(kspace: NDArray[np.complex64], shape: tuple[int, ...]) -> NDArray[np.complex64]:
    """Return the middle of k-space, scaled so that its image keeps the brightness."""
    starts = [n // 2 - m // 2 for n, m in zip(kspace.shape, shape, strict=True)]
    middle = kspace[tuple(slice(s, s + m) for s, m in zip(starts, shape, strict=True))]
    return middle * np.float32(np.sqrt(prod(shape) / kspace.size))


def _finer(grid: Grid, shape: tuple[int, ...]) -> Grid:
    """Return the same field of view with other voxels; voxel ``n // 2`` of both is at one place."""
    matrix = grid.matrix
    middle = matrix @ [*(n // 2 for n in grid.shape), 1]
    matrix[:3, :3] *= np.array(grid.shape) / np.array(shape)
    matrix[:3, 3] = middle[:3] - matrix[:3, :3] @ [n // 2 for n in shape]
    return Grid.from_matrix(shape, matrix, grid.frame)
