"""The noise of receive coils: how strong, how correlated, and how to make it white."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import InputError

Array = NDArray[Any]


def outer_samples(data: Array, mask: NDArray[np.bool_], *, share: float) -> Array:
    """Return the measured samples farthest from the centre, where noise outweighs the signal.

    Parameters
    ----------
    data
        k-space, ``coil`` and any axes, zero frequency at ``n // 2``.
    mask
        True where measured, of those axes; one that all entries share may have length one.
    share
        Part of the measured samples to return, above 0 and at most 1.

    Returns
    -------
    Array
        ``coil sample``.
    """
    shape = data.shape[1:]
    axes = [(np.arange(n) - n // 2) / n for n in shape]
    distance = sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij", sparse=True))
    measured = np.broadcast_to(mask, shape)
    far = np.quantile(np.broadcast_to(distance, shape)[measured], 1 - share)
    return data[:, measured & (distance >= far)]


def noise_covariance(samples: Array) -> Array:
    """Return the coils' covariance ``coil coil`` from samples of nothing but noise.

    The mean of ``n n*``: the variances of the real and of the imaginary part add up in it.

    Parameters
    ----------
    samples
        Noise, ``coil`` and any axes.

    Raises
    ------
    InputError
        If there are fewer samples than coils.

    Source: Pruessmann et al. 2001, doi:10.1002/mrm.1241.
    """
    flat = samples.reshape(len(samples), -1).astype(np.complex128)
    if flat.shape[1] < len(flat):
        raise InputError(
            f"Noise of {len(flat)} coils needs at least as many samples, got {flat.shape[1]}."
        )
    return flat @ flat.conj().T / flat.shape[1]


def prewhiten(data: Array, covariance: Array) -> Array:
    """Return combinations of coils whose noise is independent and of unit variance.

    What is applied to k-space must be applied to coil sensitivities too.

    Parameters
    ----------
    data
        k-space, images or sensitivities, ``coil`` and any axes.
    covariance
        Result of ``noise_covariance``.

    Raises
    ------
    InputError
        If a coil is dead or a copy of others, so that the covariance has no inverse.
    """
    from scipy.linalg import solve_triangular

    try:
        factor = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise InputError(
            "Noise covariance must be positive definite; leave out coils that receive nothing or "
            "the same as others."
        ) from None
    whitening = solve_triangular(factor, np.eye(len(factor)), lower=True).astype(data.dtype)
    return (whitening @ data.reshape(len(data), -1)).reshape(data.shape)
