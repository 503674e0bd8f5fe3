"""The figures of the bone study."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.phantoms import REGIONS
from anatwin.simulate.coarse_mechanics import coarse_strains
from anatwin.studies.bone_pictures import FACTOR, Picture, Sample
from anatwin.studies.findings import Figure
from anatwin.studies.mask_figures import as_png, sheet

Mask = NDArray[np.bool_]

_MISSING, _TOO_MUCH, _RIGHT = (178, 24, 43), (33, 102, 172), (235, 235, 235)
_CROSS_BLOCKS = 8


def whole_figure(pictures: Mapping[str, Picture], sample: Sample, number: int) -> Figure:
    """Return the whole femur as every method draws it, and below each where it is wrong."""
    shown = {"truth": sample.truth} | {name: p.bone for name, p in pictures.items()}
    canvas, cells = sheet(2, len(shown), inch=2.2)
    for (name, bone), (above, below) in zip(shown.items(), cells.T, strict=True):
        above.imshow(bone.T[::-1], cmap="gray", interpolation="antialiased")
        above.set_title(name, fontsize=7, pad=2)
        below.imshow(_upright(coloured(bone, sample.truth)), interpolation="antialiased")
    caption = f"Femur {number}: bone (white) in truth and as enhanced; {_LEGEND}."
    return Figure(f"femur_{number}", caption, as_png(canvas))


def regions_figure(pictures: Mapping[str, Picture], sample: Sample, number: int) -> Figure:
    """Return the regions that are measured, pixel by pixel, as every method draws them."""
    canvas, cells = sheet(len(REGIONS), 1 + len(pictures), inch=1.9)
    for region, row in zip(REGIONS, cells, strict=True):
        square = sample.femur.region(region, sample.grid)
        truth = sample.truth[square]
        row[0].imshow(_upright(coloured(truth, truth)))
        row[0].set_title(f"{region}: truth", fontsize=7, pad=2)
        for cell, (name, picture) in zip(row[1:], pictures.items(), strict=True):
            cell.imshow(_upright(coloured(picture.bone[square], truth)))
            cell.set_title(name, fontsize=7, pad=2)
    caption = f"Femur {number}, squares of 12 mm; {_LEGEND}."
    return Figure(f"regions_{number}", caption, as_png(canvas))


def directions_figure(sample: Sample, number: int) -> Figure:
    """Return the principal directions of strain in the coarse image over the bone, by load."""
    body = sample.body()
    canvas, cells = sheet(1, len(body.weights), inch=3.6)
    strains = coarse_strains(body, FACTOR)
    solid = sample.coarse.data[..., 0] > 0.15
    for case, strain, cell in zip(sample.femur.loads, strains, cells[0], strict=True):
        cell.imshow(1 - 0.18 * sample.truth.T, cmap="gray", vmin=0, vmax=1, origin="lower")
        _draw_crosses(cell, strain, solid)
        cell.set_title(case.name, fontsize=8, pad=2)
    caption = (
        f"Femur {number}: principal directions of the strain that finite elements find in the "
        "coarse image under each load, over the true bone; red lengthens, blue shortens, and a "
        "line is as long as the root of the strain."
    )
    return Figure(f"directions_{number}", caption, as_png(canvas))


_LEGEND = "bone that is right (light), missing (red) and too much (blue)"


def coloured(bone: Mask, truth: Mask) -> NDArray[np.uint8]:
    """Return a picture of what is right and wrong, ``x y colour``."""
    out = np.full((*bone.shape, 3), 40, np.uint8)
    out[bone & truth] = _RIGHT
    out[truth & ~bone] = _MISSING
    out[bone & ~truth] = _TOO_MUCH
    return out


def _upright(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return picture.swapaxes(0, 1)[::-1]


def _draw_crosses(cell: Any, strain: NDArray[np.float64], solid: Mask) -> None:  # noqa: ANN401
    """Draw the principal strains of some blocks as crosses."""
    from matplotlib.collections import LineCollection

    some = (slice(_CROSS_BLOCKS // 2, None, _CROSS_BLOCKS),) * 2
    xx, yy, xy = (part[some] for part in strain)
    xy = xy / np.sqrt(2)
    tensors = np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -1)[solid[some]]
    values, vectors = np.linalg.eigh(tensors)
    places = (np.argwhere(solid[some]) * _CROSS_BLOCKS + _CROSS_BLOCKS // 2 + 0.5) * FACTOR
    length = np.sqrt(np.abs(values) / np.quantile(np.abs(values), 0.98)).clip(max=1)
    half = vectors * (length * 0.55 * _CROSS_BLOCKS * FACTOR)[:, None]
    for axis in (0, 1):
        ends = np.stack([places - half[..., axis], places + half[..., axis]], axis=1)
        colours = np.where(values[:, axis] > 0, "#b2182b", "#2166ac")
        cell.add_collection(LineCollection(list(ends), colors=colours, linewidths=1.0))
