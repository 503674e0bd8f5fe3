import numpy as np
import pytest

from anatwin.core import Grid, InputError
from anatwin.measure import bone_morphometry


def measured(bone, spacing_mm=0.02):
    rows = bone_morphometry(bone, Grid.isotropic(bone.shape, spacing_mm), basis="drawn")
    return {row.name.split("[")[0] + ("~" if "spread" in row.name else ""): row for row in rows}


def test_plates():
    bone = np.zeros((60, 24, 30), bool)
    # None of them at the border, where a plate's far side would not be seen.
    bone[(np.arange(60) + 13) % 20 < 6] = True
    rows = measured(bone)
    assert rows["bone volume fraction"].value == pytest.approx(0.3)
    assert rows["trabecular thickness"].value == pytest.approx(6 * 0.02, abs=0.021)
    assert rows["trabecular spacing"].value == pytest.approx(14 * 0.02, abs=0.021)
    assert rows["degree of anisotropy"].value > 5


def test_rods_lie_along_their_axis():
    i, j = np.meshgrid(np.arange(48) % 16 - 7.5, np.arange(64) % 16 - 7.5, indexing="ij")
    bone = np.broadcast_to((np.hypot(i, j) < 5)[..., None], (48, 64, 30)).copy()
    rows = measured(bone)
    assert rows["trabecular thickness"].value == pytest.approx(10 * 0.02, abs=0.022)
    assert abs(rows["main direction"].value) > 0.99, "the last axis is the main one"
    assert rows["connectivity density"].value == 0


def test_a_plane_is_measured_in_two_dimensions():
    bone = np.zeros((72, 1, 90), bool)
    bone[(np.arange(72) + 11) % 18 < 5] = True
    bone[:, :, (np.arange(90) + 11) % 18 < 5] = True
    rows = measured(bone, 0.05)
    assert rows["connectivity density"].unit == "1/mm^2"
    assert rows["connectivity density"].value == pytest.approx(3 * 4 / (72 * 90 * 0.05**2))
    # Balls at the crossings are wider than the struts.
    assert 5 * 0.05 <= rows["trabecular thickness"].value < 7.5 * 0.05
    assert rows["degree of anisotropy"].value == pytest.approx(1, abs=0.12)


@pytest.mark.parametrize("value", [False, True])
def test_an_image_of_one_thing_is_refused(value):
    with pytest.raises(InputError, match="threshold"):
        bone_morphometry(np.full((5, 6, 7), value), Grid.isotropic((5, 6, 7), 0.02))


def test_flat_voxels_are_refused():
    grid = Grid.centred((5, 6, 7), (0.02, 0.02, 0.04))
    with pytest.raises(InputError, match="cubic"):
        bone_morphometry(np.eye(5, 6, dtype=bool)[..., None].repeat(7, 2), grid)
