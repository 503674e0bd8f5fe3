"""Six real stacks of a moving fetus: one image and one brain mask, beside the published ones.

The published image is aligned to ours and compared inside the fused mask where it is not zero:
NCC as it is, and after one smooth field (Gaussian, 9 mm) has matched our shading to its.

    python benchmarks/fetal.py PICTURE.png [stacks, for example 1,3,5] [rounds] [smoothness]
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from anatwin.align import GlobalRigid, resampled
from anatwin.core import Grid, Label, Labels, LabelTable, Transform, Volume
from anatwin.fuse import (
    GaussianFusion,
    MajorityVote,
    Posed,
    Staple,
    SuperResolution,
    assemble,
    fine_grid,
)
from anatwin.io.nifti import read_labels, read_volume

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "shared/data"))
FOLDER = DATA / "multiview/fetal"
TABLE = LabelTable((Label(1, "brain", (200, 80, 80)),))


def stack(n: int) -> tuple[Volume, Labels]:
    volume = read_volume(FOLDER / f"sub-01_run-{n}_T2w.nii.gz")
    mask = read_labels(FOLDER / f"sub-01_run-{n}_T2w_desc-brain_mask.nii.gz", TABLE)
    return volume, Labels(mask.data, volume.grid, TABLE)


def posed(numbers: list[int]) -> list[Posed]:
    stacks = [stack(n) for n in numbers]
    brains = [Volume(volume.data * (labels.data > 0), volume.grid) for volume, labels in stacks]
    found = assemble(brains, GlobalRigid().matched)
    for n, reason in found.left_out:
        print(f"run {numbers[n]} is left out: {reason}")
    for n, view, value in zip(found.used, found.views, found.agreement, strict=True):
        turn = view.transform.rotation_deg
        print(f"run {numbers[n]}: turned {turn:.1f} degrees, agreement {value:.3f}")
    pairs = zip(found.used, found.views, strict=True)
    return [Posed(stacks[n][0], view.transform, stacks[n][1]) for n, view in pairs]


def ncc(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def compare(image: Volume, mask: np.ndarray, published: Volume) -> tuple[Transform, str]:
    inner = Volume(image.data * mask, image.grid)
    transform = GlobalRigid(acceptance=0.1, overlap=0.2)(published, inner)
    other = resampled(published, image.grid, transform).data
    both = mask & (other > 0.05 * np.percentile(other[mask], 95))
    sigma = 9 / image.grid.spacing_mm[0]
    ours, theirs = (gaussian_filter(data * both, sigma) for data in (image.data, other))
    field = ours / (theirs + 1e-3)
    even = image.data / np.maximum(field, 1e-3)
    plain, matched = (ncc(data[both], other[both]) for data in (image.data, even))
    return transform, f"NCC {plain:.3f}, shaded alike {matched:.3f}"


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def picture(path: Path, columns: dict[str, np.ndarray], mask: np.ndarray) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, len(columns), figsize=(2.6 * len(columns), 7.4))
    for column, (title, data) in enumerate(columns.items()):
        top = np.percentile(data[mask], 99.5)
        for axis in range(3):
            middle = data.shape[axis] // 2
            cell = axes[axis, column]
            cell.imshow(data.take(middle, axis).T, cmap="gray", origin="lower", vmin=0, vmax=top)
            cell.contour(mask.take(middle, axis).T, [0.5], colors="tab:orange", linewidths=0.6)
            cell.axis("off")
        axes[0, column].set_title(title, fontsize=9)
    figure.tight_layout(pad=0.4)
    figure.savefig(path, dpi=80)


def main() -> None:
    given = sys.argv[1:]
    words = given + ["fetal.png", "1,2,3,4,5,6", "3", "0.5"][len(given) :]
    numbers = [int(n) for n in words[1].split(",")]
    start = time.process_time()
    views = posed(numbers)
    grid: Grid = fine_grid(views, 1.125, margin_mm=12)
    fusers = (GaussianFusion(), MajorityVote(), Staple())
    masks = {type(fuse).__name__: fuse(views, grid).data > 0 for fuse in fusers}
    mask = masks["GaussianFusion"]
    aligned = time.process_time()
    rounds, smoothness = int(words[2]), float(words[3])
    image = SuperResolution(rounds=rounds, smoothness=smoothness, iterations=8)(views, grid)
    fused = time.process_time()
    print(
        f"{len(views)} stacks: aligned {aligned - start:.0f} s CPU, fused {fused - aligned:.0f} s"
    )
    for name, other in masks.items():
        print(f"mask beside {name}: Dice {dice(mask, other):.3f}")
    published = read_volume(FOLDER / "sub-01_rec-SR_id-1_T2w.nii.gz")
    transform, text = compare(image, mask, published)
    print(f"ours beside the published image: {text}")
    alone = resampled(views[0].volume, grid, views[0].transform)
    print(f"first stack alone:               {compare(alone, mask, published)[1]}")
    columns = {
        "one stack": alone.data,
        f"ours, {len(views)} stacks": image.data,
        "published": resampled(published, grid, transform).data,
    }
    picture(Path(words[0]), columns, mask)


if __name__ == "__main__":
    main()
