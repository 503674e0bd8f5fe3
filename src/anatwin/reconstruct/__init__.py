"""From k-space to an image.

Contract of a reconstructor:

* The image lies on the grid of the k-space, so a synthetic scan's image can be laid over the
  image that it was made from.
* It is single precision, and real or complex as the method says.
* Its brightness is that of the object: the root sum of squares of fully sampled, noise-free
  data, where the coil maps' sum of squares is one.
* Multiplying all samples by a number multiplies the image by it, and changes nothing else.
* The same k-space gives the same image.
* Sensitivities that come with the k-space are used. A method that needs them estimates them
  otherwise, and raises InputError where the centre of k-space does not allow it.
"""

from collections.abc import Callable

from anatwin.core import KSpace, Volume
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.root_sum_of_squares import RootSumOfSquares
from anatwin.reconstruct.sense import Sense
from anatwin.reconstruct.wavelet import Wavelet
from anatwin.reconstruct.zero_filled import ZeroFilled

Reconstructor = Callable[[KSpace], Volume]
ReconstructMethod = RootSumOfSquares | ZeroFilled | Sense | Wavelet

__all__ = [
    "Espirit",
    "ReconstructMethod",
    "Reconstructor",
    "RootSumOfSquares",
    "Sense",
    "Wavelet",
    "ZeroFilled",
]
