import json

import nibabel as nib
import numpy as np
import pytest

from anatwin.cli import main


def test_a_build_that_fails_says_what_failed(tmp_path, capsys):
    i, j, k = (np.linspace(-1.3, 1.3, n) for n in (20, 22, 24))
    ball = np.exp(-6 * (i[:, None, None] ** 2 + j[:, None] ** 2 + k**2) ** 4).astype(np.float32)
    nib.save(nib.Nifti1Image(ball, np.diag([4, 4, 4, 1])), tmp_path / "ball.nii.gz")
    with pytest.raises(SystemExit) as ended:
        main(["build", str(tmp_path / "ball.nii.gz"), "-o", str(tmp_path / "case")])
    assert ended.value.code == 4
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"FAIL  {tmp_path / 'case' / 'report.html'}"
    checks = json.loads((tmp_path / "case" / "qc.json").read_text())["checks"]
    failed = [check["name"] for check in checks if check["verdict"] == "fail"]
    named = [line.split("failed: ")[1].split(",")[0] for line in lines if "failed: " in line]
    assert named == failed != []
