"""Views that bend: rigid alignment alone beside the free form after it.

Left atria. The axial stack shows the heart at rest; before the coronal and the
sagittal one it bends (smooth random displacement, Gaussian of 25 mm, root mean square over the
object as given) and moves (up to 45 degrees about each axis, 30 mm along each). Target error: mean
over the object of how far a point of the axial stack is carried wrong. Masks of slabs marked where
at least half full, fused by GaussianFusion; DSC with the mask, NCC of the fused image with the
image in the mask widened by 10 mm; all on 1.5 mm voxels.

    python benchmarks/bending.py [hearts] [bend in mm ...]
"""

import sys
import time
from dataclasses import replace

import numpy as np
from fusion import DATA, HERE, TABLE, heart
from scipy.ndimage import binary_dilation, gaussian_filter, map_coordinates, zoom

from anatwin.acquire import ThickSlices
from anatwin.align import FreeForm, GlobalRigid, unbent, unbent_labels
from anatwin.core import Grid, Labels, Transform, Volume
from anatwin.fuse import GaussianFusion, Posed, SuperResolution
from anatwin.measure import segmentation_errors
from anatwin.ops.morphology import bounding_box

VOXEL_MM = 1.5
BOX = Grid.isotropic((128, 128, 128), VOXEL_MM)
DISTANCE_MM, SMOOTH_MM = 8.0, 25.0
COARSE = 8
"""Voxels between the points at which the displacement is drawn."""


def random_bend(mask: np.ndarray, size_mm: float, seed: int) -> np.ndarray:
    """Return a smooth displacement [mm], ``3 i j k``, of a given size in the mask."""
    rng = np.random.default_rng(seed)
    coarse = [n // COARSE for n in mask.shape]
    noise = rng.standard_normal((3, *coarse), np.float32)
    smooth = np.stack(
        [
            zoom(gaussian_filter(part, SMOOTH_MM / VOXEL_MM / COARSE, mode="wrap"), COARSE)
            for part in noise
        ]
    )
    smooth -= smooth[:, mask].mean(axis=1)[:, None, None, None]
    return smooth * (size_mm / np.sqrt((smooth[:, mask] ** 2).sum(axis=0).mean()))


def bent(volume: Volume, shift: np.ndarray) -> Volume:
    index = np.indices(volume.data.shape) + shift / VOXEL_MM
    return Volume(map_coordinates(volume.data, index, order=1), volume.grid)


def true_places(shift: np.ndarray, pose: Transform, points: np.ndarray) -> np.ndarray:
    """Return where points at rest [mm] are in a stack's world."""
    origin = BOX.matrix[:3, 3]
    z = points.copy()
    for _ in range(30):  # the displacement is a contraction: this converges
        index = (z - origin).T / VOXEL_MM
        z = points - np.stack([map_coordinates(part, index, order=1) for part in shift], 1)
    return pose.inverse().apply(z)


def trial(image: Volume, mask: Volume, size_mm: float, seed: int) -> dict[str, float]:
    body = mask.data > 0.5
    points = np.argwhere(body)[::31] * VOXEL_MM + BOX.matrix[:3, 3]
    posed: dict[str, list[Posed]] = {"rigid": [], "bent": []}
    errors: dict[str, list[float]] = {"rigid": [], "bent": []}
    seconds = 0.0
    for n, direction in enumerate(("axial", "coronal", "sagittal")):
        method = ThickSlices(
            direction=direction, distance_mm=DISTANCE_MM, rotation_deg=45 * (n > 0),
            shift_mm=30 * (n > 0), noise=0.01, seed=3 * seed + n,
        )  # fmt: skip
        shift = random_bend(body, size_mm * (n > 0), 3 * seed + n)
        view = method(bent(image, shift))
        stack = view.volume
        seen = replace(method, noise=0.0)(bent(mask, shift)).volume.data > 0.5
        labels = Labels(seen.astype(np.uint8), stack.grid, TABLE)
        if n == 0:
            for views in posed.values():
                views.append(Posed(stack, HERE, labels))
            continue
        fixed = posed["rigid"][0].volume
        pose = GlobalRigid()(stack, fixed)
        start = time.process_time()
        bend = FreeForm()(stack, fixed, pose)
        seconds += time.process_time() - start
        right = true_places(shift, view.transform, points)
        for name, found in (
            ("rigid", pose.apply(points)),
            ("bent", pose.apply(bend.apply(points))),
        ):
            errors[name].append(np.linalg.norm(found - right, axis=1).mean())
        posed["rigid"].append(Posed(stack, pose, labels))
        posed["bent"].append(
            Posed(unbent(stack, pose, bend), pose, unbent_labels(labels, pose, bend))
        )
    box = tuple(slice(part.start - 12, part.stop + 12) for part in bounding_box(body) or ())
    matrix = BOX.matrix
    matrix[:3, 3] = BOX.at(*(part.start for part in box))
    grid = Grid.from_matrix(body[box].shape, matrix)
    truth = Labels(body[box].astype(np.uint8), grid, TABLE)
    near = binary_dilation(body[box], iterations=7)
    found: dict[str, float] = {"CPU s of a bend": seconds / 2}
    for name, views in posed.items():
        found[f"target mm, {name}"] = float(np.mean(errors[name]))
        found[f"DSC, {name}"] = segmentation_errors(GaussianFusion()(views, grid), truth)[0].value
        fused = SuperResolution()(views, grid).data
        found[f"NCC, {name}"] = float(np.corrcoef(fused[near], image.data[box][near])[0, 1])
    return found


def main() -> None:
    words = sys.argv[1:]
    hearts = int(words[0]) if words else 5
    for size_mm in [float(word) for word in words[1:]] or [0.0, 3.0]:
        rows = []
        for seed, path in enumerate(sorted((DATA / "atrium").glob("*.h5"))[:hearts]):
            rows.append(trial(*heart(path, BOX), size_mm, seed + 1))
            print(size_mm, seed, {k: round(v, 3) for k, v in rows[-1].items()}, flush=True)
        print(f"bend {size_mm:g} mm, n={hearts} hearts")
        for name in rows[0]:
            values = [row[name] for row in rows]
            print(f"  {name:<20} {np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})")


if __name__ == "__main__":
    main()
