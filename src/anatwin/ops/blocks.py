"""Blocks of fine pixels that make one coarse pixel each."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import GeometryError

Array = NDArray[Any]

_SHIFT, _HALVINGS = 15.0, 30


def block_edges(shape: tuple[int, ...], factor: int) -> tuple[int, ...]:
    """Return how many fine pixels a block has along each axis: one along an axis of one pixel."""
    return tuple(factor if n > 1 else 1 for n in shape)


def block_mean(image: Array, factor: int) -> Array:
    """Return the mean of every block, ``i j ...``.

    Raises
    ------
    GeometryError
        If the image does not hold whole blocks.
    """
    edges = block_edges(image.shape, factor)
    if any(n % edge for n, edge in zip(image.shape, edges, strict=True)):
        raise GeometryError(
            f"Expected an image of whole blocks of {factor} pixels, got {image.shape}; crop it."
        )
    return np.asarray(_split(image, edges).mean(axis=-1))


def block_means(values: Array, factor: int) -> NDArray[np.float32]:
    """Return the means over blocks of voxels, ``i j k``, the last ones filled up with their edge.

    Parameters
    ----------
    values
        A volume, ``i j k``.
    factor
        Voxels of a block along every axis.
    """
    padded = np.pad(values, [(0, -n % factor) for n in values.shape], mode="edge")
    sums = padded.astype(np.float32)
    for axis in range(sums.ndim):  # whole planes first: many times as fast as over all axes at once
        along = np.moveaxis(sums, axis, 0)
        total = along[::factor].copy()
        for n in range(1, factor):
            total += along[n::factor]
        sums = np.moveaxis(total, 0, axis)
    return sums / np.float32(factor**sums.ndim)


def spread(image: Array, factor: int) -> Array:
    """Return an image with every pixel repeated as a block."""
    for axis, edge in enumerate(block_edges(image.shape, factor)):
        image = np.repeat(image, edge, axis)
    return image


def fill_blocks(score: Array, density: Array) -> NDArray[np.bool_]:
    """Return the pixels of highest score, as many in every block as its density asks for.

    What rounding takes from a block is handed on to the next one along the last axis, so that no
    density is lost where it is small.

    Parameters
    ----------
    score
        How likely a fine pixel is bone, ``i j ...``.
    density
        Share of every block that is bone, 0 to 1.
    """
    edges = tuple(n // m for n, m in zip(score.shape, density.shape, strict=True))
    size = prod(edges)
    exact = np.cumsum(np.clip(density, 0, 1) * size, axis=-1)
    counts = np.diff(np.round(exact), prepend=0, axis=-1)
    blocks = _split(score, edges)
    order = np.argsort(-blocks, axis=-1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(size), order.shape), axis=-1)
    return _joined(rank < counts[..., None], edges)


def shares_kept(score: Array, density: Array, inside: NDArray[np.bool_]) -> Array:
    """Return densities between 0 and 1 that every block's measured share is kept by, exactly.

    They are the logistic function of the score plus a number of the block's own, which bisection
    finds; outside the shape they are 0. A block that has less room than its share is full.

    Parameters
    ----------
    score
        How likely a fine pixel is bone, as a logit, ``i j ...``.
    density
        Share of every block that is bone, 0 to 1.
    inside
        Which fine pixels may hold bone.
    """
    from scipy.special import expit

    edges = tuple(n // m for n, m in zip(score.shape, density.shape, strict=True))
    blocks, room = _split(score, edges), _split(inside, edges)
    target = (density * prod(edges))[..., None]
    low = -_SHIFT - blocks.max(axis=-1, keepdims=True)
    high = _SHIFT - blocks.min(axis=-1, keepdims=True)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        full = (expit(blocks + middle) * room).sum(axis=-1, keepdims=True) > target
        low, high = np.where(full, low, middle), np.where(full, middle, high)
    return _joined(expit(blocks + (low + high) / 2) * room, edges)


def spread_inside(density: Array, inside: NDArray[np.bool_]) -> Array:
    """Return fine densities inside a shape with the mass that coarse pixels have.

    A block that lies partly outside holds its mass in the rest, as far as there is room.

    Parameters
    ----------
    density
        Share of every block that is bone, 0 to 1.
    inside
        Which fine pixels may hold bone.
    """
    factor = max(n // m for n, m in zip(inside.shape, density.shape, strict=True))
    room = block_mean(inside, factor)
    held = np.minimum(density / np.maximum(room, 1e-9), 1)
    return np.asarray(np.where(inside, spread(held, factor), 0))


def _split(image: Array, edges: tuple[int, ...]) -> Array:
    """Return the pixels of every block along a new last axis."""
    pairs = [(n // edge, edge) for n, edge in zip(image.shape, edges, strict=True)]
    parts = image.reshape([n for pair in pairs for n in pair])
    order = [*range(0, parts.ndim, 2), *range(1, parts.ndim, 2)]
    return parts.transpose(order).reshape(*(n for n, _ in pairs), prod(edges))


def _joined(blocks: Array, edges: tuple[int, ...]) -> Array:
    """Return the image of blocks: the inverse of ``_split``."""
    axes = len(edges)
    parts = blocks.reshape(*blocks.shape[:axes], *edges)
    order = [axis for pair in zip(range(axes), range(axes, 2 * axes), strict=True) for axis in pair]
    return parts.transpose(order).reshape(
        [n * edge for n, edge in zip(blocks.shape, edges, strict=False)]
    )
