"""How big every structure is, where it lies, and left against right."""

from math import hypot, nan, pi, sqrt

import numpy as np

from anatwin.core import Grid, Labels, Measure
from anatwin.measure.census import Structure, census

_LATTICE_TERMS = 24


def morphometry(labels: Labels, *, basis: str = "") -> tuple[Measure, ...]:
    """Measure every structure: volume, centroid, extent, and asymmetry of pairs.

    A structure that was not found has a volume of NaN; one that reaches the edge of the grid is
    measured as far as it is seen, and its basis says so. Asymmetry is (left - right) over their
    mean.

    Parameters
    ----------
    labels
        What to measure.
    basis
        Where the labels come from; the voxel size is added to it.
    """
    found = census(labels)
    edges = [f"{mm:.2f}" for mm in labels.grid.spacing_mm]
    voxels = edges[0] if len(set(edges)) == 1 else " x ".join(edges)
    basis = "; ".join(filter(None, (basis, f"labels on {voxels} mm voxels")))
    rows: list[Measure] = []
    for label in labels.table.labels:
        if structure := found.get(label.name):
            rows += _measure(structure, labels.grid, basis)
        else:
            rows.append(Measure("volume", label.name, nan, "ml", basis=f"{basis}; not found"))
    return (*rows, *_asymmetries(rows, labels, basis))


def volume_uncertainty_mm3(
    volume_mm3: float, area_mm2: float, spacing_mm: tuple[float, float, float]
) -> float:
    """Return the standard uncertainty of a volume that was counted in voxels.

    Two parts that follow from the resolution, added in quadrature. Chance: where the boundary
    falls between voxel centres; the variance of the count over all positions of the lattice is
    ``area / (8 pi^3) * sum 1 / |g|^4`` over the reciprocal lattice without its origin (Kendall
    1948, doi:10.1093/qmath/os-19.1.1, here for any spacing). Bias: a blur as wide as a voxel,
    variance ``s^2 = mean(spacing^2) / 12``, moves a boundary of mean curvature H by up to
    ``s^2 H`` (Bouma et al. 2005, doi:10.1109/TPAMI.2005.193); with ``H = area / (3 volume)`` the
    volume changes by at most ``area^2 s^2 / (3 volume)``, taken as the half width of a uniform
    distribution. Errors of the labels themselves are not in it.

    Parameters
    ----------
    volume_mm3, area_mm2
        Of the structure.
    spacing_mm
        Voxel edges.
    """
    index = np.arange(-_LATTICE_TERMS, _LATTICE_TERMS + 1)
    i, j, k = ((index / edge) ** 2 for edge in spacing_mm)
    square = (i[:, None, None] + j[:, None] + k).ravel()
    chance = sqrt(area_mm2 / (8 * pi**3) * float(np.sum(square[square > 0] ** -2.0)))
    blur_mm2 = float(np.mean(np.square(spacing_mm))) / 12
    bias = area_mm2**2 * blur_mm2 / (3 * volume_mm3) / sqrt(3)
    return hypot(chance, bias)


def _measure(structure: Structure, grid: Grid, basis: str) -> list[Measure]:
    name = structure.label.name
    if structure.is_cut:
        basis = f"{basis}; cut off by the field of view"
    volume_mm3 = structure.n_voxels * grid.voxel_mm3
    spread = volume_uncertainty_mm3(volume_mm3, structure.area_mm2, grid.spacing_mm)
    rows = [Measure("volume", name, volume_mm3 / 1000, "ml", spread / 1000, basis)]
    for axis, value in zip("xyz", structure.centroid_mm, strict=True):
        rows.append(Measure(f"centroid {axis}[RAS+]", name, value, "mm", basis=basis))
    directions = ("left-right", "front-back", "top-bottom")
    for direction, value in zip(directions, structure.extent_mm, strict=True):
        rows.append(Measure(f"extent[{direction}]", name, value, "mm", basis=basis))
    return rows


def _asymmetries(rows: list[Measure], labels: Labels, basis: str) -> list[Measure]:
    volumes = {row.structure: row for row in rows if row.name == "volume"}
    result = []
    for label in labels.table.labels:
        if label.side != "left" or label.mirror == label.index:
            continue
        left, right = volumes[label.name], volumes[labels.table[label.mirror].name]
        total = left.value + right.value
        name = label.name.removesuffix("_left")
        why = basis if total > 0 else f"{basis}; one side was not found"
        spread = None
        if left.uncertainty is not None and right.uncertainty is not None:
            both = hypot(right.value * left.uncertainty, left.value * right.uncertainty)
            spread = 4 * both / total**2
        index = 2 * (left.value - right.value) / total
        result.append(Measure("asymmetry[(L-R)/mean]", name, index, "", spread, why))
    return result
