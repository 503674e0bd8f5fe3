import numpy as np
import pytest

from anatwin.core import Grid, InputError, UsageError
from anatwin.measure import bone_stiffness
from anatwin.measure.stiffness import CONDITIONS


def lattice(n=24, pitch=8, width=3):
    bone = np.zeros((n, n + pitch, 1), bool)
    bone[np.arange(n) % pitch < width] = True
    bone[:, np.arange(n + pitch) % pitch < width] = True
    return bone


def moduli(bone, condition):
    rows = bone_stiffness(bone, Grid.isotropic(bone.shape, 0.05), condition)
    return {row.name.split("[")[0]: row.value for row in rows}


def test_the_name_states_the_condition():
    for condition in CONDITIONS:
        rows = bone_stiffness(np.ones((4, 1, 6), bool), Grid.isotropic((4, 1, 6), 0.1), condition)
        assert [row.name.split("[")[0] for row in rows] == ["E_x", "E_y", "G_xy"]
        assert all(f"[{condition}, plane stress]" in row.name for row in rows)
        assert rows[0].value == pytest.approx(18000, rel=1e-4)
        assert rows[2].value == pytest.approx(18000 / 2.6, rel=1e-4)


def test_a_block_has_six_moduli():
    rows = bone_stiffness(np.ones((3, 4, 5), bool), Grid.isotropic((3, 4, 5), 0.1), "PBC")
    names = [row.name for row in rows]
    assert names == [f"{m}[PBC]" for m in ("E_x", "E_y", "E_z", "G_xy", "G_yz", "G_zx")]


def test_the_condition_changes_the_shear_of_a_lattice():
    bone = lattice()
    fixed, repeated, free = (moduli(bone, c) for c in ("KUBC", "PBC", "SUBC"))
    assert fixed["E_x"] >= repeated["E_x"] > 0.9 * 18000 * 3 / 8
    assert fixed["G_xy"] > 1.1 * repeated["G_xy"] > 0
    assert all(value == 0 for value in free.values()), "a void at a face takes no traction"


def test_columns_carry_along_themselves_alone():
    bone = np.zeros((20, 24, 1), bool)
    bone[(np.arange(20) + 2) % 10 < 4] = True
    for condition in ("PBC", "MUBC"):
        found = moduli(bone, condition)
        assert found["E_y"] == pytest.approx(0.4 * 18000, rel=1e-3)
        assert found["E_x"] < 1e-3 * found["E_y"]


def test_pieces_that_hang_on_nothing_change_nothing():
    bone = lattice()
    more = bone.copy()
    more[4:6, 5:7] = True
    for condition in ("KUBC", "MUBC"):
        expected = moduli(bone, condition)
        assert moduli(more, condition) == pytest.approx(expected, rel=1e-5)


def test_what_cannot_be_measured_is_refused():
    grid = Grid.isotropic((4, 5, 1), 0.1)
    with pytest.raises(InputError):
        bone_stiffness(np.zeros((4, 5, 1), bool), grid)
    with pytest.raises(UsageError, match="KUBC"):
        bone_stiffness(np.ones((4, 5, 1), bool), grid, "ABC")
