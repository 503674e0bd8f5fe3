import numpy as np
import pytest

from anatwin.core import Grid, InputError, UsageError, Volume
from anatwin.simulate import Compression, Squeezed
from anatwin.simulate.compression import bone_mask


def squeezed(bone, **options):
    image = Volume(bone.astype(np.float32), Grid.isotropic(bone.shape, 0.02))
    result = Compression(**options)(image)
    return result, {row.name: row.value for row in result.measures}


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_column_is_as_stiff_as_its_area(axis):
    bone = np.zeros((9, 10, 11), bool)
    bone[2:6, 3:7, 1:9] = True
    ends = [slice(2, 6), slice(3, 7), slice(1, 9)]
    ends[axis] = slice(None)
    bone[tuple(ends)] = True
    column = np.zeros_like(bone)
    column[tuple(ends)] = True
    _, found = squeezed(column, axis=axis, strain=0.02)
    share = column.mean()
    assert found["apparent modulus"] == pytest.approx(18000 * share, rel=1e-5)
    area = column.size / column.shape[axis] * 0.02**2
    assert found["force"] == pytest.approx(18000 * share * 0.02 * area, rel=1e-5)


def sponge():
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(4).normal(size=(18, 20, 22)), 1.6)
    return noise > np.quantile(noise, 0.55)


@pytest.mark.parametrize("platens", ["smooth", "clamped"])
def test_energy_is_the_work_of_the_platens(platens):
    result, found = squeezed(sponge(), platens=platens)
    assert isinstance(result, Squeezed)
    assert abs(found["energy over work of the platens - 1"]) < 1e-4
    assert found["residual[force out of balance]"] <= 1e-6
    assert found["strain energy"] == pytest.approx(result.energy.data.sum(), rel=1e-5)
    assert not result.energy.data[~sponge()].any()


def test_clamping_stiffens_and_both_stay_below_the_share_of_bone():
    smooth, clamped = (squeezed(sponge(), platens=p)[1] for p in ("smooth", "clamped"))
    assert 0 < smooth["apparent modulus"] < clamped["apparent modulus"]
    assert smooth["apparent modulus"] < 18000 * smooth["bone volume fraction"]


def test_crumbs_carry_nothing():
    bone = np.zeros((8, 9, 10), bool)
    bone[2:6, 2:6] = True
    crumbs = bone.copy()
    crumbs[7, 8, 0:3] = True
    assert squeezed(crumbs)[1]["force"] == pytest.approx(squeezed(bone)[1]["force"], rel=1e-6)


def test_bone_that_reaches_no_platen_is_refused():
    bone = np.zeros((8, 9, 10), bool)
    bone[2:6, 2:6, :8] = True
    with pytest.raises(InputError, match="axis 2"):
        squeezed(bone)


def test_images_without_bone_and_senseless_options_are_refused():
    grid = Grid.isotropic((4, 5, 6), 0.02)
    with pytest.raises(InputError, match="one value"):
        bone_mask(Volume(np.ones(grid.shape), grid))
    with pytest.raises(InputError, match="threshold"):
        bone_mask(Volume(np.random.default_rng(0).random(grid.shape), grid), 7.0)
    for options in ({"strain": 0.0}, {"modulus_gpa": -1.0}):
        with pytest.raises(UsageError):
            Compression(**options)
