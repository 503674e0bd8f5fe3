"""One picture of a design: where the material went, and how the compliance fell."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anatwin.simulate import Design


def write_design_picture(design: Design, path: Path) -> None:
    """Write a PNG: the density (middle planes of a solid) beside the history."""
    from matplotlib.figure import Figure

    planes = _planes(design.density.data)
    canvas = Figure(figsize=(4.5 * (len(planes) + 1), 3.6), dpi=110, layout="constrained")
    cells = canvas.subplots(1, len(planes) + 1, squeeze=False)[0]
    for cell, (title, plane) in zip(cells, planes, strict=False):
        cell.imshow(plane.T, cmap="gray_r", vmin=0, vmax=1, origin="lower")
        cell.set_title(title)
        cell.set_axis_off()
    curve = cells[-1]
    curve.plot(range(1, len(design.compliance_uj) + 1), design.compliance_uj, color="black")
    curve.set_yscale("log")
    curve.set_xlabel("iteration")
    curve.set_ylabel("compliance [uJ]")
    curve.set_title(f"ends at {design.compliance_uj[-1]:.5g} uJ")
    canvas.savefig(path)


def _planes(density: NDArray[np.floating]) -> list[tuple[str, NDArray[np.floating]]]:
    """Return the plane, or the middle planes of a solid."""
    if density.shape[2] == 1:
        return [("density", density[:, :, 0])]
    i, j, k = (n // 2 for n in density.shape)
    return [("middle i", density[i]), ("middle j", density[:, j]), ("middle k", density[:, :, k])]
