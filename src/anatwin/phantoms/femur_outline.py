"""The outline of a proximal femur in its frontal plane, drawn from parameters.

The frame is the bone's own, the same for both sides: ``x`` grows from the greater trochanter
towards the head (medial), ``y`` along the shaft axis towards the hip, in mm from the lower lateral
corner of the picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anatwin.core import GeometryError, Grid
from anatwin.ops.polygon import filled
from anatwin.phantoms.shapes import Field, Points, tube, union

FRAME = "femur"
FIELD_MM = (94.15, 104.0)
"""Width and height of the picture: 1883 x 2080 pixels of 50 um."""

Place = tuple[float, float]

_MARGIN_MM = 2.0
_STEP_MM = 0.25


@dataclass(frozen=True, eq=False, slots=True)
class FemurOutline:
    """A closed curve and the landmarks that loads and regions refer to.

    Parameters
    ----------
    curve
        Points of the outline, ``point xy`` [mm].
    head, head_radius_mm
        Circle of the femoral head.
    neck
        Middle of the neck's narrowest section.
    trochanter
        Tip of the greater trochanter.
    shaft
        Middle of the shaft at the lower edge.
    field_mm
        Width and height of the picture; 1883 x 2080 pixels of 50 um unless the bone is larger.

    Raises
    ------
    GeometryError
        If the curve is not a ring of points in the plane or the landmarks are out of order.
    """

    curve: NDArray[np.float64]
    head: Place
    head_radius_mm: float
    neck: Place
    trochanter: Place
    shaft: Place
    field_mm: Place = FIELD_MM

    def __post_init__(self) -> None:
        if self.curve.ndim != 2 or self.curve.shape[1] != 2 or len(self.curve) < 3:
            raise GeometryError(f"FemurOutline.curve must be (n, 2), got {self.curve.shape}.")
        if not self.trochanter[0] < self.neck[0] < self.head[0]:
            raise GeometryError(
                "FemurOutline must have trochanter, neck and head from left to right, got x = "
                f"{self.trochanter[0]:.1f}, {self.neck[0]:.1f}, {self.head[0]:.1f} mm."
            )

    def grid(self, spacing_mm: float = 0.05) -> Grid:
        """Return the picture's grid, ``x y 1``."""
        columns, rows = (max(round(edge / spacing_mm), 1) for edge in self.field_mm)
        matrix = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
        matrix[:2, 3] = spacing_mm / 2
        return Grid.from_matrix((columns, rows, 1), matrix, FRAME)

    def inside(self, grid: Grid) -> NDArray[np.bool_]:
        """Return which pixels of a grid of ours lie in the bone, ``x y``."""
        return filled(self.curve, *axes_mm(grid))


def axes_mm(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the positions [mm] of the columns and of the rows of a picture's grid."""
    matrix = grid.matrix
    columns, rows = np.arange(grid.shape[0]), np.arange(grid.shape[1])
    return matrix[0, 3] + matrix[0, 0] * columns, matrix[1, 3] + matrix[1, 1] * rows


def parametric_outline(seed: int = 0) -> FemurOutline:
    """Return the outline of an invented adult femur, another for every seed.

    Size and neck-shaft angle vary as they do in adults: head diameter about 45 mm and offset about
    42 mm (Noble et al. 1988, Clin Orthop 235:148), angle about 127 degrees
    (Gilligan et al. 2013, doi:10.1111/joa.12073).
    """
    rng = np.random.default_rng(seed)
    # The field of view fits a mean adult; larger ones are drawn in it at the same margins.
    scale = rng.uniform(0.95, 1.0)
    angle = np.deg2rad(np.clip(rng.normal(127, 3), 121, 133) - 90)
    radius, half_neck, half_shaft = (
        scale * np.clip(rng.normal(mean, spread), mean - 2 * spread, mean + 2 * spread)
        for mean, spread in ((22.3, 0.5), (14.2, 0.5), (14.5, 0.5))
    )
    shaft_x = _MARGIN_MM + scale * 26.5
    offset = scale * rng.uniform(40.5, 42)
    head = (shaft_x + offset, FIELD_MM[1] - _MARGIN_MM - radius)
    root = (shaft_x, head[1] - offset * np.tan(angle))
    share = 0.52
    neck = (head[0] + share * (root[0] - head[0]), head[1] + share * (root[1] - head[1]))
    tip = (shaft_x - scale * 11, head[1] - scale * 1.5)
    x, y = (np.arange(-6, edge + 6, _STEP_MM) for edge in FIELD_MM)
    level = _level(
        Points(x[:, None], np.zeros((1, 1)), y[None]),
        (head, neck, root, tip, (shaft_x, -20.0)),
        (radius, half_neck, half_shaft, scale),
    )
    return FemurOutline(_zero_curve(level, x, y), head, radius, neck, tip, (shaft_x, 0.0))


def _level(
    points: Points, places: tuple[Place, ...], sizes: tuple[float, float, float, float]
) -> Field:
    """Return the signed distance to the bone, about exact, negative inside."""
    head, neck, root, tip, foot = ((x, 0.0, y) for x, y in places)
    radius, half_neck, half_shaft, scale = sizes
    beyond = (root[0] - 4 * scale, 0.0, root[2] - 6 * scale)
    ball = tube(points, (head, head), (radius, radius))
    bridge = tube(points, (head, neck, beyond), (half_neck, half_neck, 21 * scale))
    below = (root[0], 0.0, root[2] - 45 * scale)
    shaft = tube(points, (beyond, below, foot), (20 * scale, half_shaft, half_shaft))
    bulge = (tip[0] - 2 * scale, 0.0, tip[2] - 14 * scale)
    under = (root[0] - 9 * scale, 0.0, root[2] - 8 * scale)
    great = tube(points, (tip, bulge, under), (5 * scale, 12 * scale, 15 * scale))
    lesser = (root[0] + 15 * scale, 0.0, root[2] - 26 * scale)
    small = tube(points, (lesser, lesser), (6 * scale, 6 * scale))
    bone = union(ball, bridge, blend_mm=5 * scale)
    bone = union(bone, shaft, blend_mm=10 * scale)
    return union(union(bone, great, blend_mm=7 * scale), small, blend_mm=9 * scale)


def _zero_curve(level: Field, x: Field, y: Field) -> NDArray[np.float64]:
    """Return the longest curve on which a level set is zero, ``point xy``."""
    from contourpy import contour_generator

    # The shaft leaves the field: a closed ring needs an end below it.
    level[:, :2] = 1.0
    curves = contour_generator(x, y, level.T).lines(0.0)
    rings = [np.asarray(curve, np.float64)[:-1] for curve in curves]
    return max(rings, key=len)
