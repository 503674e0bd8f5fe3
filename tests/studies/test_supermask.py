"""The study of views that do not line up trains, compares, and goes on where it stopped."""

import h5py
import numpy as np
import pytest

from anatwin.align import GlobalRigid
from anatwin.core import UsageError
from anatwin.studies import Supermask
from anatwin.studies.supermask_tables import PAPER
from anatwin.studies.supermask_trial import ONE_VIEW, OURS, WHOLE


def write_person(path, *, seed, shape=(44, 40, 36)):
    rng = np.random.default_rng(seed)
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    label = (x / 0.6) ** 2 + ((y - 0.3 * x**2) / 0.5) ** 2 + (z / 0.7) ** 2 < 1
    waves = sum(np.sin(rng.uniform(2, 6) * a + rng.uniform(0, 6)) for a in (x, y, z, x + y))
    with h5py.File(path, "w") as file:
        file["image"] = (waves + 4 * label).astype(np.float32)
        file["label"] = label.astype(np.uint8)


def test_every_method_is_tried_on_people_kept_out(tmp_path):
    people = tmp_path / "people"
    people.mkdir()
    for seed in (1, 2):
        write_person(people / f"p{seed}.h5", seed=seed)
    study = Supermask(
        distances_mm=(8.0,), poses=1, views=1, steps=2, align_steps=1, together_steps=1,
        spacing_mm=1.0, edge_mm=64.0,
        align=GlobalRigid(rotation_step_deg=45.0, candidates=4), keep=tmp_path / "work",
    )  # fmt: skip
    findings = study((people,))
    masks, views, poses = findings.tables
    rows = {row[1]: dict(zip(masks.columns, row, strict=True)) for row in masks.rows}
    assert {ONE_VIEW, OURS, WHOLE, *PAPER["8 mm"]} <= set(rows)
    assert all(row["n"] == 2 for row in rows.values())
    assert rows[OURS]["paper's DSC"] == 0.896
    assert {row[1] for row in views.rows} > {row[1] for row in poses.rows}
    outcomes = sorted((tmp_path / "work" / "outcomes").iterdir())
    assert len(outcomes) == 4
    before = [path.stat().st_mtime_ns for path in outcomes]
    assert study((people,)).tables[0].csv() == masks.csv()
    assert [path.stat().st_mtime_ns for path in outcomes] == before


def test_options_are_checked():
    with pytest.raises(UsageError, match="2 mm apart"):
        Supermask(distances_mm=(1.0,))
    with pytest.raises(UsageError, match="steps"):
        Supermask(steps=0)
    with pytest.raises(UsageError, match="folds"):
        Supermask(folds=1)
