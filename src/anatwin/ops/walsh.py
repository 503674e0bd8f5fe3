"""Coil sensitivities from images, without a calibration region."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_ROWS = 32


def walsh_maps(images: Array, *, window: int = 7) -> Array:
    """Return the sensitivities that match coil images best around every pixel.

    Around a pixel the object is one unknown, so the coils' covariance there has one strong
    eigenvector: the sensitivities. Their sum of squares is one, and the first coil's are real and
    positive.

    Parameters
    ----------
    images
        Coil images, ``coil row column``.
    window
        Side of the neighbourhood [pixels].

    Returns
    -------
    Array
        ``coil row column``.

    Source: Walsh et al. 2000, doi:10.1002/(SICI)1522-2594(200005)43:5<682::AID-MRM10>3.0.CO;2-G.
    """
    brightest = np.abs(images).max()
    scaled = images / brightest if brightest > 0 else images
    margin = window // 2
    padded = np.pad(scaled, ((0, 0), (margin, window - 1 - margin), (margin, window - 1 - margin)))
    maps = np.empty_like(images)
    for start in range(0, images.shape[1], _ROWS):
        rows = padded[:, start : start + _ROWS + window - 1]
        covariance = _local_covariance(rows, window)
        strongest = np.linalg.eigh(covariance)[1][..., -1]
        maps[:, start : start + _ROWS] = np.moveaxis(strongest, -1, 0)
    first = maps[0]
    turn = np.where(first == 0, 1, first.conj() / np.maximum(np.abs(first), 1e-30))
    return (maps * turn).astype(images.dtype)


def _local_covariance(images: Array, window: int) -> Array:
    """Return ``row column coil coil``, summed over square neighbourhoods inside the images."""
    products = np.einsum("arc,brc->rcab", images, images.conj())
    for axis in (0, 1):
        views = np.lib.stride_tricks.sliding_window_view(products, window, axis=axis)
        products = views.sum(axis=-1)
    return products
