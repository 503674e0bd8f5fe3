"""The order in which an image's axes are stored."""

import numpy as np

from anatwin.core import Grid, Volume


def reoriented(volume: Volume, codes: str) -> Volume:
    """Return the same image with its axes stored in another order, exactly.

    Parameters
    ----------
    volume
        The image.
    codes
        Where the index axes shall point, such as ``RAS``.
    """
    have = volume.grid.axis_codes()
    pairs = ["RLAPSI".find(code) // 2 for code in have]
    order = [pairs.index("RLAPSI".find(code) // 2) for code in codes]
    back = np.zeros((4, 4))
    back[3, 3] = 1
    flips = []
    for new, old in enumerate(order):
        flipped = have[old] != codes[new]
        back[old, new] = -1 if flipped else 1
        back[old, 3] = volume.grid.shape[old] - 1 if flipped else 0
        flips.append(slice(None, None, -1 if flipped else 1))
    data = np.ascontiguousarray(volume.data.transpose(order)[tuple(flips)])
    return Volume(data, Grid.from_matrix(data.shape, volume.grid.matrix @ back, volume.grid.frame))
