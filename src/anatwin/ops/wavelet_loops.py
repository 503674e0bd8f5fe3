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
    n = columns // 2 * width
    line = np.empty(2 * (n + taps * width), image.dtype)
    even, odd = np.empty(n + taps * width, image.dtype), np.empty(n + taps * width, image.dtype)
    for r in range(rows):
        source = (r + down) % rows
        if source >= image.shape[0]:
            out[r, : 2 * n] = 0
            continue
        _unroll(image[source], 2 * n, (right - taps + 1) * width, line)
        _part(line, width, even, odd)
        _analyse_line(even, odd, filters, width, out[r, :n], out[r, n : 2 * n])


@compiled
def _unroll(row: Array, period: int, start: int, line: Array) -> None:
    """Fill a line from a start on a circle, which holds the row and then zeros."""
    start, position = start % period, 0
    while position < line.shape[0]:
        count = min(period - start, line.shape[0] - position)
        kept = max(min(count, row.shape[0] - start), 0)
        _copy(row[start : start + kept], line[position : position + kept])
        line[position + kept : position + count] = 0
        position, start = position + count, 0


@compiled
def _part(line: Array, width: int, even: Array, odd: Array) -> None:
    """Take even and odd samples of a line apart."""
    if width == 1:
        for k in range(even.shape[0]):
            even[k], odd[k] = line[2 * k], line[2 * k + 1]
    else:
        for k in range(even.shape[0] // 2):
            even[2 * k], even[2 * k + 1] = line[4 * k], line[4 * k + 1]
            odd[2 * k], odd[2 * k + 1] = line[4 * k + 2], line[4 * k + 3]


@compiled
def _analyse_line(
    even: Array, odd: Array, filters: Array, width: int, low: Array, high: Array
) -> None:
    """Filter a line that is split into even and odd samples, at every second sample."""
    low[:] = 0
    high[:] = 0
    for q in range(filters.shape[1] // 2):
        e, o = even[q * width :], odd[q * width :]
        a, b = filters[0, 2 * q], filters[0, 2 * q + 1]
        c, d = filters[1, 2 * q], filters[1, 2 * q + 1]
        for x in range(low.shape[0]):
            low[x] += a * e[x] + b * o[x]
            high[x] += c * e[x] + d * o[x]


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
    n = columns // 2 * width
    low, high = np.empty(n + taps * width, values.dtype), np.empty(n + taps * width, values.dtype)
    even, odd = np.empty(n, values.dtype), np.empty(n, values.dtype)
    line = np.empty(2 * n, values.dtype)
    for r in range(rows):
        target = (r + down) % rows
        if target >= out.shape[0]:
            continue
        _unroll(values[r, :n], n, (1 - taps) * width, low)
        _unroll(values[r, n : 2 * n], n, (1 - taps) * width, high)
        _synthesise_line(low, high, filters, width, even, odd)
        _join(even, odd, width, line)
        _roll_up(line, (right - taps + 1) * width, out[target])


@compiled
def _synthesise_line(
    low: Array, high: Array, filters: Array, width: int, even: Array, odd: Array
) -> None:
    """Return even and odd samples of a line from its two bands."""
    even[:] = 0
    odd[:] = 0
    taps = filters.shape[1] // 2
    for q in range(taps):
        lo, hi = low[(taps - 1 - q) * width :], high[(taps - 1 - q) * width :]
        a, b = filters[0, 2 * q], filters[0, 2 * q + 1]
        c, d = filters[1, 2 * q], filters[1, 2 * q + 1]
        for x in range(even.shape[0]):
            even[x] += a * lo[x] + c * hi[x]
            odd[x] += b * lo[x] + d * hi[x]


@compiled
def _join(even: Array, odd: Array, width: int, line: Array) -> None:
    """Put even and odd samples in turn."""
    if width == 1:
        for k in range(even.shape[0]):
            line[2 * k], line[2 * k + 1] = even[k], odd[k]
    else:
        for k in range(even.shape[0] // 2):
            line[4 * k], line[4 * k + 1] = even[2 * k], even[2 * k + 1]
            line[4 * k + 2], line[4 * k + 3] = odd[2 * k], odd[2 * k + 1]


@compiled
def _roll_up(line: Array, start: int, row: Array) -> None:
    """Put a circle, given from a start on, into a row that may hold less of it."""
    period = line.shape[0]
    start %= period
    first, second = min(start, row.shape[0]), min(period, row.shape[0]) - start
    _copy(line[period - start : period - start + first], row[:first])
    if second > 0:
        _copy(line[:second], row[start : start + second])


@compiled
def _copy(source: Array, target: Array) -> None:
    for c in range(target.shape[0]):
        target[c] = source[c]


@compiled
def soften(values: Array, threshold: np.floating[Any], width: int, corner: tuple[int, int]) -> None:
    """Lower the magnitude of every value outside the corner."""
    one, none = np.float32(1), np.float32(0)
    gain = np.empty(values.shape[1] // width, values.dtype)
    for r in range(values.shape[0]):
        first = corner[1] if r < corner[0] else 0
        row = values[r, first:]
        if width == 1:
            for c in range(row.shape[0]):
                size = abs(row[c])
                row[c] *= one - np.divide(threshold, size) if size > threshold else none
        else:
            for c in range(row.shape[0] // 2):
                size = np.sqrt(row[2 * c] * row[2 * c] + row[2 * c + 1] * row[2 * c + 1])
                gain[c] = one - np.divide(threshold, size) if size > threshold else none
            for c in range(row.shape[0] // 2):
                row[2 * c] *= gain[c]
                row[2 * c + 1] *= gain[c]
