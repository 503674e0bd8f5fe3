"""Several thick-slice scans of one person become one case."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from anatwin.acquire import Cartesian, ThickSlices
from anatwin.align import GlobalRigid
from anatwin.builder import build, outlook, sources_of
from anatwin.core import Grid, InputError, UsageError
from anatwin.fuse import SuperResolution
from anatwin.io.case import read_case
from anatwin.io.nifti import write_volume
from anatwin.phantoms import head
from anatwin.phantoms import signal as mr_signal
from anatwin.plan import Plan
from anatwin.segment import HeadNetwork

PLAN = Plan(
    segment=HeadNetwork(window=96, overlap=16, mirror=False),
    align=GlobalRigid(rotation_deg=0.0, candidates=1),
    fuse=SuperResolution(iterations=3),
)


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Three stacks of a coarse virtual head that turns between them, and an empty one."""
    folder = tmp_path_factory.mktemp("scans")
    grid = Grid.centred((42, 46, 50), (5.0, 5.0, 5.0))
    truth = mr_signal(head(grid, seed=3), "t1", seed=3)
    for n, direction in enumerate(("axial", "coronal", "sagittal")):
        scan = ThickSlices(
            direction=direction, distance_mm=12.0, rotation_deg=4.0 * n, shift_mm=6.0 * n, seed=n
        )
        write_volume(scan(truth).volume, folder / f"{n}_{direction}.nii.gz")
    empty = ThickSlices(distance_mm=12.0)(truth).volume
    write_volume(replace(empty, data=np.ones_like(empty.data)), folder / "3_empty.nii.gz")
    return folder


@pytest.fixture(scope="module")
def case(scans, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "case"
    build(scans, folder, plan=PLAN, subject="sub-3")
    return folder


def test_scans_become_one_image_and_its_labels(case):
    twin = read_case(case)
    assert [step.stage for step in twin.history] == ["fuse", "segment", "mesh", "measure"]
    assert twin.origin == "images"
    assert twin.image.grid.spacing_mm == pytest.approx((5.0, 5.0, 5.0))
    assert twin.labels.grid.matches(twin.image.grid)
    assert twin.source.startswith("0_axial.nii.gz, 1_coronal.nii.gz")


def test_a_scan_that_does_not_fit_is_named(case):
    note = read_case(case).history[0].note
    assert note.startswith("3 scans are used")
    assert "scan 4 is left out: it is empty" in note
    assert "left out" in (case / "report.html").read_text(encoding="utf-8")


def test_the_files_one_by_one_are_the_folder(scans, case):
    files = sorted(scans.iterdir())
    assert sources_of(scans) == sources_of(files) == tuple(files)
    assert all(reused for _, reused in outlook(files, case, plan=PLAN))
    changed = replace(PLAN, align=replace(PLAN.align, candidates=2))
    assert not any(reused for _, reused in outlook(files, case, plan=changed))


def test_a_case_does_not_stand_for_its_images(case):
    assert sources_of(case) == (case,)


def test_the_command_says_what_it_would_do(scans, tmp_path):
    words = [sys.executable, "-m", "anatwin", "build", *map(str, sorted(scans.iterdir()))]
    found = subprocess.run(
        [*words, "-o", str(tmp_path / "case"), "--dry-run"], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split()[0] == "fuse"


def test_only_images_of_one_kind_are_fused(scans, tmp_path):
    samples = np.ones((1, 8, 10), np.complex64)
    import h5py

    with h5py.File(tmp_path / "kspace.h5", "w") as file:
        file["kspace"] = samples
    pair = [sorted(scans.iterdir())[0], tmp_path / "kspace.h5"]
    with pytest.raises(InputError):
        build(pair, tmp_path / "case", plan=PLAN)
    with pytest.raises(UsageError, match="one scan or several"):
        build([], tmp_path / "case", plan=PLAN)
    simulated = replace(PLAN, acquire=Cartesian())
    with pytest.raises(UsageError, match="several"):
        build(scans, tmp_path / "case", plan=simulated)
