"""How the labels of a real brain bear what usually breaks segmentation, and one person's scans.

    python benchmarks/robustness.py

First a T1 brain that FreeSurfer labelled, given in seven ways: as it is, in tilted slices, with a
tilted head, upside down, in 3 mm slices, and cut in half. The labels are FreeSurfer's; only what is
in view counts. Then scans and their mirror images: how well structures with sides agree, and how
much of one got the other side's label. Then two visits of one patient in three contrasts each: the
volumes in what all six scans show, how far they lie from the median, and both visits from one
another in one contrast.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import ndimage

from anatwin.core import Grid, Transform, Volume
from anatwin.fuse import Posed
from anatwin.fuse.sampling import offsets
from anatwin.io.nifti import read_volume
from anatwin.io.transforms import read_transform
from anatwin.segment import WholeHead
from anatwin.train.evaluate import MERGED, head_structures, merged_dice, read_real

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[1] / "../shared/data"))
TILT_DEG = (12.0, -18.0, 25.0)
LARGE_ML = 5.0
SIDED_ML = 0.1


def main() -> None:
    method = WholeHead(threads=1)
    brains(method, DATA / "heads/images")
    mirrors(method, DATA / "heads/images")
    visits(method, DATA / "visits/patient01")


def brains(method: WholeHead, folder: Path) -> None:
    """Print the Dice of every variant of the brain."""
    names = folder / "brain_t1.nii.gz", folder / "brain_t1_freesurfer.nii.gz"
    volume, truth = read_real(*names, axes="LIA")
    print("| T1 brain | " + " | ".join(name.replace("_", " ") for name in MERGED) + " |")
    print("|---" * (len(MERGED) + 1) + "|")
    for name, variant, expected in variants(volume, truth):
        scores = merged_dice(head_structures(method(variant)), expected)
        print(f"| {name} | " + " | ".join(f"{x:.3f}" for x in scores.values()) + " |", flush=True)


def variants(volume: Volume, truth: np.ndarray) -> Iterator[tuple[str, Volume, np.ndarray]]:
    """Give every variant of a RAS+ scan of 1 mm, and its labels."""
    data, matrix = volume.data, volume.grid.matrix
    yield "as it is", volume, truth
    yield "slices tilted by 12, 18 and 25 degrees", placed(data, turn(TILT_DEG) @ matrix), truth
    yield "head tilted by as much", *tilted(volume, truth)
    yield "upside down", placed(data, turn((180.0, 0.0, 0.0)) @ matrix), truth
    n = data.shape[2] // 3 * 3
    thick = data[..., :n].reshape(*data.shape[:2], -1, 3).mean(axis=3)
    wide = matrix @ np.diag([1.0, 1.0, 3.0, 1.0])
    wide[:3, 3] = volume.grid.at(0, 0, 1)
    yield "3 mm axial slices", placed(thick, wide), truth[..., 1:n:3]
    middle = np.argwhere(truth > 0).mean(axis=0).round().astype(int)
    upper = matrix.copy()
    upper[:3, 3] = volume.grid.at(0, 0, middle[2])
    yield "upper half", placed(data[..., middle[2] :], upper), truth[..., middle[2] :]
    yield "left half", placed(data[: middle[0]], matrix), truth[: middle[0]]


def tilted(volume: Volume, truth: np.ndarray) -> tuple[Volume, np.ndarray]:
    """Return the scan, on its grid, of a person who holds the head askew."""
    rotation = turn(TILT_DEG)[:3, :3].T
    middle = np.array([(n - 1) / 2 for n in truth.shape])
    offset = middle - rotation @ middle
    data = ndimage.affine_transform(volume.data, rotation, offset, order=1)
    return Volume(data, volume.grid), ndimage.affine_transform(truth, rotation, offset, order=0)


def placed(data: np.ndarray, matrix: np.ndarray) -> Volume:
    """Return an image somewhere else."""
    return Volume(np.ascontiguousarray(data), Grid.from_matrix(data.shape, matrix))


def turn(degrees: tuple[float, float, float]) -> np.ndarray:
    """Return the rotation about x, then y, then z, ``4 4``."""
    matrix = np.eye(4)
    for axis, angle in enumerate(np.radians(degrees)):
        a, b = (n for n in range(3) if n != axis)
        step = np.eye(4)
        step[a, a] = step[b, b] = np.cos(angle)
        step[a, b], step[b, a] = -np.sin(angle), np.sin(angle)
        matrix = step @ matrix
    return matrix


def mirrors(method: WholeHead, folder: Path) -> None:
    """Print how the labels of scans agree with those of their mirror images."""
    print("\n| scan, mirrored | structures | mean Dice | least | other side's, at most |")
    print("|---|---|---|---|---|")
    for name in ("head_neck_t1", "head_t1_1mm"):
        volume = read_volume(folder / f"{name}.nii.gz")
        axis = int(np.abs(volume.grid.matrix[0, :3]).argmax())
        labels = method(volume)
        mirrored = method(Volume(np.flip(volume.data, axis).copy(), volume.grid))
        swap = labels.table.mirrored()
        n = len(swap)
        pairs = labels.data.astype(int) * n + swap[np.flip(mirrored.data, axis)]
        both = np.bincount(pairs.ravel(), minlength=n * n).reshape(n, n)
        own, back = both.sum(axis=1), both.sum(axis=0)
        large = own * volume.grid.voxel_mm3 > SIDED_ML * 1000
        sided = np.flatnonzero(large & (swap != np.arange(n)))
        dice = 2 * both[sided, sided] / (own + back)[sided]
        strayed = both[sided, swap[sided]] / own[sided]
        print(
            f"| {name} | {len(sided)} | {dice.mean():.3f} | {dice.min():.3f} "
            f"| {strayed.max():.4f} |",
            flush=True,
        )


def visits(method: WholeHead, folder: Path) -> None:
    """Print the volumes of large structures in what all scans of a patient show."""
    scans = [f"study{n}_{kind}" for n in (1, 2) for kind in ("T1W", "T2W", "FLAIR")]
    images = [read_volume(folder / f"{scan}.nii.gz") for scan in scans]
    places = [common_place(folder, scan) for scan in scans]
    volumes = []
    for image, place in zip(images, places, strict=True):
        labels = method(image)
        shown = np.ones(image.grid.shape, np.bool_)
        for other, there in zip(images, places, strict=True):
            carried = Transform.from_matrix(there @ np.linalg.inv(place))
            shown &= offsets(Posed(other, carried), image.grid)[1]
        counts = np.bincount(labels.data[shown], minlength=max(labels.table.indices) + 1)
        volumes.append(counts[list(labels.table.indices)] * image.grid.voxel_mm3 / 1000)
    table = np.array(volumes)
    print("\n| structure [ml] | " + " | ".join(scans) + " | from the median | between visits |")
    print("|---" * (len(scans) + 3) + "|")
    for label, column in zip(labels.table.labels, table.T, strict=True):
        if (median := float(np.median(column))) > LARGE_ML:
            first, second = column.reshape(2, -1)
            apart = 2 * (second - first) / (first + second)
            worst = np.abs(column / median - 1).max(), np.abs(apart).max()
            cells = " | ".join([f"{ml:.0f}" for ml in column] + [f"{share:.0%}" for share in worst])
            print(f"| {label.name.replace('_', ' ')} | {cells} |")


def common_place(folder: Path, scan: str) -> np.ndarray:
    """Return the map from the patient's common space to a scan's, both RAS+ [mm]."""
    study = scan.split("_")[0]
    place = read_transform(folder / f"{study}_FLAIR_to_common_space.txt").matrix
    if not scan.endswith("FLAIR"):
        place = read_transform(folder / f"{scan}_intrastudy_to_FLAIR.txt").matrix @ place
    return place


if __name__ == "__main__":
    main()
