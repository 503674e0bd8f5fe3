"""Six real stacks of a moving fetus: one image and one brain mask, beside the published ones.

Where the published image lies is found by aligning it to ours, what lies outside the fused mask cut
away from both, and refined on the cubic interpolation of ours. Then the stacks are fused again on
the published image's own voxels, so that the two are compared without interpolating either.

NCC where the published image is not zero, inside the fused mask and inside what every stack's mask
shares: as fused, evened (shading taken out blindly), and after one smooth field (Gaussian, 9 mm)
has matched our shading to its. With six, the images of two halves are compared as well.

    python benchmarks/fetal.py PICTURE.png [stacks, for example 6,3,1] [rounds] [smoothness]
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, spline_filter
from scipy.optimize import minimize

from anatwin.align import GlobalRigid, resampled
from anatwin.core import Grid, Label, Labels, LabelTable, Transform, Volume
from anatwin.fuse import (
    GaussianFusion,
    MajorityVote,
    Posed,
    Staple,
    SuperResolution,
    Unanimity,
    assemble,
    evened,
    fine_grid,
)
from anatwin.io.nifti import read_labels, read_volume
from anatwin.ops.morphology import bounding_box
from anatwin.ops.rigid_motion import rigid

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


def published_image() -> Volume:
    """Return the published image, cut to what it shows."""
    whole = read_volume(FOLDER / "sub-01_rec-SR_id-1_T2w.nii.gz")
    box = bounding_box(whole.data > 0)
    assert box is not None
    matrix = whole.grid.matrix
    matrix[:3, 3] = whole.grid.at(*(part.start for part in box))
    data = whole.data[box]
    return Volume(data, Grid.from_matrix(data.shape, matrix, whole.grid.frame))


def placed(published: Volume, image: Volume, mask: np.ndarray) -> np.ndarray:
    """Return the map from the published image's world to ours."""
    inner, align = Volume(image.data * mask, image.grid), GlobalRigid(acceptance=0.1, overlap=0.2)
    first = align(published, inner)
    brain = resampled(Volume(mask.astype(np.float32), image.grid), published.grid, first.inverse())
    transform = align(Volume(published.data * (brain.data > 0.5), published.grid), inner)
    return np.linalg.inv(transform.matrix)


def refined(published: Volume, image: Volume, mask: np.ndarray) -> np.ndarray:
    """Return the rigid motion, from a world to itself, after which both agree best."""
    ours = spline_filter(image.data.astype(float), order=3)
    places = np.argwhere(mask & shown(published.data, mask)).T
    values = published.data[tuple(places)]
    voxel = image.grid.matrix
    about = np.eye(4)
    about[:3, 3] = image.grid.at(*places.mean(axis=1))

    def motion(steps: np.ndarray) -> np.ndarray:
        return about @ rigid(steps[:3], steps[3:] / 50) @ np.linalg.inv(about)

    def disagreement(steps: np.ndarray) -> float:
        index = np.linalg.inv(voxel) @ motion(steps) @ voxel
        at = index[:3, :3] @ places + index[:3, 3:]
        return -ncc(map_coordinates(ours, at, order=3, prefilter=False), values)

    options = {"xtol": 5e-3, "ftol": 1e-6}
    return motion(minimize(disagreement, np.zeros(6), method="Powell", options=options).x)


def carried(views: list[Posed], motion: np.ndarray) -> list[Posed]:
    """Return views whose shared world is that from which the motion leads to the old one."""
    return [
        Posed(v.volume, Transform.from_matrix(v.transform.matrix @ motion), v.labels) for v in views
    ]


def shown(published: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return published > 0.05 * np.percentile(published[mask], 95)


def compare(image: Volume, other: np.ndarray, mask: np.ndarray) -> str:
    both = mask & shown(other, mask)
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


def align_and_fuse(numbers: list[int], fuse: SuperResolution) -> tuple[list[Posed], Volume]:
    """Return the views in the published image's world and that image."""
    start = time.process_time()
    views = posed(numbers)
    grid: Grid = fine_grid(views, 1.125, margin_mm=12)
    aligned = time.process_time()
    image = fuse(views, grid)
    fused = time.process_time()
    print(
        f"{len(views)} stacks: aligned {aligned - start:.0f} s CPU, fused {fused - aligned:.0f} s"
    )
    published = published_image()
    views = carried(views, placed(published, image, GaussianFusion()(views, grid).data > 0))
    mask = GaussianFusion()(views, published.grid).data > 0
    views = carried(views, refined(published, fuse(views, published.grid), mask))
    return views, published


def main() -> None:
    given = sys.argv[1:]
    words = given + ["fetal.png", "1,2,3,4,5,6", "3"][len(given) :]
    numbers = [int(n) for n in words[1].split(",")]
    rounds, smoothness = int(words[2]), float(words[3]) if words[3:] else len(numbers) / 12
    # Like the published image's, our pixels are those that the masks mark.
    fuse = SuperResolution(rounds=rounds, smoothness=smoothness, iterations=8, margin_mm=0)
    views, published = align_and_fuse(numbers, fuse)
    grid, other = published.grid, published.data
    fusers = (GaussianFusion(), MajorityVote(), Staple(), Unanimity())
    masks = {type(fuser).__name__: fuser(views, grid) for fuser in fusers}
    mask, shared = (masks[name].data > 0 for name in ("GaussianFusion", "Unanimity"))
    for name in ("MajorityVote", "Staple"):
        print(f"mask beside {name}: Dice {dice(mask, masks[name].data > 0):.3f}")
    image = fuse(views, grid)
    start = time.process_time()
    even = evened(image, masks["GaussianFusion"])
    print(f"evened {time.process_time() - start:.0f} s CPU")
    first = next(n for n, view in enumerate(views) if view.volume.grid.matches(stack(1)[0].grid))
    alone = resampled(views[first].volume, grid, views[first].transform)
    for name, where in (("fused mask", mask), ("what all masks share", shared)):
        print(f"inside the {name} ({np.count_nonzero(where)} voxels):")
        for title, one in (("as fused", image), ("evened", even), ("first stack alone", alone)):
            print(
                f"  {title}: {compare(one, other, where)}, steep {steepness(one.data, where):.3f}"
            )
        print(f"  published: steep {steepness(other, where):.3f}")
    if len(views) == 6:
        one, two = (fuse(views[part::2], grid) for part in (0, 1))
        moved = refined(one, two, shared)
        two = fuse(carried(views[1::2], moved), grid)
        agreement = ncc(one.data[shared], two.data[shared])
        print(f"two halves inside what all masks share: NCC {agreement:.3f}")
    columns = {
        "one stack": alone.data, f"ours, {len(views)} stacks": even.data, "published": other
    }  # fmt: skip
    picture(Path(words[0]), columns, mask)


if __name__ == "__main__":
    main()
