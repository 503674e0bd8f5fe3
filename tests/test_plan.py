from dataclasses import replace

import pytest

from anatwin.core import UsageError
from anatwin.plan import (
    Plan,
    field_help,
    parameters,
    plan_text,
    read_plan,
    stage_methods,
    write_plan,
)
from anatwin.reconstruct import Sense, Wavelet
from anatwin.segment import TrainedNetwork


def write(tmp_path, text):
    path = tmp_path / "plan.toml"
    path.write_text(text)
    return path


def test_the_printed_plan_reads_back_as_itself(tmp_path):
    plan = replace(Plan(), reconstruct=Sense(iterations=7))
    write_plan(plan, tmp_path / "plan.toml")
    assert read_plan(tmp_path / "plan.toml") == plan


def test_every_stage_and_every_option_is_explained():
    text = plan_text(Plan(reconstruct=Wavelet()))
    for stage, methods in stage_methods().items():
        assert f"{methods[0].__name__}" in text, stage
    for name in field_help(Wavelet):
        assert field_help(Wavelet)[name].split()[0] in text


def test_parameters_name_nested_ones_with_dots():
    names = [name for name, _ in parameters(Sense())]
    assert "iterations" in names
    assert any("." in name for name in names)


def test_integers_stand_for_floats(tmp_path):
    path = write(tmp_path, '[acquire]\nmethod = "Cartesian"\nacceleration = 3\n')
    assert read_plan(path).acquire.acceleration == 3.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[reconstruct]\nmethod = 'Sens'\n", r"no method 'Sens'. Methods: .*Sense"),
        ("[reconstruct]\nmethod = 'Sense'\niters = 5\n", r"no parameter \['iters'\]"),
        ("[reconstruct]\nmethod = 'Sense'\niterations = 'many'\n", "iterations must be int"),
        ("[reconstruct]\nmethod = 'Sense'\niterations = true\n", "iterations must be int"),
        ("[reconstrukt]\n", r"no stage \['reconstrukt'\]. Stages: "),
        ("[reconstruct\n", "readable TOML"),
        ("reconstruct = 5\n", "table such as"),
    ],
)
def test_a_wrong_plan_names_what_is_known(tmp_path, text, message):
    with pytest.raises(UsageError, match=message):
        read_plan(write(tmp_path, text))


def test_a_missing_plan_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"none\.toml"):
        read_plan(tmp_path / "none.toml")


def test_networks_of_ones_own_are_named_in_a_plan(tmp_path):
    text = '[segment]\nmethod = "TrainedNetwork"\n'
    with pytest.raises(UsageError, match="TrainedNetwork needs the parameter model"):
        read_plan(write(tmp_path, text))
    plan = read_plan(write(tmp_path, f'{text}model = "{tmp_path}"\nothers = ["t2.nii.gz"]\n'))
    assert isinstance(plan.segment, TrainedNetwork)
    assert plan.segment.model == tmp_path
