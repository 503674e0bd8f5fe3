"""Which pictures a twin gets, and what stands beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core import (
    Grid,
    KSpace,
    Labels,
    LabelTable,
    NonCartesian,
    Surface,
    Twin,
    Volume,
)
from anatwin.report import figures, planes, render
from anatwin.report.figures import GreyWindow, Picture
from anatwin.report.planes import Plane
from anatwin.report.preview import simplify

CUTS_PER_PLANE = 7
LONGEST_PIXELS = 460
COMPARED_PIXELS = 400
RENDER_PIXELS = 420
RENDER_FACES = 700_000


@dataclass(frozen=True, slots=True)
class Cut:
    """One slice of the image, and the structures in it."""

    base: Picture
    overlay: Picture | None
    position: str


@dataclass(frozen=True, slots=True)
class Stack:
    """Slices of one plane, in the order of their position."""

    plane: Plane
    cuts: tuple[Cut, ...]

    @property
    def middle(self) -> int:
        """Which slice to show first."""
        return len(self.cuts) // 2


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture with a title, and what its four edges point to."""

    title: str
    picture: Picture
    letters: tuple[str, str, str, str]
    kind: str = "image"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The reconstruction beside what it started from and, where known, the truth."""

    position: str
    images: tuple[Panel, ...]
    errors: tuple[Panel, ...] = ()
    bar: Picture | None = None
    top_percent: float = 0.0


def stacks(twin: Twin, window: GreyWindow) -> tuple[Stack, ...]:
    """Return slices of the image with its structures on all three planes."""
    if twin.image is None:
        return ()
    fits = twin.labels is not None and twin.labels.grid.matches(twin.image.grid)
    labels = twin.labels if fits else None
    return tuple(_stack(twin.image, labels, plane, window) for plane in planes.PLANES)


def regions(twin: Twin, window: GreyWindow) -> tuple[Stack, ...]:
    """Return one slice of every plane with the regions of the cortex."""
    if twin.image is None or twin.regions is None:
        return ()
    found = [_stack(twin.image, twin.regions, plane, window) for plane in planes.PLANES]
    return tuple(Stack(x.plane, x.cuts[x.middle : x.middle + 1]) for x in found)


def _stack(volume: Volume, labels: Labels | None, plane: Plane, window: GreyWindow) -> Stack:
    grid = volume.grid
    size = planes.pixels(grid, plane, LONGEST_PIXELS)
    image = planes.towards_ras(volume.data, grid)
    names = planes.towards_ras(labels.data, grid) if labels else None
    cuts = []
    for index in _chosen(image, names, plane):
        pixels = figures.grey(planes.cut(image, plane, index), window, size)
        base = figures.encode(figures.on_square(pixels, LONGEST_PIXELS))
        over = None
        if labels and names is not None:
            over = _overlay(planes.cut(names, plane, index), labels.table, size)
        cuts.append(Cut(base, over, _position(grid, plane, index)))
    return Stack(plane, tuple(cuts))


def _overlay(
    values: NDArray[np.unsignedinteger], table: LabelTable, size: tuple[int, int]
) -> Picture:
    pixels = figures.on_square(figures.outlines(values, table, size), LONGEST_PIXELS)
    return figures.encode(pixels, is_exact=True)


def _chosen(
    image: NDArray[np.generic], names: NDArray[np.unsignedinteger] | None, plane: Plane
) -> list[int]:
    if names is not None and names.any():
        return planes.choose_cuts(planes.label_mass(names, plane), CUTS_PER_PLANE)
    return planes.choose_cuts(planes.image_mass(image, plane), CUTS_PER_PLANE)


def _position(grid: Grid, plane: Plane, index: int) -> str:
    place = round(planes.position_mm(grid, plane, index))
    number = f"{place:+d}".replace("-", "−") if place else "0"  # noqa: RUF001
    return f"{'xyz'[plane.normal]} = {number} mm"


def comparison(twin: Twin) -> Comparison | None:
    """Return image, zero-filled image and truth in one grey window, and both error maps."""
    if twin.image is None or (twin.baseline is None and twin.reference is None):
        return None
    grid, plane = twin.image.grid, _aliased_plane(twin)
    mass = planes.image_mass(planes.towards_ras(twin.image.data, grid), plane)
    (index,) = planes.choose_cuts(mass, 1)
    size = planes.pixels(grid, plane, COMPARED_PIXELS)
    window = figures.grey_window(twin.reference or twin.image)
    named = (
        ("Gridded" if isinstance(twin.kspace, NonCartesian) else "Zero-filled", twin.baseline),
        ("Reconstruction", twin.image),
        ("Truth", twin.reference),
    )
    slices = {
        name: _slice(volume, plane, index)
        for name, volume in named
        if volume is not None and volume.grid.matches(grid)
    }
    images = tuple(
        Panel(name, figures.encode(figures.grey(values, window, size)), plane.letters)
        for name, values in slices.items()
    )
    position = f"{plane.name.capitalize()} slice, {_position(grid, plane, index)}"
    if "Truth" not in slices or twin.reference is None:
        return Comparison(position, images)
    brightest = float(twin.reference.magnitude().data.max()) or 1.0
    return _with_errors(Comparison(position, images), slices, brightest, size)


def _with_errors(
    plain: Comparison,
    slices: dict[str, NDArray[np.floating]],
    brightest: float,
    size: tuple[int, int],
) -> Comparison:
    """Add the error maps, on one scale from zero, in per cent of the truth's maximum."""
    truth = slices["Truth"]
    errors = {
        name: np.abs(values - truth) / brightest * 100
        for name, values in slices.items()
        if name != "Truth"
    }
    top = _round_up(max(float(np.percentile(error, 99.5)) for error in errors.values()))
    panels = tuple(
        Panel(
            f"Error of {name.lower()}",
            figures.encode(figures.heat(error, top, size)),
            plain.images[0].letters,
            "error",
        )
        for name, error in errors.items()
    )
    return Comparison(plain.position, plain.images, panels, figures.heat_bar(), top)


def _slice(volume: Volume, plane: Plane, index: int) -> NDArray[np.floating]:
    values = planes.cut(planes.towards_ras(volume.data, volume.grid), plane, index)
    return np.abs(values) if np.iscomplexobj(values) else values.astype(np.float32)


def _aliased_plane(twin: Twin) -> Plane:
    """Return the plane in which undersampling shows: across the readout, or along the slices."""
    if twin.kspace is None:
        return planes.AXIAL
    axis = twin.kspace.slice_axis
    if axis is None and isinstance(twin.kspace, KSpace):
        axis = twin.kspace.readout_axis
    world = planes.grid_axes(twin.kspace.grid).index(axis)
    return next(plane for plane in planes.PLANES if plane.normal == world)


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5, 10, ... so that a scale ends at a plain number."""
    power = 10.0 ** np.floor(np.log10(max(value, 1e-6)))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999))


def renders(surfaces: Sequence[Surface]) -> tuple[Panel, ...]:
    """Return the surfaces seen from the front, from the left and from above."""
    if not surfaces:
        return ()
    light = simplify(surfaces, RENDER_FACES)
    return tuple(
        Panel(
            f"Surfaces {view.name}",
            figures.encode(render.draw(light, view, RENDER_PIXELS)),
            view.letters,
            "render",
        )
        for view in render.VIEWS
    )
