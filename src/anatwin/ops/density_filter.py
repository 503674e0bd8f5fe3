"""Averages with a cone over the neighbourhood of every voxel of a domain.

Source: Bruns and Tortorelli 2001, doi:10.1016/S0045-7825(00)00278-4.
"""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class ConeFilter:
    """Weighted mean over a ball; the weight falls evenly to 0 at its radius.

    Parameters
    ----------
    domain
        Voxels that take part, ``i j`` or ``i j k``; the others neither give nor get.
    radius
        Radius of the ball, in voxels.
    """

    def __init__(self, domain: NDArray[np.bool_], radius: float) -> None:
        self.shape = domain.shape
        self.solid = (1,) * (3 - domain.ndim) + domain.shape
        self.domain = domain.astype(np.float64)
        self.offsets, self.weights = _cone(domain.ndim, radius)
        total = self._sum(self.domain)
        self.share = np.divide(self.domain, total, out=np.zeros_like(total), where=domain)

    def __call__(self, density: Array) -> NDArray[np.float64]:
        """Return the mean around every voxel of the domain."""
        out = self._sum(density * self.domain)
        out *= self.share
        return out

    def adjoint(self, slope: Array) -> NDArray[np.float64]:
        """Return the derivative by the density of a function of the filtered density."""
        out = self._sum(slope * self.share)
        out *= self.domain
        return out

    def _sum(self, values: Array) -> NDArray[np.float64]:
        """Return the weighted sum around every voxel."""
        from anatwin.ops.design_loops import convolve

        source = np.ascontiguousarray(values, np.float64).reshape(self.solid)
        out = np.empty_like(source)
        convolve(source, self.offsets, self.weights, out)
        return out.reshape(self.shape)


def _cone(axes: int, radius: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the offsets within a radius as three numbers each, and their weights."""
    reach = max(int(np.ceil(radius)) - 1, 0)
    steps = range(-reach, reach + 1)
    offsets = np.array(list(product(*([(0,)] * (3 - axes) + [steps] * axes))))
    weights = radius - np.linalg.norm(offsets, axis=1)
    return offsets[weights > 0], weights[weights > 0]
