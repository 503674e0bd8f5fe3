"""The study trains what it compares, and compares on somebody else."""

import numpy as np
import pytest

from anatwin.core import Grid, UsageError
from anatwin.io.nifti import write_volume
from anatwin.phantoms import head, signal
from anatwin.studies import Cascades


def test_every_number_of_cascades_is_trained_and_scored(tmp_path):
    grid = Grid.centred((48, 56, 12), (4.5, 4.5, 12.0))
    for seed in (1, 2):
        volume = signal(head(grid, seed=seed), "t1", seed=seed)
        write_volume(volume, tmp_path / f"{seed}.nii.gz")
    study = Cascades(test=tmp_path / "2.nii.gz", cascades=(0, 1), steps=30, features=8, slices=4)
    findings = study((tmp_path / "1.nii.gz",))
    (table,) = findings.tables
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [(r["cascades"], r["acceleration [x]"]) for r in rows] == [
        (0, 4),
        (1, 4),
        (0, 8),
        (1, 8),
    ]
    assert all(np.isfinite(r["PSNR [dB]"]) and r["n"] == 4 for r in rows)
    assert rows[0]["paper's PSNR"] == pytest.approx(23.88, abs=0.01)
    assert findings.figures[0].png.startswith(b"\x89PNG")


def test_numbers_of_cascades_are_checked(tmp_path):
    with pytest.raises(UsageError, match="cascades"):
        Cascades(test=tmp_path, cascades=())
