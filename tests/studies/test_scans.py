"""Scans beside a reference: motion is undone, worse scans score worse, times are kept."""

import numpy as np
import pytest

from anatwin.align import Rigid, resampled
from anatwin.core import Grid, Transform, UsageError
from anatwin.io.nifti import write_volume
from anatwin.phantoms import head, signal
from anatwin.studies import Scans

GRID = Grid.centred((46, 52, 40), (5.0, 5.0, 6.0))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A reference, the same scan moved, and one moved alike with much noise."""
    folder = tmp_path_factory.mktemp("scans")
    reference = signal(head(GRID, seed=4), "t1", seed=4)
    angle = np.deg2rad(4.0)
    motion = np.eye(4)
    motion[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    motion[:3, 3] = (5.0, -3.0, 2.0)
    moved = resampled(reference, GRID, Transform.from_matrix(motion))
    noise = np.random.default_rng(0).normal(0, 0.15 * moved.data.max(), moved.data.shape)
    noisy = type(moved)(np.abs(moved.data + noise.astype(np.float32)) * 3.0, GRID)
    paths = tuple(folder / f"{name}.nii.gz" for name in ("reference", "moved", "noisy"))
    for volume, path in zip((reference, moved, noisy), paths, strict=True):
        write_volume(volume, path)
    return paths


def test_motion_is_undone_and_noise_is_seen(files):
    findings = Scans(minutes=(15.0, 11.0, 7.0), rigid=Rigid(iterations=60))(files)
    (table,) = findings.tables
    assert findings.figures[0].png.startswith(b"\x89PNG")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [row["time [min]"] for row in rows] == [15.0, 11.0, 7.0]
    assert rows[1]["registered"] == "yes"
    assert rows[1]["turned [deg]"] == pytest.approx(4.0, abs=1.0)
    assert rows[1]["PSNR [dB]"] > rows[2]["PSNR [dB]"] + 3
    assert rows[1]["SSIM"] > rows[2]["SSIM"]


def test_two_scans_and_a_time_for_each(files):
    with pytest.raises(UsageError, match="reference and one scan"):
        Scans()(files[:1])
    with pytest.raises(UsageError, match="one per input"):
        Scans(minutes=(1.0,))(files)
