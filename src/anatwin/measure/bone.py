"""The standard numbers of trabecular bone (Bouxsein et al. 2010, doi:10.1002/jbmr.141)."""

from math import nan

import numpy as np
from numpy.typing import NDArray

from anatwin.core import Grid, InputError, Measure
from anatwin.ops.intercepts import directions, intercept_ellipsoid, mean_intercept_lengths
from anatwin.ops.topology import euler_number, largest_body

Mask = NDArray[np.bool_]

_DIRECTIONS = {2: 90, 3: 150}
_LINES = 200


def bone_morphometry(bone: Mask, grid: Grid, *, basis: str = "") -> tuple[Measure, ...]:
    """Measure bone volume fraction, thickness, spacing, anisotropy and connectivity.

    An image of one plane is measured in two dimensions: trabecular thickness is then the width of
    struts in it, and the connectivity density is per mm^2.

    Parameters
    ----------
    bone
        Which voxels are bone, ``i j k``.
    grid
        Where they are; voxels must be cubes.
    basis
        Where the image comes from.

    Raises
    ------
    InputError
        If there is no bone, nothing else, or voxels are not cubes.
    """
    from anatwin.ops.thickness import local_thickness

    spacing = _edge_mm(bone, grid)
    flat = np.squeeze(bone)
    basis = "; ".join(filter(None, (basis, f"{flat.ndim}-D, {1000 * spacing:.1f} um voxels")))
    rows = [Measure("bone volume fraction", "bone", float(flat.mean()), basis=basis)]
    for name, shape in (("thickness", flat), ("spacing", ~flat)):
        width = local_thickness(shape)[shape] * spacing
        title = f"trabecular {name}[largest ball, mean]"
        rows.append(Measure(title, "bone", float(width.mean()), "mm", basis=basis))
        title = f"trabecular {name}[largest ball, spread]"
        rows.append(Measure(title, "bone", float(width.std()), "mm", basis=basis))
    return (*rows, *_anisotropy(flat, basis), _connectivity(flat, spacing, basis))


def _edge_mm(bone: Mask, grid: Grid) -> float:
    """Return the voxel's edge, or say why the image cannot be measured."""
    edges = [s for s, n in zip(grid.spacing_mm, bone.shape, strict=True) if n > 1]
    if len(edges) < 2 or max(edges) > 1.01 * min(edges):
        raise InputError(
            f"Bone is measured on cubic voxels, in two dimensions or three; got {bone.shape} "
            f"voxels of {grid.spacing_mm} mm. Resample it first."
        )
    if bone.all() or not bone.any():
        raise InputError("An image must show bone and space between it; choose another threshold.")
    return float(np.mean(edges))


def _anisotropy(bone: Mask, basis: str) -> list[Measure]:
    ways = directions(_DIRECTIONS[bone.ndim], bone.ndim)
    lengths = mean_intercept_lengths(bone, ways, lines=_LINES, seed=0)
    seen = np.isfinite(lengths) & (lengths > 0)
    ratio, axis = nan, np.full(bone.ndim, nan)
    if seen.sum() > 6:
        half, frame = intercept_ellipsoid(ways[seen], lengths[seen])
        ratio, axis = float(half[0] / half[-1]), frame[:, 0] * np.sign(frame[-1, 0] or 1)
    rows = [Measure("degree of anisotropy[MIL, longest/shortest]", "bone", ratio, basis=basis)]
    names = "ijk"[: bone.ndim]
    for name, part in zip(names, axis, strict=True):
        rows.append(Measure(f"main direction[MIL, {name}]", "bone", float(part), basis=basis))
    return rows


def _connectivity(bone: Mask, spacing_mm: float, basis: str) -> Measure:
    """Return loops per volume of the largest part, its cavities filled.

    Source: Odgaard and Gundersen 1993, doi:10.1016/8756-3282(93)90245-6; not corrected for the
    connections that the edge of the image cuts.
    """
    loops = 1 - euler_number(largest_body(bone))
    if bone.ndim == 2:  # filling closes the loops of a plane
        loops = 1 - euler_number(bone)
    density = loops / (bone.size * spacing_mm**bone.ndim)
    unit = f"1/mm^{bone.ndim}"
    return Measure("connectivity density[1 - Euler number]", "bone", density, unit, basis=basis)
