"""Segment: an image to a label for every voxel.

A segmenter takes a `Volume` of any contrast, spacing and orientation and returns `Labels` on the
same grid: the structures of its table, the person's left and right told apart by the world
coordinates of the grid, never by the order in which voxels are stored, and where it knows, an
uncertainty from 0 (sure) to 1 for every voxel. Complex images are taken by magnitude.

Its ``files()`` are what the labels depend on besides the image: weights, mostly.

`parcellate` parts the cortex of a whole brain's labels, whoever made them, into the 26 regions of
each side.

An image that cannot hold what the method looks for (two-dimensional, far too small, one value)
is refused with an InputError.
"""

from collections.abc import Callable

from anatwin.core import Labels, Volume
from anatwin.segment.head_network import HeadNetwork
from anatwin.segment.nnunet import Nnunet
from anatwin.segment.parcellation import parcellate
from anatwin.segment.trained_network import TrainedNetwork
from anatwin.segment.whole_head import WholeHead

Segmenter = Callable[[Volume], Labels]

SegmentMethod = HeadNetwork | WholeHead | TrainedNetwork | Nnunet

__all__ = [
    "HeadNetwork",
    "Nnunet",
    "SegmentMethod",
    "Segmenter",
    "TrainedNetwork",
    "WholeHead",
    "parcellate",
]
