"""What Sense and Wavelet do with samples along trajectories.

The misfit is weighted by the density of the samples, which makes few steps enough.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anatwin.core import NonCartesian
from anatwin.reconstruct.noncartesian_planes import CurvedPlane, reconstruct_curved

if TYPE_CHECKING:
    from anatwin.reconstruct.sense import Sense
    from anatwin.reconstruct.wavelet import Wavelet

Array = NDArray[Any]


def sense_along(scan: NonCartesian, method: "Sense") -> Array:
    """Return the image ``i j k`` whose coil images fit the samples best."""

    def solve(plane: CurvedPlane) -> Array:
        from anatwin.ops.nufft import CoilGram
        from anatwin.ops.solve import conjugate_gradient

        maps = plane.maps(method.espirit)
        return conjugate_gradient(
            CoilGram(maps, plane.trajectory.transfer).normal,
            plane.gridded(maps),
            iterations=method.iterations,
            tolerance=method.tolerance,
        )

    return reconstruct_curved(scan, solve)


def wavelet_along(scan: NonCartesian, method: "Wavelet") -> Array:
    """Return the image ``i j k`` that fits the samples and has few wavelet coefficients."""

    def solve(plane: CurvedPlane) -> Array:
        from anatwin.ops.nufft import CoilGram
        from anatwin.ops.solve import fista
        from anatwin.ops.wavelet import WaveletTransform, spread_shift, wavelet_levels

        maps, shape = plane.maps(method.espirit), plane.trajectory.shape
        seen, gram = plane.gridded(maps), CoilGram(maps, plane.trajectory.transfer)
        gain = gram.gain(seen)
        sparse = WaveletTransform(shape, method.wavelet, wavelet_levels(shape))
        return fista(
            lambda image: np.subtract(misfit := gram.normal(image), seen, out=misfit),
            lambda image, step: sparse.shrink(
                image, method.strength / gain, spread_shift(step, sparse.levels)
            ),
            seen / seen.real.dtype.type(gain),
            iterations=method.iterations,
            gain=gain,
        )

    return reconstruct_curved(scan, solve, energy=method.energy)
