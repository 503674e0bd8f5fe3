"""One slice of k-space, along trajectories or not, becomes a case with an image and a report."""

import json
from dataclasses import replace

import pytest

from anatwin.acquire import Radial
from anatwin.builder import build, outlook
from anatwin.core import Grid, NonCartesian, UsageError
from anatwin.io.case import read_case
from anatwin.io.ismrmrd import write_ismrmrd
from anatwin.io.nifti import write_volume
from anatwin.phantoms import head, signal
from anatwin.plan import Plan, read_plan
from anatwin.reconstruct import Cascade, Gridding

PLAN = Plan(reconstruct=Gridding())


@pytest.fixture(scope="module")
def volume():
    return signal(head(Grid.centred((60, 66, 1), (3.5, 3.5, 5.0)), seed=2), "t1", seed=2)


@pytest.fixture(scope="module")
def scan(volume, tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "radial.h5"
    write_ismrmrd(Radial(acceleration=2)(volume), path)
    return path


def test_the_default_plan_reconstructs_and_reports_it(scan, tmp_path):
    twin = build(scan, tmp_path / "case")
    step = next(step for step in twin.history if step.stage == "reconstruct")
    assert step.method == "Wavelet"
    assert "along a trajectory" in step.note
    assert twin.labels is None
    assert any(check.value == "one slice" for check in twin.checks)
    page = (tmp_path / "case" / "report.html").read_text(encoding="utf-8")
    assert "along a trajectory" in page
    assert "Gridded" in page


def test_what_did_not_change_is_used_again(scan, tmp_path):
    build(scan, tmp_path / "case", plan=PLAN)
    assert all(reused for _, reused in outlook(scan, tmp_path / "case", plan=PLAN))
    twin = read_case(tmp_path / "case")
    assert isinstance(twin.kspace, NonCartesian)
    changed = replace(PLAN, mesh=replace(PLAN.mesh, spacing_mm=4.0))
    steps = []
    build(scan, tmp_path / "case", plan=changed, announce=steps.append)
    assert [step.stage for step in steps if not step.is_cached] == ["mesh", "measure"]


def test_a_method_for_lines_is_refused_and_nothing_is_left(scan, tmp_path):
    with pytest.raises(UsageError, match="along trajectories"):
        build(scan, tmp_path / "case", plan=Plan(reconstruct=Cascade()))
    assert list(tmp_path.iterdir()) == []


def test_an_image_can_be_scanned_along_trajectories(volume, tmp_path):
    write_volume(volume, tmp_path / "image.nii.gz")
    (tmp_path / "plan.toml").write_text(
        '[acquire]\nmethod = "Radial"\nacceleration = 2\n[reconstruct]\nmethod = "Gridding"\n'
    )
    twin = build(
        tmp_path / "image.nii.gz", tmp_path / "case", plan=read_plan(tmp_path / "plan.toml")
    )
    saved = json.loads((tmp_path / "case" / "twin.json").read_text())
    assert [step["method"] for step in saved["steps"][1:3]] == ["Radial", "Gridding"]
    assert any(measure.name.startswith("PSNR") and measure.value > 20 for measure in twin.measures)
