"""Six real stacks of a moving fetus: one image and one brain mask, beside the published ones.

The published image is aligned to ours, what lies outside the fused mask cut away from both, and
compared where it is not zero: inside the fused mask, and inside what every stack's mask shares. NCC
as it is, and after one smooth field (Gaussian, 9 mm) has matched our shading to its. With six, the
images of two halves are compared as well.

    python benchmarks/fetal.py PICTURE.png [stacks, for example 1,3,5] [rounds] [smoothness]
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from anatwin.align import GlobalRigid, resampled
from anatwin.core import Grid, Label, Labels, LabelTable, Volume
from anatwin.fuse import (
    GaussianFusion,
    MajorityVote,
    Posed,
    Staple,
    SuperResolution,
    Unanimity,
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


def placed(published: Volume, image: Volume, mask: np.ndarray) -> np.ndarray:
    """Return the published image on our grid."""
    inner, align = Volume(image.data * mask, image.grid), GlobalRigid(acceptance=0.1, overlap=0.2)
    first = align(published, inner)
    brain = resampled(Volume(mask.astype(np.float32), image.grid), published.grid, first.inverse())
    transform = align(Volume(published.data * (brain.data > 0.5), published.grid), inner)
    return resampled(published, image.grid, transform).data


def compare(image: Volume, other: np.ndarray, mask: np.ndarray) -> str:
    both = mask & (other > 0.05 * np.percentile(other[mask], 95))
    sigma = 9 / image.grid.spacing_mm[0]
    ours, theirs = (gaussian_filter(data * both, sigma) for data in (image.data, other))
    even = image.data / np.maximum(ours / (theirs + 1e-3), 1e-3)
    plain, matched = (ncc(data[both], other[both]) for data in (image.data, even))
    return f"NCC {plain:.3f}, shaded alike {matched:.3f}"


def steepness(data: np.ndarray, mask: np.ndarray) -> float:
    """Return the mean gradient in the mask, in standard deviations of the values per voxel."""
    slopes = np.sqrt(sum(slope**2 for slope in np.gradient(data)))
    return float(slopes[mask].mean() / data[mask].std())


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
    words = given + ["fetal.png", "1,2,3,4,5,6", "3"][len(given) :]
    numbers = [int(n) for n in words[1].split(",")]
    start = time.process_time()
    views = posed(numbers)
    grid: Grid = fine_grid(views, 1.125, margin_mm=12)
    fusers = (GaussianFusion(), MajorityVote(), Staple())
    masks = {type(fuse).__name__: fuse(views, grid).data > 0 for fuse in fusers}
    mask = masks["GaussianFusion"]
    aligned = time.process_time()
    rounds, smoothness = int(words[2]), float(words[3]) if words[3:] else len(numbers) / 12
    fuse = SuperResolution(rounds=rounds, smoothness=smoothness, iterations=8)
    image = fuse(views, grid)
    fused = time.process_time()
    print(
        f"{len(views)} stacks: aligned {aligned - start:.0f} s CPU, fused {fused - aligned:.0f} s"
    )
    for name, other in masks.items():
        print(f"mask beside {name}: Dice {dice(mask, other):.3f}")
    other = placed(read_volume(FOLDER / "sub-01_rec-SR_id-1_T2w.nii.gz"), image, mask)
    alone = resampled(views[0].volume, grid, views[0].transform)
    shared = Unanimity()(views, grid).data > 0
    for name, where in (("fused mask", mask), ("what all masks share", shared)):
        print(f"inside the {name}: ours {compare(image, other, where)}")
        print(f"  first stack alone {compare(alone, other, where)}")
        print(
            f"  steepness: ours {steepness(image.data, where):.3f}, "
            f"published {steepness(other, where):.3f}"
        )
    if len(views) == 6:
        halves = [fuse(views[first::2], grid).data[shared] for first in (0, 1)]
        print(f"two halves of the stacks inside what all masks share: NCC {ncc(*halves):.3f}")
    columns = {
        "one stack": alone.data, f"ours, {len(views)} stacks": image.data, "published": other
    }  # fmt: skip
    picture(Path(words[0]), columns, mask)


if __name__ == "__main__":
    main()
