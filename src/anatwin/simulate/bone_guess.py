"""What a trained network makes of a coarse image of a loaded bone."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Body, InputError
from anatwin.nets import Network, load
from anatwin.ops.quilting import laid, patch_starts, quilt
from anatwin.simulate.coarse_mechanics import coarse_channels

Picture = NDArray[np.float32]

_SHARED = 2
_HALF = np.float32(0.5)


def guessed(body: Body, model: Path, factor: int = 10, *, quilted: bool = True) -> Picture:
    """Return how likely a network finds bone in every fine pixel, ``i j``; above 0 is rather bone.

    It is a logit, or of a network that knows patches alone, its density less one half.

    Parameters
    ----------
    body
        A plane whose densities, in blocks, are what was measured; where they are 0 is outside.
    model
        ONNX file of ``anatwin train enhance``.
    factor
        Pixels along the edge of a block.
    quilted
        Whether the patches of a network that knows patches alone are sewn where they disagree
        least; they are laid over one another otherwise. Other networks see the whole image.

    Raises
    ------
    InputError
        If the file holds no such network, or one for another factor.
    """
    network = load(model)
    about = network.about
    if about.get("factor") != str(factor):
        raise InputError(
            f"{model} does not enhance {factor}-fold: give the enhance.onnx of 'anatwin train "
            f"enhance', and blocks of {about.get('factor', 'its')} pixels."
        )
    channels = coarse_channels(body, factor).astype(np.float32)
    if edge := int(about["patch"]):
        return _sewn(network, channels, (edge, factor), quilted=quilted)
    return network(channels[None])[0, 0]


def _sewn(network: Network, channels: Picture, sizes: tuple[int, int], *, quilted: bool) -> Picture:
    """Return the image of a network's patches that share two blocks with their neighbours."""
    edge, factor = sizes
    starts = patch_starts(channels.shape[1:], edge, step=edge - _SHARED)
    windows = [channels[:, i : i + edge, j : j + edge] for i, j in starts]
    patches = np.concatenate([network(window[None])[:, 0] for window in windows])
    fine = tuple((factor * i, factor * j) for i, j in starts)
    return (quilt if quilted else laid)(patches + _HALF, fine) - _HALF
