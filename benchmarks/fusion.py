"""Fusion of thick-slice views: masks of hearts beside simple votes, and the cost of a whole head.

Masks: axial, coronal and sagittal stacks of left atria (what is at least half full in a slab is
marked, without a network), the person turned by up to 45 degrees about each axis and shifted by up
to 30 mm between stacks; poses are found by GlobalRigid from the images. DSC, US, OS, RMS and mBA
against the 1 mm mask.

    python benchmarks/fusion.py masks [hearts]
    python benchmarks/fusion.py speed
"""

import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from anatwin.acquire import ThickSlices
from anatwin.align import GlobalRigid, resampled
from anatwin.core import Grid, Label, Labels, LabelTable, Transform, Volume
from anatwin.fuse import (
    GaussianFusion,
    MajorityVote,
    MaskFuser,
    NearestFusion,
    Posed,
    Staple,
    SuperResolution,
    Unanimity,
    fine_grid,
)
from anatwin.io.nifti import read_volume
from anatwin.measure import segmentation_errors

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "shared/data"))
TABLE = LabelTable((Label(1, "atrium", (200, 60, 60)),))
HERE = Transform.from_matrix(np.eye(4))
BOX = Grid.isotropic((192, 192, 192), 1.0)
FUSERS: dict[str, MaskFuser] = {
    "GaussianFusion": GaussianFusion(),
    "  repeated slices, width 0.5": GaussianFusion(between="nearest", width=0.5),
    "NearestFusion": NearestFusion(),
    "MajorityVote": MajorityVote(),
    "Unanimity": Unanimity(),
    "Staple": Staple(),
}


def heart(path: Path, grid: Grid = BOX) -> tuple[Volume, Volume]:
    """Return an image and its mask, 0 to 1, in a box of 192 mm."""
    import h5py

    with h5py.File(path) as file:
        image, label = file["image"][()], file["label"][()]
    own = Grid.isotropic(image.shape, 0.625)
    mask = resampled(Volume(label.astype(np.float32), own), grid)
    return resampled(Volume(image - image.min(), own), grid), mask


def views(image: Volume, mask: Volume, distance_mm: float, seed: int) -> list[Posed]:
    """Return three stacks with what a reader would mark in them, and the poses that we find."""
    found: list[Posed] = []
    for n, direction in enumerate(("axial", "coronal", "sagittal")):
        method = ThickSlices(
            direction=direction, distance_mm=distance_mm, rotation_deg=45 * (n > 0),
            shift_mm=30 * (n > 0), noise=0.01, seed=3 * seed + n,
        )  # fmt: skip
        stack = method(image).volume
        seen = replace(method, noise=0.0)(mask).volume.data > 0.5
        labels = Labels(seen.astype(np.uint8), stack.grid, TABLE)
        pose = GlobalRigid()(stack, found[0].volume) if found else HERE
        found.append(Posed(stack, pose, labels))
    return found


def masks(hearts: int) -> None:
    for distance_mm in (16.0, 8.0):
        rows: dict[str, list[list[float]]] = {}
        for seed, path in enumerate(sorted((DATA / "atrium").glob("*.h5"))[:hearts]):
            image, soft = heart(path)
            truth = Labels((soft.data > 0.5).astype(np.uint8), BOX, TABLE)
            three = views(image, soft, distance_mm, seed)
            cases = {name: (fuse, three) for name, fuse in FUSERS.items()}
            cases["one view, slices repeated"] = (GaussianFusion(between="nearest"), three[:1])
            cases["GaussianFusion, two views"] = (GaussianFusion(), three[:2])
            for name, (fuse, some) in cases.items():
                measures = segmentation_errors(fuse(some, BOX), truth)
                rows.setdefault(name, []).append([row.value for row in measures])
        for name, row in rows.items():
            means = "  ".join(f"{value:.3f}" for value in np.mean(row, axis=0))
            print(f"{distance_mm:>4g} mm  n={len(row)}  {name:<30} {means}", flush=True)


def speed() -> None:
    """Print what three views of a 256^3 head cost."""
    head = read_volume(DATA / "heads/images/head_t1_1mm.nii.gz")
    stacks = [
        ThickSlices(direction=direction, distance_mm=8, rotation_deg=20 * n, seed=n)(head).volume
        for n, direction in enumerate(("axial", "coronal", "sagittal"))
    ]
    start, cpu = time.perf_counter(), time.process_time()

    def lap(what: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        wall, used = time.perf_counter() - start, time.process_time() - cpu
        print(f"{what:<28} {used:6.1f} s CPU  {wall:6.1f} s  peak {peak:5.0f} MB", flush=True)

    aligned = [Posed(stack, GlobalRigid()(stack, stacks[0])) for stack in stacks[1:]]
    lap("align, so far")
    posed = [Posed(stacks[0], HERE), *aligned]
    marked = []
    for view in posed:
        seen = (view.volume.data > 40).astype(np.uint8)
        marked.append(replace(view, labels=Labels(seen, view.volume.grid, TABLE)))
    grid = fine_grid(marked)
    GaussianFusion()(marked, grid)
    lap("mask, so far")
    SuperResolution()(posed, grid)
    lap(f"image {grid.shape}, so far")


if __name__ == "__main__":
    words = sys.argv[1:] or ["masks"]
    speed() if words[0] == "speed" else masks(int(words[1]) if words[1:] else 10)
