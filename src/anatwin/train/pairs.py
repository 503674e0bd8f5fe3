"""Random pairs of one person's views, as the networks take them."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from anatwin.ops.rigid_motion import rigid
from anatwin.train.intertwined import Pair
from anatwin.train.thick_views import Example

Array = NDArray[np.float32]
Matrix = NDArray[np.float64]

_TURN_RAD, _SHIFT_MM = np.pi / 4, 30.0
"""Largest motion along each axis that alignment learns to undo."""
_WINDOW = 96
"""In-plane edge of the fixed slices about the object."""


def draw_pair(
    views: Sequence[Example],
    rng: np.random.Generator,
    *,
    reach: float,
    multiple: tuple[int, int, int],
) -> Pair:
    """Return two views of one person, and a start that is off by a random motion.

    Parameters
    ----------
    views
        Of that person.
    rng
        Draws the views and the motion.
    reach
        Largest share of 45 degrees and 30 mm along each axis that the start is off by.
    multiple
        Numbers that the slices' edges must be multiples of.
    """
    moving, fixed = (views[n] for n in rng.choice(len(views), 2, replace=False))
    share = reach * rng.random() ** 2 if reach == 1 else reach
    off = rigid(rng.uniform(-1, 1, 3) * _SHIFT_MM, rng.uniform(-1, 1, 3) * _TURN_RAD * share)
    off[:3, 3] *= share
    image, labels, index = _about_object(fixed, rng)
    target = torch.from_numpy(padded(labels.astype(np.uint8), multiple))[None]
    return Pair(
        moving=_tensor(padded(moving.image, multiple)),
        fixed=_tensor(padded(image, multiple)),
        target=target,
        moving_index=_matrix(moving.centred),
        fixed_index=_matrix(index),
        moving_lattice=_tensor(moving.lattice),
        fixed_lattice=_tensor(fixed.lattice),
        moving_mask=_tensor(moving.lattice_mask),
        fixed_mask=_tensor(fixed.lattice_mask),
        start=_matrix(true_motion(moving, fixed) @ off),
    )


def true_motion(moving: Example, fixed: Example) -> Matrix:
    """Return the motion from the fixed to the moving view, both centred [mm], 4 x 4."""
    from_world = [view.centred @ np.linalg.inv(view.matrix) for view in (moving, fixed)]
    between = np.linalg.inv(moving.pose) @ fixed.pose
    return np.asarray(from_world[0] @ between @ np.linalg.inv(from_world[1]))


def padded(array: NDArray[np.generic], multiple: tuple[int, int, int]) -> NDArray[np.generic]:
    """Return an array with zeros at its ends, its edges multiples of three numbers."""
    missing = [(0, -n % m) for n, m in zip(array.shape, multiple, strict=True)]
    return np.pad(array, missing)


def _about_object(
    view: Example, rng: np.random.Generator
) -> tuple[Array, NDArray[np.uint8], Matrix]:
    """Return image, labels and the index map of a window about a place of the object."""
    labels, places = view.prepared.labels, view.prepared.places
    middle = rng.choice(places)[1:3] if len(places) else np.array(labels.shape[:2]) // 2
    start = [
        int(np.clip(m - _WINDOW // 2, 0, max(n - _WINDOW, 0)))
        for m, n in zip(middle, labels.shape[:2], strict=True)
    ]
    cut = tuple(slice(s, s + _WINDOW) for s in start)
    index = view.centred.copy()
    index[:3, 3] += index[:3, :2] @ start
    return view.image[cut], np.asarray(labels[cut]), index


def _tensor(array: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32))[None, None]


def _matrix(matrix: Matrix) -> Tensor:
    return torch.from_numpy(matrix.astype(np.float32))[None]
