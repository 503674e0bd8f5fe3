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
