import subprocess
import sys

import pytest

from anatwin.cli import guarded, main
from anatwin.core import AnatwinError, InputError, QualityError, ResourceError, UsageError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (InputError("x"), 3),
        (QualityError("x"), 4),
        (ResourceError("x"), 5),
        (MemoryError("x"), 5),
        (OSError(28, "No space left on device", "f"), 5),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("x"), 1),
        (AnatwinError("x"), 1),
    ],
)
def test_every_failure_is_one_line_and_its_own_code(error, code, capsys):
    def work():
        raise error

    assert guarded(work) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("anatwin: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("word", ["--help", "build --help", "reconstruct --help", "plan --help"])
def test_help_teaches(word, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(word.split())
    assert stopped.value.code == 0
    assert "anatwin" in capsys.readouterr().out


def test_a_plan_can_be_printed(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["plan"])
    assert stopped.value.code == 0
    assert "[reconstruct]" in capsys.readouterr().out


def test_doctor_finds_this_installation_sound(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["doctor"])
    assert stopped.value.code == 0
    assert "All needed parts work." in capsys.readouterr().out


def test_completion_script_names_the_program(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["completion", "bash"])
    assert stopped.value.code in (0, None)
    assert "anatwin" in capsys.readouterr().out


def test_an_unknown_command_is_a_usage_error():
    with pytest.raises(SystemExit) as stopped:
        main(["bild"])
    assert stopped.value.code == 2


def test_import_is_light():
    code = "import sys, anatwin; print(len(sys.modules), 'numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split()[1] == "False"


def test_training_is_called_as_the_guide_says(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["train", "head", "--labels", str(tmp_path), "-o", str(tmp_path / "out")])
    assert stopped.value.code == 3
    assert "must hold label maps" in capsys.readouterr().err


def test_an_interruption_of_code_made_from_text_has_its_exit_code(tmp_path):
    words = "from anatwin.cli import guarded; import sys; sys.exit(guarded(lambda: exec({!r})))"
    (tmp_path / "stopped.py").write_text(words.format("raise KeyboardInterrupt"))
    line = [sys.executable, "-m", "stopped"]
    assert subprocess.run(line, cwd=tmp_path, capture_output=True).returncode == 130
