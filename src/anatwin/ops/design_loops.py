"""The loops of topology optimisation, compiled."""

from typing import Any

from numpy.typing import NDArray

from anatwin.ops.compile import compiled

Array = NDArray[Any]


@compiled
def convolve(source: Array, offsets: Array, weights: Array, out: Array) -> None:
    """Fill ``out`` with the weighted sum of the voxels at some offsets, ``i j k``."""
    planes, rows, width = source.shape
    for i in range(planes):
        for j in range(rows):
            target = out[i, j]
            target[:] = 0
            for n in range(len(weights)):
                e, f, shift = i + offsets[n, 0], j + offsets[n, 1], offsets[n, 2]
                if 0 <= e < planes and 0 <= f < rows and abs(shift) < width:
                    start, stop = max(0, -shift), min(width, width - shift)
                    _add(source[e, f][start + shift : stop + shift], weights[n], target[start:stop])


@compiled
def _add(source: Array, weight: float, target: Array) -> None:
    for k in range(target.size):
        target[k] += weight * source[k]


@compiled
def scaled_within(parts: Array, scale: Array, design: tuple[Array, ...], sums: Array) -> None:
    """Add up, for each part, weight times the optimality criterion's density.

    ``design`` holds the gain, the lowest and the highest density and the weight of each voxel,
    raveled; the density is gain times the scale of the part, between the bounds.
    """
    gain, low, high, weight = design
    sums[:] = 0
    if sums.size == 1:  # one part only: this loop is many times faster
        one, total = scale[0], 0.0
        for v in range(gain.size):
            total += weight[v] * min(max(gain[v] * one, low[v]), high[v])
        sums[0] = total
        return
    for v in range(gain.size):
        part = parts[v]
        sums[part] += weight[v] * min(max(gain[v] * scale[part], low[v]), high[v])


@compiled
def asymptotic_within(parts: Array, scale: Array, design: tuple[Array, ...], sums: Array) -> None:
    """Add up, for each part, weight times the density of moving asymptotes.

    ``design`` holds the roots of what pulls each voxel to its lower asymptote for the objective
    and for the mass, and to its upper one, both asymptotes, bounds and weight, raveled.
    """
    own, mass, up, lower, upper, low, high, weight = design
    sums[:] = 0
    for v in range(own.size):
        part = parts[v]
        down = (own[v] + mass[v] / scale[part]) ** 0.5
        density = (lower[v] * down + upper[v] * up[v]) / (down + up[v])
        sums[part] += weight[v] * min(max(density, low[v]), high[v])
