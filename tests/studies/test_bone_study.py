import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anatwin.core import InputError, UsageError
from anatwin.enhance import Bicubic
from anatwin.phantoms import REGIONS
from anatwin.simulate import Restoration
from anatwin.studies import Bone
from anatwin.train.enhance_export import write_enhance
from anatwin.train.enhance_loop import enhance_state
from anatwin.train.enhance_network import EnhanceShape

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
STL = DATA / "femur/LHDL_CT_femur_r.stl"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    for loss in ("l1", "l2"):
        (folder / loss).mkdir()
        state = enhance_state(EnhanceShape(features=4, blocks=1, fine=2))
        write_enhance(state, folder / loss, patch=8)
    return folder


@pytest.mark.skipif(not STL.exists(), reason=f"needs {STL}")
def test_the_study_compares_every_region_with_the_paper(published, tmp_path):
    study = Bone(
        femora=(8,),
        spacing_mm=0.5,
        growth=1,
        iterations=1,
        repairs=1,
        conditions=("KUBC",),
        published=published,
        grown=tmp_path / "grown",
        keep=tmp_path / "keep",
    )
    findings = study((STL,))
    summary, costs, every, pictures = findings.tables
    assert summary.columns[2:4] == ("paper L1", "paper L2")
    assert {row[0] for row in summary.rows[:-1]} == set(REGIONS)
    methods = [row[0] for row in costs.rows]
    assert list(summary.columns[4:]) == methods
    assert methods == [
        *("nearest > 0.5", "bicubic"),
        *("ResNet-L1", "ResNet-L1, quilted", "ResNet-L2", "ResNet-L2, quilted"),
        *("network", "network, repaired", "network, repaired, mean loads"),
        *("optimised", "optimised, mean loads"),
    ]
    assert costs.columns[1:5] == ("KUBC [%]", "median, KUBC", "worst, KUBC", "wrong pixels [%]")
    assert len(every.rows) == len(methods) * 3 * 3
    assert [row[:2] for row in pictures.rows] == [(8, method) for method in methods]
    assert len(findings.figures) == 3
    assert all(figure.png[:4] == b"\x89PNG" for figure in findings.figures)
    assert (tmp_path / "grown" / "femur_08.npz").exists()
    kept = sorted(path.name for path in (tmp_path / "keep/femur_08").iterdir())
    assert len(kept) == 3 * len(methods) + 1  # picture, times and moduli; moduli of the truth
    with pytest.raises(UsageError, match="another noise"):
        replace(study, noise=0.03)((STL,))


def test_the_packaged_network_halves_what_interpolation_gets_wrong():
    """On a femur that it never saw, at a tenth of the resolution that it learned from."""
    sample = Bone(femora=(7,), spacing_mm=0.5, growth=12).sample(7)
    inside = sample.inside
    guess = Restoration(iterations=0)(sample.body())
    wrong = [
        np.mean((image.data[..., 0] > 0.5)[inside] != sample.truth[inside])
        for image in (Bicubic()(sample.coarse), guess)
    ]
    assert wrong[1] < 0.65 * wrong[0]


def test_a_missing_network_is_named_before_the_work(tmp_path):
    with pytest.raises(InputError, match=r"enhance\.onnx: no such file"):
        Bone(published=tmp_path)(())


def test_senseless_studies_are_refused():
    with pytest.raises(UsageError, match="0 to 10"):
        Bone(femora=(11,))
    with pytest.raises(UsageError, match="spacing_mm"):
        Bone(spacing_mm=2.0)
