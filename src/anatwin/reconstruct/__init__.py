"""From k-space to an image.

Contract of a reconstructor:

* The image lies on the grid of the k-space, so a synthetic scan's image can be laid over the
  image that it was made from.
* It is single precision, and real or complex as the method says.
* Its brightness is that of the object: the root sum of squares of fully sampled, noise-free
  data, where the coil maps' sum of squares is one.
* Multiplying all samples by a number multiplies the image by it, and changes nothing else.
* The same k-space gives the same image.
* Samples along trajectories are taken by Automatic, Sense, Wavelet and Gridding alone; Gridding
  takes nothing else. A method that is given the wrong kind raises UsageError.
* Sensitivities that come with the k-space are used. A method that needs them estimates them
  otherwise, and raises InputError where the centre of k-space does not allow it.
"""

from collections.abc import Callable

from anatwin.core import KSpace, NonCartesian, Volume
from anatwin.reconstruct.automatic import Automatic, Choice, chosen
from anatwin.reconstruct.cascade import Cascade
from anatwin.reconstruct.dictionary import DictionaryLearning
from anatwin.reconstruct.espirit import Espirit
from anatwin.reconstruct.grappa import Grappa
from anatwin.reconstruct.gridding import Gridding
from anatwin.reconstruct.homodyne import Homodyne
from anatwin.reconstruct.low_rank import LowRank
from anatwin.reconstruct.pocs import Pocs
from anatwin.reconstruct.root_sum_of_squares import RootSumOfSquares
from anatwin.reconstruct.sense import Sense
from anatwin.reconstruct.total_variation import TotalVariation
from anatwin.reconstruct.wavelet import Wavelet
from anatwin.reconstruct.zero_filled import ZeroFilled

Reconstructor = Callable[[KSpace], Volume]
ReconstructMethod = (
    Automatic
    | RootSumOfSquares
    | ZeroFilled
    | Sense
    | Wavelet
    | TotalVariation
    | Grappa
    | Homodyne
    | Pocs
    | LowRank
    | DictionaryLearning
    | Cascade
    | Gridding
)

NonCartesianReconstructor = Callable[[NonCartesian], Volume]
"""Samples along trajectories to an image: Automatic, Sense, Wavelet and Gridding; the same
contract."""

__all__ = [
    "Automatic",
    "Cascade",
    "Choice",
    "DictionaryLearning",
    "Espirit",
    "Grappa",
    "Gridding",
    "Homodyne",
    "LowRank",
    "NonCartesianReconstructor",
    "Pocs",
    "ReconstructMethod",
    "Reconstructor",
    "RootSumOfSquares",
    "Sense",
    "TotalVariation",
    "Wavelet",
    "ZeroFilled",
    "chosen",
]
