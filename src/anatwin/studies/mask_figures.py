"""The figures of the study of sampling patterns."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.acquire.account import point_spread
from anatwin.core import Volume
from anatwin.studies.findings import Figure
from anatwin.studies.mask_tables import Draw, groups

_INCH = 1.35


def draw_patterns(draws: Sequence[Draw]) -> Figure:
    """Return the first draw of every pattern with its point-spread function below it."""
    first = [some[0] for some in groups(draws, lambda d: d.name).values()]
    factors = list(groups(first, lambda d: d.requested))
    names = list(groups(first, lambda d: d.pattern))
    figure, cells = sheet(2 * len(factors), len(names))
    for draw in first:
        row, column = 2 * factors.index(draw.requested), names.index(draw.pattern)
        spread = np.log10(np.maximum(_thick(np.abs(point_spread(draw.mask)), draw.mask), 1e-3))
        cells[row, column].imshow(draw.mask.T[::-1], cmap="gray", vmin=0, vmax=1)
        cells[row + 1, column].imshow(spread.T[::-1], cmap="magma", vmin=-3, vmax=0)
        _title(cells[row, column], f"{draw.pattern}\n{draw.requested:g}x")
    caption = (
        "Measured samples (white) of the first draw, seen as the images are, and below each its "
        "point-spread function, magnitude from 0.001 (black) to 1 on a logarithmic scale. That of "
        "whole lines is one pixel thin and drawn as bars."
    )
    return Figure("patterns", caption, as_png(figure))


def _thick(spread: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """Return a point-spread function, spread out along the axis along which lines are whole."""
    for axis in (0, 1):
        if (mask == mask.take([0], axis)).all():
            return np.broadcast_to(spread.max(axis, keepdims=True), spread.shape)
    return spread


def draw_reconstructions(
    images: Mapping[tuple[str, str], Volume], truth: Volume, *, name: str, caption: str
) -> Figure:
    """Return the image, and its error below it, for every (column, row)."""
    columns, rows = (list(dict.fromkeys(names)) for names in zip(*images, strict=True))
    figure, cells = sheet(2 * len(rows), len(columns))
    top, bright = float(truth.data.max()), float(np.quantile(truth.data, 0.99))
    for (across, down), image in images.items():
        row, column = 2 * rows.index(down), columns.index(across)
        error = np.abs(image.data - truth.data)
        cells[row, column].imshow(_upright(image.data), cmap="gray", vmin=0, vmax=bright)
        cells[row + 1, column].imshow(_upright(error), cmap="magma", vmin=0, vmax=0.2 * top)
        _title(cells[row, column], f"{across}\n{down}")
    return Figure(name, caption, as_png(figure))


def sheet(rows: int, columns: int, *, inch: float = _INCH) -> tuple[Any, NDArray[Any]]:
    """Return a matplotlib figure and its cells without axes, ``row column``."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(inch * columns, inch * rows + 0.3), dpi=130, layout="constrained")
    cells = canvas.subplots(rows, columns, squeeze=False)
    for cell in cells.flat:
        cell.set_axis_off()
    return canvas, cells


def _title(cell: Any, text: str) -> None:  # noqa: ANN401
    cell.set_title(text, fontsize=6, pad=2)


def _upright(data: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return a slice one voxel thick with its second axis up."""
    return data.squeeze(data.shape.index(1)).T[::-1]


def as_png(canvas: Any) -> bytes:  # noqa: ANN401
    """Return a matplotlib figure as the bytes of a PNG file of 256 colours, a third as large."""
    from PIL import Image

    drawn, packed = BytesIO(), BytesIO()
    canvas.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(256).save(packed, format="png", optimize=True)
    return packed.getvalue()
