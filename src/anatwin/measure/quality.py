"""How close an image is to its reference."""

from math import inf, log10, nan

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError, Measure, Volume

_SIDE = 7
_K1, _K2 = 0.01, 0.03

Values = NDArray[np.floating]


def image_quality(
    image: Volume,
    reference: Volume,
    *,
    basis: str = "",
    slice_axis: int | None = None,
    mask: NDArray[np.bool_] | None = None,
) -> tuple[Measure, ...]:
    """Compare the magnitude of an image with that of its reference.

    The convention is fastMRI's: PSNR and NMSE over the volume with the reference's maximum as
    range; SSIM per slice with a uniform window of 7 x 7, sample covariance, K 0.01 and 0.03 and
    the same range, averaged over slices [1]_. With a mask, PSNR and NMSE count its voxels alone
    and SSIM is the mean of its map there, which the name then says.

    Parameters
    ----------
    image, reference
        On one grid.
    basis
        Where the image comes from, for example ``synthetic k-space``.
    slice_axis
        Axis across slices for SSIM; None takes the axis of the longest voxel edge, the last of
        them where several are equal.
    mask
        True where to compare, ``i j k``.

    Raises
    ------
    GeometryError
        If the grids differ.
    InputError
        If the reference or the mask is empty.

    References
    ----------
    .. [1] Zbontar et al. 2018, arXiv:1811.08839; Wang et al. 2004, doi:10.1109/TIP.2003.819861.
    """
    image.grid.require_match(reference.grid, "An image and its reference")
    values, truth = image.magnitude().data, reference.magnitude().data
    if mask is not None and (mask.shape != truth.shape or not mask.any()):
        raise InputError(f"The mask must cover some of {truth.shape}, got {mask.shape}.")
    if not float(truth.max()) > 0:
        raise InputError("The reference image is empty; nothing can be compared with it.")
    axis = _slice_axis(reference) if slice_axis is None else slice_axis
    where = "volume" if mask is None else "mask"
    mse, power = _errors(values, truth, mask)
    structural = ssim(values, truth, axis=axis, mask=mask)
    too_thin = "" if np.isfinite(structural) else f"slices are narrower than {_SIDE} voxels"
    slices = f"slices along {'ijk'[axis]}" + ("" if mask is None else ", mask")
    rows = (
        (f"PSNR[{where}, max(reference)]", _decibel(float(truth.max()) ** 2, mse), "dB", ""),
        (f"SSIM[{_SIDE} uniform, volume max, {slices}]", structural, "", too_thin),
        (f"NMSE[{where}]", mse / power if power else nan, "", ""),
    )
    return tuple(
        Measure(name, "image", value, unit, basis="; ".join(filter(None, (basis, why))))
        for name, value, unit, why in rows
    )


def ssim(
    image: Values, reference: Values, *, axis: int = 2, mask: NDArray[np.bool_] | None = None
) -> float:
    """Return the structural similarity of slices along ``axis``, averaged; NaN if too narrow."""
    limit = float(reference.max())
    plane = [n for a, n in enumerate(reference.shape) if a != axis]
    if min(plane) < _SIDE:
        return nan
    total, weight = 0.0, 0.0
    for index in range(reference.shape[axis]):
        one, other = (np.take(array, index, axis) for array in (image, reference))
        inner = slice(_SIDE // 2, -(_SIDE // 2))
        similarity = _ssim_map(one, other, limit)[inner, inner]
        if mask is None:
            total, weight = total + float(similarity.mean()), weight + 1
        else:
            inside = np.take(mask, index, axis)[inner, inner]
            total, weight = total + float(similarity[inside].sum()), weight + int(inside.sum())
    return total / weight if weight else nan


def _ssim_map(image: Values, reference: Values, limit: float) -> NDArray[np.float64]:
    """Return the similarity at every pixel of one slice."""
    from scipy.ndimage import uniform_filter

    x, y = image.astype(np.float64), reference.astype(np.float64)
    mean_x, mean_y = uniform_filter(x, _SIDE), uniform_filter(y, _SIDE)
    sample = _SIDE**2 / (_SIDE**2 - 1)
    spread = sample * (uniform_filter(x * x + y * y, _SIDE) - mean_x**2 - mean_y**2)
    covariance = sample * (uniform_filter(x * y, _SIDE) - mean_x * mean_y)
    c1, c2 = (_K1 * limit) ** 2, (_K2 * limit) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return luminance * (2 * covariance + c2) / (spread + c2)


def _errors(
    image: Values, reference: Values, mask: NDArray[np.bool_] | None
) -> tuple[float, float]:
    """Return the mean squared error and the mean square of the reference, plane by plane."""
    error, power, count = 0.0, 0.0, 0
    for index, (one, other) in enumerate(zip(image, reference, strict=True)):
        x, y = one.astype(np.float64), other.astype(np.float64)
        if mask is not None:
            x, y = x[mask[index]], y[mask[index]]
        error += float(np.vdot(x - y, x - y))
        power += float(np.vdot(y, y))
        count += x.size
    return error / count, power / count


def _decibel(signal: float, noise: float) -> float:
    return 10 * log10(signal / noise) if noise > 0 else inf


def _slice_axis(volume: Volume) -> int:
    spacing = np.round(volume.grid.spacing_mm, 4)
    return int(2 - np.argmax(spacing[::-1]))
