"""The loops of the wavelet transform, compiled.

Arrays hold real numbers: a complex value is ``width`` two of them side by side. A plan is
(levels, width, rows to move down, columns to move right).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled

Array = NDArray[Any]


@compiled
def analyse(image: Array, filters: Array, plan: tuple[int, ...], out: Array) -> None:
    """Fill ``out`` with the coefficients of an image."""
    levels, width, down, right = plan
    rows, columns = out.shape[0], out.shape[1] // width
    half = np.empty_like(out)
    for level in range(levels):
        if level == 0:
            _analyse_rows(image, (rows, columns, width, down, right), filters, half)
        else:
            _analyse_rows(out, (rows, columns, width, 0, 0), filters, half)
        _analyse_columns(half, rows, columns * width, filters, out)
        rows, columns = rows // 2, columns // 2


@compiled
def synthesise(coefficients: Array, filters: Array, plan: tuple[int, ...], out: Array) -> None:
    """Fill ``out`` with the image of coefficients, which are used up."""
    levels, width, down, right = plan
    half = np.empty_like(coefficients)
    for level in range(levels - 1, -1, -1):
        rows = coefficients.shape[0] >> level
        columns = coefficients.shape[1] // width >> level
        _synthesise_columns(coefficients, rows, columns * width, filters, half)
        if level == 0:
            _synthesise_rows(half, (rows, columns, width, down, right), filters, out)
        else:
            _synthesise_rows(half, (rows, columns, width, 0, 0), filters, coefficients)


@compiled
def _analyse_rows(image: Array, size: tuple[int, ...], filters: Array, out: Array) -> None:
    """Split every row, moved on the torus and padded with zeros, into its two bands."""
    rows, columns, width, down, right = size
    taps = filters.shape[1] // 2
    n_image, m_image = image.shape[0], image.shape[1] // width
    half = columns // 2
    even = np.empty((half + taps) * width, image.dtype)
    odd = np.empty((half + taps) * width, image.dtype)
    for r in range(rows):
        source = (r + down) % rows
        if source >= n_image:
            out[r, : columns * width] = 0
            continue
        line = image[source]
        start = (right - taps + 1) % columns
        for k in range(half + taps):
            for part, target in ((0, even), (1, odd)):
                c = (start + 2 * k + part) % columns
                for w in range(width):
                    target[k * width + w] = line[c * width + w] if c < m_image else 0
        n = half * width
        _convolve(even, odd, filters[0], width, out[r, :n])
        _convolve(even, odd, filters[1], width, out[r, n : 2 * n])


@compiled
def _convolve(even: Array, odd: Array, taps: Array, width: int, out: Array) -> None:
    """Filter a line that is split into even and odd samples, at every second sample."""
    out[:] = 0
    for q in range(taps.shape[0] // 2):
        a, b = taps[2 * q], taps[2 * q + 1]
        e, o = even[q * width :], odd[q * width :]
        for c in range(out.shape[0]):
            out[c] += a * e[c] + b * o[c]


@compiled
def _analyse_columns(values: Array, rows: int, n: int, filters: Array, out: Array) -> None:
    """Split every column into its two bands."""
    taps = filters.shape[1] // 2
    for k in range(rows // 2):
        low, high = out[k, :n], out[rows // 2 + k, :n]
        low[:] = 0
        high[:] = 0
        for q in range(taps):
            e = values[(2 * (k + q) - taps + 1) % rows]
            o = values[(2 * (k + q) - taps + 2) % rows]
            a, b = filters[0, 2 * q], filters[0, 2 * q + 1]
            c, d = filters[1, 2 * q], filters[1, 2 * q + 1]
            for x in range(n):
                low[x] += a * e[x] + b * o[x]
                high[x] += c * e[x] + d * o[x]


@compiled
def _synthesise_columns(values: Array, rows: int, n: int, filters: Array, out: Array) -> None:
    """Join the two bands of every column."""
    taps = filters.shape[1] // 2
    half = rows // 2
    for k in range(half):
        even, odd = out[(2 * k - taps + 1) % rows, :n], out[(2 * k - taps + 2) % rows, :n]
        even[:] = 0
        odd[:] = 0
        for q in range(taps):
            low, high = values[(k - q) % half], values[half + (k - q) % half]
            a, b = filters[0, 2 * q], filters[0, 2 * q + 1]
            c, d = filters[1, 2 * q], filters[1, 2 * q + 1]
            for x in range(n):
                even[x] += a * low[x] + c * high[x]
                odd[x] += b * low[x] + d * high[x]


@compiled
def _synthesise_rows(values: Array, size: tuple[int, ...], filters: Array, out: Array) -> None:
    """Join the two bands of every row, move it back and leave the padding out."""
    rows, columns, width, down, right = size
    taps = filters.shape[1] // 2
    half = columns // 2
    low = np.empty((half + taps) * width, values.dtype)
    high = np.empty((half + taps) * width, values.dtype)
    even = np.empty(half * width, values.dtype)
    odd = np.empty(half * width, values.dtype)
    for r in range(rows):
        target = (r + down) % rows
        if target >= out.shape[0]:
            continue
        for k in range(half + taps - 1):
            c = (k - taps + 1) % half
            for w in range(width):
                low[k * width + w] = values[r, c * width + w]
                high[k * width + w] = values[r, (half + c) * width + w]
        even[:] = 0
        odd[:] = 0
        for q in range(taps):
            lo, hi = low[(taps - 1 - q) * width :], high[(taps - 1 - q) * width :]
            a, b = filters[0, 2 * q], filters[0, 2 * q + 1]
            c0, d = filters[1, 2 * q], filters[1, 2 * q + 1]
            for x in range(half * width):
                even[x] += a * lo[x] + c0 * hi[x]
                odd[x] += b * lo[x] + d * hi[x]
        start = (right - taps + 1) % columns
        _interleave(even, odd, (columns, width, start), out[target])


@compiled
def _interleave(even: Array, odd: Array, size: tuple[int, ...], out: Array) -> None:
    """Put even and odd samples in turn, from a start on a circle, and leave the padding out."""
    columns, width, start = size
    for k in range(columns // 2):
        for part, source in ((0, even), (1, odd)):
            c = (start + 2 * k + part) % columns
            if c * width < out.shape[0]:
                for w in range(width):
                    out[c * width + w] = source[k * width + w]


@compiled
def soften(values: Array, threshold: np.floating[Any], width: int, corner: tuple[int, int]) -> None:
    """Lower the magnitude of every value outside the corner."""
    for r in range(values.shape[0]):
        first = corner[1] // width if r < corner[0] else 0
        row = values[r]
        if width == 1:
            for c in range(first, row.shape[0]):
                row[c] *= max(abs(row[c]) - threshold, 0) / max(abs(row[c]), 1e-30)
        else:
            for c in range(first, row.shape[0] // 2):
                a, b = row[2 * c], row[2 * c + 1]
                size = np.sqrt(a * a + b * b)
                gain = max(size - threshold, np.float32(0)) / max(size, np.float32(1e-30))
                row[2 * c], row[2 * c + 1] = a * gain, b * gain
