import nibabel as nib
import numpy as np
import pytest

from anatwin.cli import main
from anatwin.core import Grid, Volume
from anatwin.io.nifti import write_volume


def run(capsys, *words):
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in words])
    assert stopped.value.code == 0
    return capsys.readouterr().out


@pytest.fixture
def block(tmp_path):
    bone = np.zeros((8, 9, 10), np.float32)
    bone[2:6, 3:7] = 200
    path = tmp_path / "block.nii.gz"
    write_volume(Volume(bone, Grid.isotropic(bone.shape, 0.02)), path)
    return path


def test_measure_stiffness_states_its_condition(capsys, block):
    out = run(capsys, "measure", "stiffness", block, "--conditions", "PBC")
    assert "E_z[PBC]" in out
    assert "KUBC" not in out


def test_measure_bone_writes_a_table(capsys, block, tmp_path):
    run(capsys, "measure", "bone", block, "-o", tmp_path / "bone.tsv")
    assert "bone volume fraction" in (tmp_path / "bone.tsv").read_text()


def test_simulate_compression_writes_the_energy(capsys, block, tmp_path):
    out = run(capsys, "simulate", "compression", block, "-o", tmp_path / "energy.nii.gz")
    assert "apparent modulus" in out
    energy = nib.load(tmp_path / "energy.nii.gz").get_fdata()
    assert energy[3, 4, 5] > 0 == energy[0, 0, 0]


def test_enhance_refines(capsys, tmp_path):
    coarse = np.random.default_rng(0).random((5, 6, 1)).astype(np.float32)
    write_volume(Volume(coarse, Grid.isotropic(coarse.shape, 0.5)), tmp_path / "coarse.nii.gz")
    out = run(
        capsys,
        *("enhance", tmp_path / "coarse.nii.gz", "-o", tmp_path / "fine.nii.gz"),
        *("method:bicubic", "--method.factor", 4),
    )
    assert "20 x 24 x 1" in out


def test_a_femur_is_written_and_enhanced_by_its_loads(capsys, tmp_path):
    femur, fine = tmp_path / "femur.npz", tmp_path / "fine.nii.gz"
    out = run(capsys, "simulate", "femur", "-o", femur, "--spacing-mm", 0.5)
    assert "femur_truth.nii.gz" in out
    way = ("--restoration.start", "even", "--restoration.iterations", 8)
    out = run(capsys, "enhance", femur, "-o", fine, *way)
    assert "180 x 200 x 1" in out
    found, truth = (nib.load(p) for p in (fine, tmp_path / "femur_truth.nii.gz"))
    assert np.mean(found.get_fdata() != truth.get_fdata()) < 0.15
    assert np.array_equal(found.affine, truth.affine)
