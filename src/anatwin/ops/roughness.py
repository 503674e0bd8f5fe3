"""How rough a volume is, with edges forgiven: the Charbonnier form of total variation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from anatwin.ops.compile import compiled

Array = NDArray[Any]


def roughness_slope(volume: Array, edge: float) -> tuple[Array, Array]:
    """Return the slope of a volume's roughness and a bound of its curvature, per voxel.

    The roughness is the sum of ``sqrt(edge^2 + d^2)`` over the differences ``d`` of neighbours:
    quadratic for differences well below ``edge``, linear above, so that edges stay. The bound is
    that of a separable quadratic that touches the roughness at the volume and lies above it.

    Source: Charbonnier et al. 1997, doi:10.1109/83.551699; De Pierro 1995, doi:10.1109/42.370409.

    Parameters
    ----------
    volume
        ``i j k``.
    edge
        Difference of neighbours from which on it counts as an edge, above 0.
    """
    slope, curvature = np.zeros_like(volume), np.zeros_like(volume)
    _roughness(np.ascontiguousarray(volume), edge * edge, slope, curvature)
    return slope, curvature


@compiled
def _roughness(volume: Array, edge_squared: float, slope: Array, curvature: Array) -> None:
    ni, nj, nk = volume.shape
    for i in range(ni):
        for j in range(nj):
            for k in range(nk):
                value = volume[i, j, k]
                for axis in range(3):
                    a, b, c = i + (axis == 0), j + (axis == 1), k + (axis == 2)
                    if a == ni or b == nj or c == nk:
                        continue
                    step = volume[a, b, c] - value
                    weight = 1 / np.sqrt(edge_squared + step * step)
                    slope[i, j, k] -= weight * step
                    slope[a, b, c] += weight * step
                    curvature[i, j, k] += 2 * weight
                    curvature[a, b, c] += 2 * weight
