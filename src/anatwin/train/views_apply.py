"""Trained networks on a scan: its labels, and how two scans lie."""

import numpy as np
import torch
from numpy.typing import NDArray

from anatwin.core import Labels, Transform, Volume
from anatwin.train.align_net import AlignNet, aligned
from anatwin.train.pairs import padded
from anatwin.train.planned_unet import PlannedUNet
from anatwin.train.subjects import OBJECT
from anatwin.train.thick_views import about_centre, on_lattice, shown

Matrix = NDArray[np.float64]


def labelled(model: PlannedUNet, volume: Volume) -> Labels:
    """Return the object in a scan whose slices lie along its last axis."""
    image, _, box = shown(volume)
    tensor = torch.from_numpy(padded(image, model.shape.multiple).astype(np.float32))[None, None]
    with torch.no_grad():
        found = model.eval()(tensor)[0].argmax(0).numpy()
    data = np.zeros(volume.grid.shape, np.uint8)
    i, j, k = image.shape
    data[box] = found[:i, :j, :k]
    return Labels(data, volume.grid, OBJECT)


def refined(
    net: AlignNet, moving: Volume, fixed: Volume, *, start: Transform | None = None, steps: int = 4
) -> Transform:
    """Return the map from the fixed to the moving scan, estimated again and again.

    Parameters
    ----------
    net
        The network.
    moving, fixed
        Two scans.
    start
        Where to start; with the centres of brightness on each other otherwise.
    steps
        How often it is estimated.
    """
    seen = [_centred(volume) for volume in (moving, fixed)]
    to_centre = [centre for _, centre in seen]
    first = np.eye(4)
    if start is not None:
        first = to_centre[0] @ start.matrix @ np.linalg.inv(to_centre[1])
    images = [torch.from_numpy(image)[None, None] for image, _ in seen]
    with torch.no_grad():
        motion = aligned(
            net.eval(), *images, start=torch.from_numpy(first.astype(np.float32))[None], steps=steps
        )[0]
    between = np.linalg.inv(to_centre[0]) @ motion.double().numpy() @ to_centre[1]
    return Transform.from_matrix(between)


def _centred(volume: Volume) -> tuple[NDArray[np.float32], Matrix]:
    """Return what alignment sees of a scan, and the map from its world to mm from its centre."""
    image, grid, _ = shown(volume)
    centred = about_centre(image, grid.matrix)
    return on_lattice(image, centred), centred @ np.linalg.inv(grid.matrix)
