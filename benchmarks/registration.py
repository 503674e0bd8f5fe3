"""Rigid registration of thick-slice stacks from any pose: ours beside SimpleITK and dipy.

An axial stack is fixed; a coronal or sagittal one of the same volume, the person turned by up to
45 degrees about each axis and shifted by up to 30 mm along each, is moving. Every pose is known.
Noise is 1 % of the 99th percentile. The target error is the mean distance over voxels of the object
(above a tenth of the 99th percentile). Times are CPU seconds of one thread, the first pose (which
compiles) left out.

    python benchmarks/registration.py [poses] [poses for the peers] [volume ...]
"""

import os
import sys
import time
import warnings
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from anatwin.acquire import ThickSlices
from anatwin.align import GlobalRigid, Rigid, resampled
from anatwin.align.rigid import from_itk, to_itk
from anatwin.core import Grid, Transform, Volume
from anatwin.io.nifti import read_volume
from anatwin.ops.rigid_motion import turn_between
from anatwin.phantoms import patient
from anatwin.studies.correlation import correlated, repeated

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "shared/data"))


def head_t1() -> Volume:
    return read_volume(DATA / "heads/images/head_t1_1mm.nii.gz")


def atrium() -> Volume:
    """Return a heart in a box of 192 mm, as the cube that the paper pads it to."""
    import h5py

    with h5py.File(sorted((DATA / "atrium").glob("*.h5"))[0]) as file:
        data = file["image"][()]
    heart = Volume(data - data.min(), Grid.isotropic(data.shape, 0.625))
    return resampled(heart, Grid.isotropic((192, 192, 192), 1.0))


def virtual() -> Volume:
    return patient(0).truth


VOLUMES = {"virtual head": virtual, "head T1": head_t1, "left atrium": atrium}


def sitk_tuned(moving: Volume, fixed: Volume) -> Transform:
    """SimpleITK as well as we could set it: 27 starts, correlation, from coarse to fine.

    From every turn of -30, 0 and 30 degrees about each axis it descends on voxels of 8 mm; the best
    three go on, on 4 and 2 mm, and the best of them is taken.
    """
    import SimpleITK as sitk  # noqa: N813

    images = [to_itk(sitk, repeated(volume)) for volume in (fixed, moving)]
    centred = sitk.CenteredTransformInitializerFilter.MOMENTS

    def descend(start: Any, shrink: int, iterations: int) -> tuple[float, Any]:
        method = sitk.ImageRegistrationMethod()
        method.SetNumberOfThreads(1)
        method.SetMetricAsCorrelation()
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(2.0, 1e-3, iterations)
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetShrinkFactorsPerLevel([shrink])
        method.SetSmoothingSigmasPerLevel([2.0 * shrink])
        method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
        method.SetInitialTransform(start, inPlace=True)
        try:
            method.Execute(*images)
        except RuntimeError:  # it drifted off
            return 0.0, start
        return method.GetMetricValue(), start

    tried = []
    for turn in product(np.radians([-30.0, 0.0, 30.0]), repeat=3):
        start = sitk.CenteredTransformInitializer(*images, sitk.Euler3DTransform(), centred)
        start = sitk.Euler3DTransform(start)
        start.SetRotation(*turn)
        tried.append(descend(start, 4, 60))
    best = sorted(tried, key=lambda item: item[0])[:3]
    for shrink in (2, 1):
        best = [descend(found, shrink, 60) for _, found in best]
    return from_itk(min(best, key=lambda item: item[0])[1])


def dipy_rigid(moving: Volume, fixed: Volume) -> Transform:
    """Centres of mass, then mutual information on a pyramid, as dipy's tutorial does."""
    from dipy.align.imaffine import (
        AffineRegistration,
        MutualInformationMetric,
        transform_centers_of_mass,
    )
    from dipy.align.transforms import RigidTransform3D, TranslationTransform3D

    matrices = (fixed.grid.matrix, moving.grid.matrix)
    engine = AffineRegistration(
        metric=MutualInformationMetric(nbins=32, sampling_proportion=0.2),
        level_iters=[200, 50, 10], sigmas=[3.0, 1.0, 0.0], factors=[4, 2, 1], verbosity=0,
    )  # fmt: skip
    arrays = (np.asarray(fixed.data, float), np.asarray(moving.data, float))
    start = transform_centers_of_mass(arrays[0], matrices[0], arrays[1], matrices[1]).affine
    for kind in (TranslationTransform3D(), RigidTransform3D()):
        found = engine.optimize(
            *arrays, kind, None, static_grid2world=matrices[0], moving_grid2world=matrices[1],
            starting_affine=start,
        )  # fmt: skip
        start = found.affine
    return Transform.from_matrix(start)


METHODS: dict[str, Callable[[Volume, Volume], Transform]] = {
    "GlobalRigid": GlobalRigid(),
    "SimpleITK as published": correlated,
    "SimpleITK tuned": sitk_tuned,
    "Rigid": Rigid(),
    "dipy": dipy_rigid,
}


def errors(found: Transform, truth: Transform, points: np.ndarray) -> tuple[float, float]:
    """Return the rotation error [degree] and the mean target error [mm]."""
    apart = np.linalg.norm(found.apply(points) - truth.apply(points), axis=1)
    return float(np.degrees(turn_between(found.matrix, truth.matrix))), float(apart.mean())


def run(name: str, distance_mm: float, poses: int, peer_poses: int) -> None:
    volume = VOLUMES[name]()
    body = np.argwhere(volume.data > 0.1 * np.percentile(volume.data, 99))[::2003]
    points = body @ volume.grid.matrix[:3, :3].T + volume.grid.matrix[:3, 3]
    fixed = ThickSlices(distance_mm=distance_mm, noise=0.01)(volume).volume
    rows: dict[str, list[tuple[float, float, float]]] = {method: [] for method in METHODS}
    for seed in range(1, poses + 1):
        view = ThickSlices(
            direction=("coronal", "sagittal")[seed % 2], distance_mm=distance_mm,
            rotation_deg=45, shift_mm=30, noise=0.01, seed=seed,
        )(volume)  # fmt: skip
        for method, align in METHODS.items():
            if method == "GlobalRigid" or seed <= peer_poses:
                start = time.process_time()
                found = align(view.volume, fixed)
                seconds = time.process_time() - start
                rows[method].append((*errors(found, view.transform.inverse(), points), seconds))
    for method, row in rows.items():
        report(f"{name}, {distance_mm:g} mm", method, np.array(row))


def report(setting: str, method: str, row: np.ndarray) -> None:
    if not len(row):
        return
    turn, target, seconds = row.T
    timed = seconds[1:] if len(seconds) > 1 else seconds
    print(
        f"{setting:<20} {method:<24} n={len(row):<3} rotation {np.median(turn):6.2f} "
        f"(max {turn.max():6.2f}) deg  target {np.median(target):6.2f} (max {target.max():6.2f}) mm"
        f"  CPU {timed.min():5.1f} / {np.median(timed):5.1f} / {timed.max():5.1f} s",
        flush=True,
    )


def main() -> None:
    warnings.simplefilter("ignore")
    words = sys.argv[1:]
    poses, peer_poses = int(words[0]) if words else 20, int(words[1]) if words[1:] else 5
    for name in words[2:] or VOLUMES:
        for distance_mm in (16.0, 8.0):
            run(name, distance_mm, poses, peer_poses)


if __name__ == "__main__":
    main()
