"""Cuts through a volume as a radiologist expects them: which way is up, and how long a pixel is."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Plane:
    """One of the three anatomical planes.

    Parameters
    ----------
    name
        ``axial``, ``coronal`` or ``sagittal``.
    normal
        World axis that it cuts: 0 right, 1 anterior, 2 superior.
    letters
        What the left, right, top and bottom edges of its picture point to.
    """

    name: str
    normal: int
    letters: tuple[str, str, str, str]

    @property
    def columns(self) -> int:
        """World axis along a row of the picture."""
        return 1 if self.normal == 0 else 0

    @property
    def rows(self) -> int:
        """World axis along a column of the picture."""
        return 1 if self.normal == 2 else 2


AXIAL = Plane("axial", 2, ("R", "L", "A", "P"))
CORONAL = Plane("coronal", 1, ("R", "L", "S", "I"))
SAGITTAL = Plane("sagittal", 0, ("A", "P", "S", "I"))
PLANES = (AXIAL, CORONAL, SAGITTAL)


def grid_axes(grid: Grid) -> tuple[int, int, int]:
    """Return which grid axis runs along right, anterior and superior."""
    codes = grid.axis_codes()
    x, y, z = (next(a for a in range(3) if codes[a] in pair) for pair in ("RL", "AP", "SI"))
    return (x, y, z)


def towards_ras(data: NDArray[T], grid: Grid) -> NDArray[T]:
    """Return a view whose axes run to the right, anterior and superior, as nearly as they can."""
    codes, axes = grid.axis_codes(), grid_axes(grid)
    flips = tuple(slice(None, None, -1 if codes[axis] in "LPI" else 1) for axis in axes)
    return data.transpose(axes)[flips]


def cut(view: NDArray[T], plane: Plane, index: int) -> NDArray[T]:
    """Return one picture, ``row column``, of a view from `towards_ras`.

    The patient's right is on the left of the picture, the nose is at the top of an axial and on the
    left of a sagittal picture.
    """
    return np.moveaxis(view, plane.normal, 0)[index][::-1, ::-1].T


def extent_mm(grid: Grid, plane: Plane) -> tuple[float, float]:
    """Return the height and width of a picture of the whole grid [mm]."""
    axes = grid_axes(grid)
    height, width = (
        grid.shape[axes[world]] * grid.spacing_mm[axes[world]]
        for world in (plane.rows, plane.columns)
    )
    return (height, width)


def pixels(grid: Grid, plane: Plane, longest: int) -> tuple[int, int]:
    """Return the height and width in square pixels of a picture with a true aspect ratio.

    All three planes share one scale: the longest edge of the grid is ``longest`` pixels.
    """
    scale = longest / max(edge for each in PLANES for edge in extent_mm(grid, each))
    height, width = (max(round(edge * scale), 8) for edge in extent_mm(grid, plane))
    return (height, width)


def position_mm(grid: Grid, plane: Plane, index: int) -> float:
    """Return where a cut crosses the middle line of the grid, along the plane's normal [mm]."""
    axes, codes = grid_axes(grid), grid.axis_codes()
    axis = axes[plane.normal]
    centre = [(n - 1) / 2 for n in grid.shape]
    centre[axis] = grid.shape[axis] - 1 - index if codes[axis] in "LPI" else index
    return grid.at(*centre)[plane.normal]


def tilt_deg(grid: Grid) -> float:
    """Return the largest angle between a grid axis and the anatomical axis that it stands for."""
    direction = grid.matrix[:3, :3] / np.array(grid.spacing_mm)
    axes = grid_axes(grid)
    cosines = [abs(direction[world, axes[world]]) for world in range(3)]
    return float(np.degrees(np.arccos(np.clip(min(cosines), 0, 1))))


def choose_cuts(mass: NDArray[Any], n_cuts: int) -> list[int]:
    """Return indices that share the mass along an axis evenly, its thin ends left out."""
    total = np.cumsum(mass, dtype=np.float64)
    if not total[-1] > 0:
        return sorted({int(i) for i in np.linspace(0, len(mass) - 1, n_cuts + 2)[1:-1]})
    wanted = (np.arange(n_cuts) + 0.5) / n_cuts * total[-1]
    return sorted({int(i) for i in np.searchsorted(total, wanted)})


def label_mass(view: NDArray[np.unsignedinteger], plane: Plane) -> NDArray[np.float64]:
    """Return how much of all structures, each counted once, every cut across a plane holds."""
    n_values = int(view.max(initial=0)) + 1
    slabs = np.moveaxis(view, plane.normal, 0)
    counts = np.array([np.bincount(slab.ravel(), minlength=n_values)[1:] for slab in slabs])
    if not counts.size:
        return np.zeros(len(slabs))
    share: NDArray[np.float64] = (counts / np.maximum(counts.sum(axis=0), 1)).sum(axis=1)
    return share


def image_mass(view: NDArray[Any], plane: Plane) -> NDArray[np.float64]:
    """Return how much signal every cut across a plane holds."""
    slabs = np.moveaxis(view, plane.normal, 0)
    return np.array([np.abs(slab[::2, ::2]).sum(dtype=np.float64) for slab in slabs])
