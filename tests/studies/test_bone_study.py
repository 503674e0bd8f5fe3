import os
from pathlib import Path

import numpy as np
import pytest

from anatwin.core import Grid, UsageError
from anatwin.ops.blocks import block_mean
from anatwin.phantoms import REGIONS, femora
from anatwin.studies import Bone
from anatwin.studies.bone_growth import apparent_density, cut, grown_femur, restored

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
STL = DATA / "femur/LHDL_CT_femur_r.stl"


@pytest.fixture(scope="module")
def femur():
    return femora(0)[7]


@pytest.fixture(scope="module")
def grid(femur):
    full = femur.outline.grid(0.5)
    return Grid.from_matrix((180, 200, 1), full.matrix, full.frame)


@pytest.fixture(scope="module")
def truth(femur, grid):
    return grown_femur(femur, grid, iterations=4)


def test_the_apparent_density_keeps_the_bone_fraction(femur):
    density, grid = apparent_density(femur, iterations=2)
    inside = femur.outline.inside(grid) & ~femur.cortex(grid)
    assert density[inside].mean() == pytest.approx(femur.bone_fraction, abs=0.03)
    assert 0.1 < density.min() < density.max() < 0.65


def test_a_grown_femur_has_its_cortex_and_its_share_of_trabeculae(femur, grid, truth):
    cortex, inside = femur.cortex(grid), femur.outline.inside(grid)
    assert truth[cortex].mean() > 0.99
    assert not truth[~inside].any()
    assert truth[inside & ~cortex].mean() == pytest.approx(femur.bone_fraction, abs=0.04)


def test_restored_bone_keeps_what_was_measured(femur, grid, truth):
    shares = block_mean(truth, 10)
    found = restored(femur, shares, grid, iterations=4)
    assert np.abs(block_mean(found, 10) - shares).max() <= 0.011
    inside = femur.outline.inside(grid)
    wrong = np.mean(found[inside] != truth[inside])
    assert wrong < 0.6 * np.mean(np.random.default_rng(0).permutation(truth[inside])
                                 != truth[inside])  # fmt: skip


def test_cutting_keeps_the_share():
    density = np.random.default_rng(0).random((30, 41))
    assert cut(density, 0.2, np.ones(density.shape, bool)).mean() == pytest.approx(0.2, abs=0.001)


@pytest.mark.skipif(not STL.exists(), reason=f"needs {STL}")
def test_the_study_compares_every_region_with_the_paper():
    study = Bone(femora=(8,), spacing_mm=0.5, iterations=1, conditions=("KUBC",))
    findings = study((STL,))
    summary, every = findings.tables
    assert summary.columns[2:4] == ("paper L1", "paper L2")
    assert {row[0] for row in summary.rows[:-1]} == set(REGIONS)
    assert len(every.rows) == 4 * 3 * 3
    assert findings.figures[0].png[:4] == b"\x89PNG"


def test_senseless_studies_are_refused():
    with pytest.raises(UsageError, match="0 to 10"):
        Bone(femora=(11,))
    with pytest.raises(UsageError, match="spacing_mm"):
        Bone(spacing_mm=2.0)
