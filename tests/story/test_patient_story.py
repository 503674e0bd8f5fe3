"""From a virtual patient's raw scan to the report, through the command line."""

import csv
import json
import subprocess
import sys

import pytest

from anatwin.acquire import Cartesian
from anatwin.core import Grid
from anatwin.io.case import read_case
from anatwin.io.ismrmrd import write_ismrmrd
from anatwin.io.nifti import write_labels, write_volume
from anatwin.phantoms import patient

PLAN = '[segment]\nmethod = "HeadNetwork"\nwindow = 96\noverlap = 16\nmirror = false\n'


def anatwin(*words, cwd):
    line = [sys.executable, "-m", "anatwin", *map(str, words)]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, timeout=300)


def measures(text, name):
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {row["structure"]: float(row["value"]) for row in rows if row["name"].startswith(name)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A coarse patient's files: k-space, truth, labels, a plan."""
    folder = tmp_path_factory.mktemp("story")
    kspace, truth, labels = patient(1, grid=Grid.isotropic((46, 56, 50), 4.5), acceleration=3)
    write_ismrmrd(kspace, folder / "kspace.h5")
    write_volume(truth, folder / "truth.nii.gz")
    write_labels(labels, folder / "labels.nii.gz")
    (folder / "plan.toml").write_text(PLAN)
    return folder


def test_from_kspace_to_report(folder):
    done = anatwin("build", "kspace.h5", "-o", "case", "--plan", "plan.toml", cwd=folder)
    verdict = json.loads((folder / "case/qc.json").read_text())["verdict"]
    assert done.returncode == (4 if verdict == "fail" else 0), done.stderr
    assert done.stdout.splitlines()[-1].startswith(verdict.upper())
    twin = read_case(folder / "case")
    assert twin.origin == "synthetic k-space"
    stages = [step.stage for step in twin.history]
    assert stages == ["read", "reconstruct", "segment", "mesh", "measure"]
    assert "synthetic k-space" in (folder / "case/report.html").read_text(encoding="utf-8")


def test_reconstruction_wins_back_what_the_missing_samples_took(folder):
    gain = {}
    for method in ("root-sum-of-squares", "wavelet"):
        image = f"{method}.nii.gz"
        done = anatwin("reconstruct", "kspace.h5", "-o", image, f"method:{method}", cwd=folder)
        assert done.returncode == 0, done.stderr
        table = anatwin("measure", image, "--reference", "truth.nii.gz", cwd=folder).stdout
        (gain[method],) = measures(table, "PSNR").values()
    assert gain["root-sum-of-squares"] == pytest.approx(25.0, abs=0.3)
    assert gain["wavelet"] == pytest.approx(29.9, abs=0.3)


def test_labels_measure_and_mesh_from_the_command_line(folder):
    table = anatwin("measure", "labels.nii.gz", "--truth", "labels.nii.gz", cwd=folder).stdout
    assert set(measures(table, "Dice").values()) == {1.0}
    done = anatwin("mesh", "labels.nii.gz", "-o", "head.glb", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "head.glb").read_bytes()[:4] == b"glTF"


def test_an_accelerated_image_is_called_synthetic_everywhere(folder):
    words = ("--accelerate", "cartesian:3", "--plan", "plan.toml")
    done = anatwin("build", "truth.nii.gz", "-o", "fast", *words, cwd=folder)
    assert done.returncode in (0, 4), done.stderr
    twin = read_case(folder / "fast")
    assert twin.origin == "synthetic k-space"
    assert twin.kspace.origin == "synthetic"
    assert twin.reference.grid.matches(twin.image.grid)
    assert twin.kspace.acceleration == pytest.approx(3, rel=0.1)
    quality = [row for row in twin.measures if row.name.startswith("PSNR")]
    assert {row.basis for row in quality} == {"synthetic k-space"}
    assert Cartesian.__name__ in [step.method for step in twin.history]
