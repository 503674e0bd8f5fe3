"""The frontal section of a real femur, found from its anatomy."""

import numpy as np
from numpy.typing import NDArray

from anatwin.core import QualityError, Surface
from anatwin.ops.polygon import area_and_centroid, plane_section
from anatwin.phantoms.femur_outline import FIELD_MM, FemurOutline

Array = NDArray[np.float64]

_MARGIN_MM = 1.0
_SHAFT = (0.55, 0.80)
"""Part of the length, from the knee, in which the bone is a tube."""


def femur_section(surface: Surface) -> FemurOutline:
    """Return the outline of a whole femur's upper end in its frontal plane.

    The shaft axis is the line through the centroids of sections across the tube. The end that
    reaches farthest from it is the hip; the head is the sphere that fits the farthest part; the
    neck axis runs from its centre through the centroid of the smallest section between head and
    shaft. The frontal plane holds the directions of shaft and neck, and lies midway between both
    axes, which pass each other by a few mm.

    Parameters
    ----------
    surface
        Closed surface of one whole femur, either side, in any position [mm].

    Raises
    ------
    QualityError
        If no head or no neck of a plausible size is found.
    """
    vertices = surface.vertices.astype(np.float64)
    point, up = _shaft_axis(vertices, surface.faces)
    head, radius = _head(vertices, point, up)
    neck = _neck(surface, (head, radius), (point, up))
    return _in_plane(surface, (point, up), (head, radius, neck))


def _shaft_axis(vertices: Array, faces: NDArray[np.integer]) -> tuple[Array, Array]:
    """Return a point of the shaft axis and its direction, from the knee to the hip."""
    axis = np.linalg.svd(vertices - vertices.mean(axis=0), full_matrices=False)[2][0]
    thickness = [_bulk(vertices, faces, sign * axis) for sign in (-1, 1)]
    axis = axis if thickness[0] < thickness[1] else -axis
    middle = vertices.mean(axis=0)
    for _ in range(2):  # the second time along the shaft itself
        middles = [
            max(_sections(vertices, faces, axis, share), key=lambda found: found[0])[1]
            for share in np.linspace(*_SHAFT, 9)
        ]
        middle = np.mean(middles, axis=0)
        line = np.linalg.svd(np.array(middles) - middle)[2][0]
        axis = line * np.sign(line @ axis)
    return middle, axis


def _bulk(vertices: Array, faces: NDArray[np.integer], axis: Array) -> float:
    """Return the mean area of sections near the start of an axis: a knee's is the larger."""
    levels = np.linspace(0.02, 0.1, 5)
    sections = (_sections(vertices, faces, axis, share) for share in levels)
    return sum(area for found in sections for area, _ in found) / len(levels)


def _sections(
    vertices: Array, faces: NDArray[np.integer], axis: Array, share: float
) -> list[tuple[float, Array]]:
    """Return areas and centroids of the section at a share of the length along an axis."""
    along = vertices @ axis
    level = along.min() + share * np.ptp(along)
    curves = plane_section(vertices, faces, (level * axis, axis))
    return [area_and_centroid(curve) for curve in curves if len(curve) > 2]


def _head(vertices: Array, point: Array, up: Array) -> tuple[Array, float]:
    """Return centre and radius [mm] of the head: the sphere at the farthest place from the axis."""
    offset = vertices - point
    along = offset @ up
    radial = offset - along[:, None] * up
    radial[along < along.max() - 90] = 0
    far = int(np.argmax(np.linalg.norm(radial, axis=1)))
    medial = radial[far] / np.linalg.norm(radial[far])
    radius = 23.0
    centre = vertices[far] - radius * medial
    inward = (medial + up) / np.sqrt(2)
    for tolerance in np.geomspace(6, 1, 25):
        ray = vertices - centre
        gap = np.linalg.norm(ray, axis=1)
        on = (np.abs(gap - radius) < tolerance) & (ray @ inward > -0.2 * radius)
        if on.sum() < 20:
            break
        centre, radius = _sphere(vertices[on])
    if not 15 < radius < 35:
        raise QualityError(
            f"Expected a femoral head of 15 to 35 mm radius, found {radius:.1f} mm; "
            "the surface must be one whole femur in mm."
        )
    return centre, radius


