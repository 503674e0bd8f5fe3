"""Small pictures: cuts, outlines of structures, error maps, k-space."""

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import AnyKSpace, KSpace, LabelTable, NonCartesian, Volume

GreyWindow = tuple[float, float]

FILL = 0.28
"""Opacity of a structure's inside; its outline is opaque."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture that a page can show."""

    uri: str
    width: int
    height: int


def encode(pixels: NDArray[np.uint8], *, is_exact: bool = False) -> Picture:
    """Return a WebP picture of ``row column`` or ``row column channel``."""
    from PIL import Image

    buffer = BytesIO()
    options = {"lossless": True, "quality": 60} if is_exact else {"quality": 80}
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "WEBP", method=4, **options)
    uri = "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
    return Picture(uri, pixels.shape[1], pixels.shape[0])


def resize(
    values: NDArray[Any], size: tuple[int, int], *, is_smooth: bool = True
) -> NDArray[np.float32]:
    """Return real values, ``row column``, at another size."""
    from PIL import Image

    how = Image.Resampling.BICUBIC if is_smooth else Image.Resampling.NEAREST
    picture = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    return np.asarray(picture.resize(size[::-1], how))


def grey_window(volume: Volume) -> GreyWindow:
    """Return the values shown as black and as white, from a sample of the voxels."""
    step = tuple(slice(None, None, max(n // 96, 1)) for n in volume.data.shape)
    sample = np.abs(volume.data[step]) if np.iscomplexobj(volume.data) else volume.data[step]
    low, high = (float(value) for value in np.percentile(sample, (0.5, 99.7)))
    low = 0.0 if 0 <= low < 0.2 * high else low
    return (low, high if high > low else low + 1.0)


def grey(
    values: NDArray[Any], window: GreyWindow, size: tuple[int, int], *, is_smooth: bool = True
) -> NDArray[np.uint8]:
    """Return grey levels of a cut, ``row column``; complex values by their magnitude."""
    real = np.abs(values) if np.iscomplexobj(values) else values
    scaled = (resize(real, size, is_smooth=is_smooth) - window[0]) / (window[1] - window[0])
    return (np.clip(scaled, 0, 1) * 255).astype(np.uint8)


def on_square(pixels: NDArray[np.uint8], edge: int) -> NDArray[np.uint8]:
    """Return a picture in the middle of a black or clear square, so that all share one scale."""
    rest = [edge - n for n in pixels.shape[:2]]
    around = [(n // 2, n - n // 2) for n in rest] + [(0, 0)] * (pixels.ndim - 2)
    return np.pad(pixels, around)


def outlines(
    values: NDArray[np.unsignedinteger], table: LabelTable, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return the structures of a cut, outlined and faintly filled, ``row column rgba``."""
    smooth = _enlarge(values, size)
    colours = np.zeros((max(table.indices, default=0) + 1, 3), np.uint8)
    for label in table.labels:
        colours[label.index] = label.colour
    alpha = np.where(smooth > 0, np.uint8(FILL * 255), np.uint8(0))
    alpha[_edges(smooth) & (smooth > 0)] = 255
    return np.dstack([colours[smooth], alpha])


def _enlarge(values: NDArray[np.unsignedinteger], size: tuple[int, int]) -> NDArray[np.intp]:
    """Return labels at another size; of the smoothed structures, the strongest wins."""
    present = np.unique(values)
    best = np.full(size, -1, np.float32)
    winner = np.zeros(size, np.intp)
    for value in present:
        strength = resize(values == value, size)
        better = strength > best
        best[better], winner[better] = strength[better], value
    return winner


def _edges(labels: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return the pixels that touch another label."""
    edge = np.zeros(labels.shape, np.bool_)
    down, across = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    return edge


def heat(values: NDArray[np.floating], top: float, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an error map, ``row column rgb``: black is 0, pale yellow is ``top`` or more."""
    share = np.clip(resize(values, size) / top, 0, 1)
    return _heat_colours()[(share * 255).astype(np.uint8)]


def heat_bar() -> Picture:
    """Return the colour bar of `heat`, 0 at the left."""
    return encode(np.repeat(_heat_colours()[None], 12, axis=0), is_exact=True)


def _heat_colours() -> NDArray[np.uint8]:
    from matplotlib import colormaps

    colours: NDArray[np.uint8] = colormaps["inferno"](np.arange(256), bytes=True)[:, :3]
    return colours


def phase_plane(kspace: KSpace) -> tuple[int, int]:
    """Return the two grid axes, rows and columns, in which the sampling pattern is best seen."""
    if kspace.slice_axis is None:
        rows, columns = (axis for axis in range(3) if axis != kspace.readout_axis)
        return (rows, columns)
    (phase,) = (axis for axis in kspace.encoded_axes if axis != kspace.readout_axis)
    return (phase, kspace.readout_axis)


def _middle(array: NDArray[Any], kspace: KSpace) -> NDArray[Any]:
    """Return the middle cut, ``row column``, of an array whose last three axes are ``i j k``."""
    plane = phase_plane(kspace)
    (normal,) = {0, 1, 2} - set(plane)
    offset = array.ndim - 3
    middle = array.take(array.shape[normal + offset] // 2, axis=normal + offset)
    return middle if plane[0] < plane[1] else np.swapaxes(middle, -1, -2)


def mask_picture(kspace: AnyKSpace) -> Picture:
    """Return the sampling pattern, white where measured."""
    if isinstance(kspace, NonCartesian):
        visits = _binned(kspace, np.ones(kspace.data.shape[2:]))
        return encode(np.where(visits > 0, np.uint8(255), np.uint8(0)), is_exact=True)
    plane = phase_plane(kspace)
    shape = (kspace.grid.shape[plane[0]], kspace.grid.shape[plane[1]])
    mask = np.broadcast_to(_middle(kspace.mask, kspace), shape)
    return encode(np.where(mask, np.uint8(255), np.uint8(0)), is_exact=True)


def magnitude_picture(kspace: AnyKSpace) -> Picture:
    """Return the logarithm of the root of the sum of squares over coils, over five decades."""
    if isinstance(kspace, NonCartesian):
        power = (np.abs(kspace.data[len(kspace.data) // 2]) ** 2).sum(axis=0, dtype=np.float64)
        energy = _binned(kspace, power) / np.maximum(_binned(kspace, np.ones_like(power)), 1)
    else:
        samples = _middle(kspace.data, kspace)
        energy = (samples.real**2 + samples.imag**2).sum(axis=0, dtype=np.float64)
    top = energy.max(initial=0) or 1.0
    decades = np.log10(np.maximum(energy / top, 1e-30)) / 2
    return encode((np.clip(decades / 5 + 1, 0, 1) * 255).astype(np.uint8))


def _binned(scan: NonCartesian, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of values ``shot sample`` that fall into every cell of k-space."""
    shape = np.array(scan.plane_shape)
    cells = np.rint(scan.trajectory.reshape(-1, 2) * shape + shape // 2).astype(np.intp)
    rows, columns = cells.clip(0, shape - 1).T
    sums = np.bincount(rows * shape[1] + columns, values.ravel(), int(shape.prod()))
    return sums.reshape(scan.plane_shape).astype(np.float64)
