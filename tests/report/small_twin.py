"""A small twin whose every part is real."""

from functools import cache

import numpy as np

from anatwin.core import (
    Check,
    Grid,
    KSpace,
    Labels,
    LabelTable,
    Measure,
    Step,
    Twin,
    Volume,
    head_table,
)
from anatwin.mesh import SurfaceNets
from anatwin.ops.fourier import fft, ifft

GRID = Grid.centred((44, 52, 36), (3.0, 2.5, 4.0))
HASH = "3f9a" * 16


def ball(centre_mm, radius_mm, grid=GRID):
    """Return True inside a ball."""
    index = np.stack(np.indices(grid.shape), axis=-1)
    place = index @ grid.matrix[:3, :3].T + grid.matrix[:3, 3]
    return np.linalg.norm(place - centre_mm, axis=-1) < radius_mm


def make_labels(table: LabelTable) -> Labels:
    """Return skin around two halves of a brain, the left one with a smaller ball inside."""
    data = np.zeros(GRID.shape, np.uint16)
    data[ball((0, 0, 0), 60)] = table["skin"].index
    inside = ball((0, 0, 0), 48)
    x = np.indices(GRID.shape)[0]
    data[inside & (x < GRID.shape[0] // 2)] = table["white_matter_left"].index
    data[inside & (x >= GRID.shape[0] // 2)] = table["white_matter_right"].index
    data[ball((-22, 8, 5), 14)] = table["ventricle_left"].index
    return Labels(data, GRID, table)


@cache
def make_surfaces():
    """Return the surfaces of `make_labels`, made once."""
    return SurfaceNets(spacing_mm=2.0)(make_labels(head_table()))


def make_twin(**changes) -> Twin:
    """Return a twin from undersampled k-space of two coils."""
    labels = make_labels(head_table())
    brightness = np.zeros(21, np.float32)
    brightness[[1, 2, 7, 19]] = 200, 180, 60, 120
    truth = brightness[labels.data]
    coils = np.stack([np.full(GRID.shape, 0.8), np.full(GRID.shape, 0.6j)]).astype(np.complex64)
    rng = np.random.default_rng(7)
    mask = rng.random((1, *GRID.shape[1:])) < 0.5
    mask[:, 22:30, 14:22] = True
    samples = (fft(coils * truth, (1, 2, 3)) * mask).astype(np.complex64)
    baseline = np.abs((coils.conj() * ifft(samples, (1, 2, 3))).sum(axis=0))
    image = 0.3 * baseline + 0.7 * truth
    values = {
        "subject": "test-01",
        "source": "scan.nii.gz",
        "origin": "synthetic k-space",
        "kspace": KSpace(samples, mask, GRID, origin="synthetic"),
        "baseline": Volume(baseline, GRID),
        "image": Volume(image, GRID),
        "reference": Volume(truth, GRID),
        "labels": labels,
        "surfaces": make_surfaces(),
        "measures": (
            Measure(
                "PSNR[volume, max(reference)]", "image", 31.25, "dB", None, "synthetic k-space"
            ),
            Measure("volume", "white_matter_left", 219.4, "ml", 3.21, "labels on 3 mm voxels"),
            Measure("volume", "white_matter_right", 1230.6, "ml", 4.0, "labels on 3 mm voxels"),
            Measure("volume", "ventricle_left", 11.4, "ml", 0.51, "labels on 3 mm voxels"),
            Measure("volume", "eye_left", float("nan"), "ml", None, "not found"),
            Measure("asymmetry[(L-R)/mean]", "white_matter", -0.09, "", 0.01, "labels"),
        ),
        "checks": (
            Check("voxel size", "pass", "3 mm", "at most 4 mm", "Fine enough.", "Scan again."),
            Check("structures", "warn", "4 of 20", "every structure", "Some miss.", "Scan all."),
        ),
        "facts": (("Format", "NIfTI"),),
        "notes": ("Two headers disagreed; the sform was taken.",),
        "history": (
            Step("read", "read", (), 0.2, 100.0, (("source", HASH),), (("a.nii.gz", HASH),)),
            Step("acquire", "Cartesian", (("acceleration", 2.0),), 1.0, 200.0),
            Step("reconstruct", "Sense", (("iterations", 12),), 61.0, 900.0, is_cached=True),
            Step("mesh", "SurfaceNets", (("iterations", 20),), 3.0, versions=(("numpy", "2"),)),
        ),
    }
    return Twin(**{**values, **changes})
