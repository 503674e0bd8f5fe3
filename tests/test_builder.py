"""A case is all there or not there: what a run leaves behind when things go right and wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anatwin.builder import build, check_subject, outlook
from anatwin.core import Grid, InputError, ResourceError, UsageError, Volume
from anatwin.io.case import read_case, read_source_name, read_steps
from anatwin.io.nifti import write_volume
from anatwin.phantoms import head
from anatwin.phantoms import signal as mr_signal
from anatwin.pipeline import stage_keys
from anatwin.plan import Plan
from anatwin.segment import HeadNetwork

FILES = {
    "twin.json", "image.nii.gz", "labels.nii.gz", "labels.tsv", "labels.itksnap.txt",
    "regions.nii.gz", "regions.tsv", "regions.itksnap.txt",
    "uncertainty.nii.gz", "twin.glb", "measures.tsv", "qc.json", "report.html",
}  # fmt: skip
PLAN = Plan(segment=HeadNetwork(window=96, overlap=16, mirror=False))


def hidden(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def command(*words, cwd):
    line = [sys.executable, "-m", "anatwin", *map(str, words)]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, timeout=240)


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    """A coarse virtual head, 5 mm, as a file."""
    path = tmp_path_factory.mktemp("scan") / "scan.nii.gz"
    grid = Grid.centred((40, 46, 52), (5.0, 5.0, 5.0))
    write_volume(mr_signal(head(grid, seed=3), "t1", seed=3), path)
    return path


@pytest.fixture(scope="module")
def case(scan, tmp_path_factory):
    """The case built from it."""
    folder = tmp_path_factory.mktemp("built") / "case"
    build(scan, folder, plan=PLAN, subject="sub-7")
    return folder


def test_a_case_holds_every_file_and_nothing_else(case):
    assert {path.name for path in case.iterdir()} == FILES | {"surfaces"}
    assert hidden(case.parent) == []


def test_qc_and_twin_agree_and_the_case_reads_back(case):
    twin = read_case(case)
    assert json.loads((case / "qc.json").read_text())["verdict"] == twin.verdict
    assert json.loads((case / "twin.json").read_text())["verdict"] == twin.verdict
    assert twin.subject == "sub-7"
    assert twin.labels.grid.matches(twin.image.grid)
    assert read_source_name(case) == "scan.nii.gz"
    assert [step.stage for step in read_steps(case)] == ["read", "segment", "mesh", "measure"]


def test_the_same_again_runs_nothing(scan, case):
    before = (case / "report.html").stat().st_mtime_ns
    assert all(reused for _, reused in outlook(scan, case, plan=PLAN))
    build(scan, case, plan=PLAN, subject="sub-7", announce=pytest.fail)
    assert (case / "report.html").stat().st_mtime_ns == before


def test_only_what_changed_runs_and_a_persons_own_file_is_kept(scan, case):
    (case / "my notes.txt").write_text("look at slice 30")
    changed = replace(PLAN, mesh=replace(PLAN.mesh, spacing_mm=6.0))
    steps = []
    build(scan, case, plan=changed, subject="sub-7", announce=steps.append)
    assert [(s.stage, s.is_cached) for s in steps] == [
        ("read", True), ("segment", True), ("mesh", False), ("measure", False),
    ]  # fmt: skip
    assert (case / "my notes.txt").read_text() == "look at slice 30"
    (case / "my notes.txt").unlink()
    build(scan, case, plan=PLAN, subject="sub-7")


def test_a_damaged_file_is_made_again(scan, case):
    (case / "labels.nii.gz").write_bytes(b"damaged")
    assert dict(outlook(scan, case, plan=PLAN))["segment"] is False
    build(scan, case, plan=PLAN, subject="sub-7")
    assert all(reused for _, reused in outlook(scan, case, plan=PLAN))


def test_keys_follow_everything_upstream():
    names, keys = zip(*stage_keys(Plan(), Volume, "a"), strict=True)
    other = dict(stage_keys(replace(Plan(), segment=HeadNetwork(window=64)), Volume, "a"))
    assert names == ("read", "segment", "mesh", "measure")
    assert other["read"] == keys[0]
    assert other["mesh"] != keys[2]
    assert dict(stage_keys(Plan(), Volume, "b"))["read"] != keys[0]


@pytest.mark.parametrize("subject", ["Jane Doe", "../x", "", "a" * 70, "sub_1"])
def test_a_subject_is_a_code(subject):
    with pytest.raises(UsageError, match="code of letters"):
        check_subject(subject)


def test_what_is_not_a_case_is_not_touched(scan, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="is not a case"):
        build(scan, tmp_path, plan=PLAN)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_the_case_of_another_scan_is_not_touched(case, tmp_path):
    other = tmp_path / "other.nii.gz"
    write_volume(Volume(np.ones((9, 10, 11), np.float32), Grid.isotropic((9, 10, 11), 4.0)), other)
    with pytest.raises(UsageError, match=r"is the case of scan\.nii\.gz"):
        build(other, case, plan=PLAN)


def test_a_failure_leaves_nothing(tmp_path):
    flat = tmp_path / "flat.nii.gz"
    write_volume(Volume(np.ones((40, 41, 42), np.float32), Grid.isotropic((40, 41, 42), 4.0)), flat)
    with pytest.raises(InputError, match="nothing to segment"):
        build(flat, tmp_path / "case", plan=PLAN)
    assert [path.name for path in tmp_path.iterdir()] == ["flat.nii.gz"]


def test_a_case_cannot_be_made_inside_a_file(scan):
    with pytest.raises(ResourceError, match="cannot be written"):
        build(scan, scan / "case", plan=PLAN)


def test_bad_input_is_one_line_and_exit_code_3(tmp_path):
    (tmp_path / "scan.nii.gz").write_bytes(b"this is not a scan")
    done = command("build", "scan.nii.gz", "-o", "case", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "case").exists()


def test_an_interruption_leaves_nothing_and_exits_130(scan, tmp_path):
    line = [sys.executable, "-m", "anatwin", "build", scan, "-o", "case"]
    with subprocess.Popen(
        line, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        for _ in range(600):
            if hidden(tmp_path):
                break
            time.sleep(0.05)
        assert hidden(tmp_path), "the build never began to write"
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert b"interrupted" in err
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_and_exits_5(scan, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    size = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(size, capture_output=True).returncode:
        pytest.skip("making a full disk needs the right to mount one")
    try:
        plan = tmp_path / "plan.toml"  # a quick one
        plan.write_text('[segment]\nmethod = "HeadNetwork"\nwindow = 96\nmirror = false\n')
        done = command("build", scan, "-o", disk / "case", "--plan", plan, cwd=tmp_path)
        assert done.returncode == 5
        assert done.stderr.count("\n") == 1
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_dry_run_does_nothing(scan, tmp_path):
    done = command("build", scan, "-o", "case", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0
    assert "would run" in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert Path(scan).exists()
