"""``anatwin simulate`` from words to files."""

import numpy as np
import pytest

from anatwin.cli import main
from anatwin.commands.simulate import BeamSimulation, SimulateCommand, TopologySimulation
from anatwin.core import Grid, Volume
from anatwin.io.nifti import read_volume, write_volume


def run(*words):
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in words])
    return stopped.value.code


def test_a_beam_is_written_optimised_and_drawn(tmp_path, capsys):
    body, density = tmp_path / "beam.npz", tmp_path / "grown.nii.gz"
    assert run("simulate", "beam", "-o", body, "--size", 24, 8, 1) == 0
    words = ["--volume-fraction", 0.4, "--iterations", 4, "--radius", 1.5]
    assert run("simulate", "topology", body, "-o", density, *words) == 0
    found = read_volume(density)
    assert found.grid.shape == (24, 8, 1)
    assert found.data.mean() == pytest.approx(0.4, abs=1e-4)
    lines = (tmp_path / "grown.tsv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5
    assert float(lines[4].split("\t")[1]) < float(lines[1].split("\t")[1])
    assert (tmp_path / "grown.png").read_bytes().startswith(b"\x89PNG")
    assert "compliance" in capsys.readouterr().out


def test_an_image_is_pressed_and_keeps_the_mass_of_its_blocks(tmp_path):
    grid = Grid.centred((8, 4, 6), (0.5, 0.6, 0.7))
    values = np.full(grid.shape, 0.5, np.float32)
    values[4:] = 0.3
    write_volume(Volume(values, grid), tmp_path / "bone.nii.gz")
    simulation = TopologySimulation(
        source=tmp_path / "bone.nii.gz",
        output=tmp_path / "grown.nii.gz",
        keep="blocks",
        block=4,
        radius=1.5,
        iterations=3,
        axis="k",
        pushes=("compression", "shear"),
    )
    assert len(simulation.body().forces_mn) == 2
    SimulateCommand(simulation).run()
    grown = read_volume(tmp_path / "grown.nii.gz")
    assert grown.grid.matches(grid)
    assert grown.data[:4, :, :4].mean() == pytest.approx(0.5, abs=1e-4)
    assert grown.data[4:, :, 4:].mean() == pytest.approx(0.3, abs=1e-4)


def test_what_is_no_body_is_bad_input(tmp_path, capsys):
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    assert run("simulate", "topology", tmp_path / "bad.npz", "-o", tmp_path / "o.nii.gz") == 3
    assert "cannot be read as .npz" in capsys.readouterr().err
    assert isinstance(BeamSimulation(output=tmp_path / "b.npz").size, tuple)
