import numpy as np
import pytest

from anatwin.core import UsageError
from anatwin.studies.bone_parts import Parts, check_settings
from anatwin.studies.bone_pictures import Picture


def never():
    raise AssertionError("was found before")


def test_what_is_there_is_not_found_again(tmp_path):
    bone = np.random.default_rng(0).random((11, 7)) > 0.5
    parts = Parts(tmp_path / "femur_03")
    parts.picture("nearest > 0.5", lambda: Picture(bone, cpu_s=1.5, wall_s=2.5))
    again = parts.picture("nearest > 0.5", never)
    assert np.array_equal(again.bone, bone)
    assert (again.cpu_s, again.wall_s) == (1.5, 2.5)
    moduli = {"head": {"E_x": 0.1}}
    parts.moduli("network, repaired", "KUBC", lambda: moduli)
    assert parts.moduli("network, repaired", "KUBC", never) == moduli
    assert parts.moduli("network, repaired", "MUBC", dict) == {}
    assert parts.moduli("network", "KUBC", dict) == {}


def test_what_was_interrupted_is_found_again(tmp_path):
    parts = Parts(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        parts.moduli("network", "KUBC", interrupt)
    assert not list(tmp_path.iterdir())
    assert parts.moduli("network", "KUBC", dict) == {}


def interrupt():
    raise KeyboardInterrupt


def test_parts_of_other_settings_are_refused(tmp_path):
    check_settings(tmp_path, {"noise": 0.02, "seed": 0})
    check_settings(tmp_path, {"noise": 0.02, "seed": 0})
    with pytest.raises(UsageError, match="another seed;"):
        check_settings(tmp_path, {"noise": 0.02, "seed": 1})