def _sphere(points: Array) -> tuple[Array, float]:
    """Return the sphere through points, by linear least squares."""
    middle = points.mean(axis=0)
    local = points - middle
    matrix = np.column_stack([2 * local, np.ones(len(local))])
    x, y, z, rest = np.linalg.lstsq(matrix, (local**2).sum(axis=1), rcond=None)[0]
    centre = np.array([x, y, z])
    return middle + centre, float(np.sqrt(rest + centre @ centre))


def _neck(surface: Surface, ball: tuple[Array, float], shaft: tuple[Array, Array]) -> Array:
    """Return the centroid of the smallest section across the neck."""
    (head, radius), (point, up) = ball, shaft
    level = point + ((head - point) @ up) * up
    target = level - 0.75 * np.linalg.norm(level - head) * up
    for _ in range(4):
        axis = (target - head) / np.linalg.norm(target - head)
        sections = [
            _section_around(surface, head + step * axis, axis)
            for step in np.linspace(0.7, 1.7, 21) * radius
        ]
        found = [section for section in sections if section is not None]
        if not found:
            raise QualityError("No neck was found; the surface must be one whole femur in mm.")
        target = min(found, key=lambda section: section[0])[1]
    return target


def _section_around(surface: Surface, point: Array, normal: Array) -> tuple[float, Array] | None:
    """Return area and centroid of the section that is nearest to a point; None without one."""
    curves = plane_section(surface.vertices, surface.faces, (point, normal))
    sizes = [area_and_centroid(curve) for curve in curves if len(curve) > 8]
    near = [size for size in sizes if np.linalg.norm(size[1] - point) < 15]
    return min(near, key=lambda size: float(np.linalg.norm(size[1] - point)), default=None)


def _in_plane(
    surface: Surface, shaft: tuple[Array, Array], hip: tuple[Array, float, Array]
) -> FemurOutline:
    """Return the section by the frontal plane and the landmarks in its frame."""
    (point, up), (head, radius, neck) = shaft, hip
    medial = head - neck
    medial -= (medial @ up) * up
    medial /= np.linalg.norm(medial)
    normal = np.cross(medial, up)
    middle = point + normal * float(np.mean([(p - point) @ normal for p in (point, head)]))
    curves = plane_section(surface.vertices, surface.faces, (middle, normal))
    curve = max(curves, key=lambda c: area_and_centroid(c)[0])
    frame = np.column_stack([medial, up])
    flat = (curve - point) @ frame
    top = flat[:, 1].max()
    upper = flat[flat[:, 1] > top - FIELD_MM[1]]
    field_mm = (max(FIELD_MM[0], float(np.ptp(upper[:, 0])) + 2 * _MARGIN_MM), FIELD_MM[1])
    left = (upper[:, 0].min() + upper[:, 0].max() - field_mm[0]) / 2
    corner = np.array([left, top + _MARGIN_MM - field_mm[1]])
    place = {name: (p - point) @ frame - corner for name, p in (("head", head), ("neck", neck))}
    flat = flat - corner
    lateral = flat[(flat[:, 0] < -corner[0]) & (flat[:, 1] > FIELD_MM[1] / 2)]
    tip = lateral[np.argmax(lateral[:, 1] - 0.5 * lateral[:, 0])]
    low = flat[(np.abs(flat[:, 1]) < 2)]
    circle = float(np.sqrt(radius**2 - float((head - middle) @ normal) ** 2))
    return FemurOutline(
        flat,
        _place(place["head"]),
        circle,
        _place(place["neck"]),
        _place(tip),
        (float(low[:, 0].min() + low[:, 0].max()) / 2, 0.0),
        field_mm,
    )


def _place(point: Array) -> tuple[float, float]:
    return (float(point[0]), float(point[1]))
