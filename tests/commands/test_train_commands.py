import h5py
import numpy as np
import pytest

from anatwin.cli import main
from anatwin.commands.train import (
    EnhanceTraining,
    HeadTraining,
    ReconstructTraining,
    SegmentTraining,
    Train,
)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["segment"], "must hold dataset.json"),
        (["head", "--labels"], "must hold label maps"),
        (["reconstruct", "--images"], "needs images or k-space"),
    ],
)
def test_an_empty_folder_is_bad_input(tmp_path, capsys, words, complaint):
    pytest.importorskip("torch", reason="torch trains the networks")
    with pytest.raises(SystemExit) as stopped:
        main(["train", *words, str(tmp_path), "-o", str(tmp_path / "out")])
    assert stopped.value.code == 3
    assert complaint in capsys.readouterr().err


def test_nothing_to_train_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["train"])
    assert stopped.value.code == 2
    assert "reconstruct" in capsys.readouterr().err


def test_the_commands_run_what_they_hold(tmp_path, monkeypatch):
    ran = []
    for kind in (SegmentTraining, HeadTraining, ReconstructTraining, EnhanceTraining):
        monkeypatch.setattr(kind, "run", lambda self: ran.append(type(self).__name__))
    Train(SegmentTraining(dataset=tmp_path, out=tmp_path)).run()
    Train(HeadTraining(labels=tmp_path, out=tmp_path)).run()
    Train(ReconstructTraining(images=(tmp_path,), out=tmp_path)).run()
    Train(EnhanceTraining(femora=tmp_path, out=tmp_path)).run()
    assert ran == ["SegmentTraining", "HeadTraining", "ReconstructTraining", "EnhanceTraining"]


def test_views_are_trained_on_from_the_command_line(tmp_path, capsys):
    pytest.importorskip("torch", reason="torch trains the networks")
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["image"] = rng.random((24, 26, 28), np.float32)
            file["label"] = np.pad(np.ones((8, 9, 10), np.uint8), ((8, 8), (8, 9), (9, 9)))
    lengths = ["--poses", "1", "--steps", "1", "--align-steps", "1", "--together-steps", "1"]
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as finished:
        main(["train", "views", str(tmp_path), "-o", str(out), "--edge-mm", "32", *lengths])
    assert finished.value.code == 0
    assert "network.onnx, network.safetensors and model-card.md" in capsys.readouterr().out
    for name in ("network.onnx", "network.safetensors", "model-card.md"):
        assert (out / name).is_file()
    for name in ("segment", "align"):
        assert (out / "together" / name / "checkpoint.safetensors").is_file()
    with pytest.raises(SystemExit) as stopped:
        main(["train", "views", str(tmp_path), "-o", str(out), "--poses", "0"])
    assert stopped.value.code == 2
