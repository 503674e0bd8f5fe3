from math import isnan, pi

import numpy as np
import pytest

from anatwin.core import Grid, Labels, head_table
from anatwin.measure import morphometry
from anatwin.measure.census import census
from anatwin.measure.morphometry import volume_uncertainty_mm3

TABLE = head_table()


def ball(grid, radius_mm, centre_mm=(0.0, 0.0, 0.0)):
    x, y, z = (
        np.arange(n) * step + start - c
        for n, step, start, c in zip(
            grid.shape, grid.spacing_mm, grid.matrix[:3, 3], centre_mm, strict=True
        )
    )
    return x[:, None, None] ** 2 + y[:, None] ** 2 + z**2 < radius_mm**2


def rows_of(rows, structure):
    return {row.name: row for row in rows if row.structure == structure}


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 1.1, 2.3)])
def test_uncertainty_is_the_scatter_over_positions(spacing):
    rng = np.random.default_rng(7)
    shape = tuple(int(27 / s) for s in spacing)
    grid = Grid.centred(shape, spacing)
    errors, chances = [], []
    for radius in rng.uniform(8, 10.3, 250):  # over whole periods of the count's oscillation
        sphere, area = 4 / 3 * pi * radius**3, 4 * pi * radius**2
        counted = ball(grid, radius, rng.uniform(-1.5, 1.5, 3)).sum() * grid.voxel_mm3
        errors.append(counted - sphere)
        bias = area**2 * np.mean(np.square(spacing)) / 12 / (3 * sphere) / 3**0.5
        chances.append(volume_uncertainty_mm3(sphere, area, spacing) ** 2 - bias**2)
    assert np.mean(chances) ** 0.5 == pytest.approx(np.std(errors), rel=0.12)


def test_uncertainty_falls_with_the_voxel():
    coarse, fine = (volume_uncertainty_mm3(1e4, 3e3, (s, s, s)) for s in (2.0, 1.0))
    assert 2 < coarse / fine <= 4.1


def test_ball_of_known_size_and_place():
    grid = Grid.centred((40, 44, 31), (1.0, 0.9, 1.5))
    mask = ball(grid, 14.0, (2.0, -3.0, 1.0))
    labels = Labels((mask * 13).astype(np.uint8), grid, TABLE)
    rows = rows_of(morphometry(labels, basis="test"), "brain_stem")
    volume = rows["volume"]
    truth_ml = 4 / 3 * pi * 14**3 / 1000
    assert volume.unit == "ml"
    assert abs(volume.value - truth_ml) < 3 * volume.uncertainty < 0.05 * truth_ml
    assert volume.basis == "test; labels on 1.00 x 0.90 x 1.50 mm voxels"
    for axis, place in zip("xyz", (2, -3, 1), strict=True):
        assert rows[f"centroid {axis}[RAS+]"].value == pytest.approx(place, abs=0.2)
    assert rows["extent[left-right]"].value == pytest.approx(28, abs=1.5)
    assert census(labels)["brain_stem"].area_mm2 == pytest.approx(4 * pi * 14**2, rel=0.05)


def test_permuted_and_flipped_storage_measures_the_same():
    grid = Grid.centred((20, 24, 18), (1.0, 1.5, 2.0))
    mask = ball(grid, 9.0, (1.0, 2.0, 3.0))
    mask[:, :4] = False
    matrix = grid.matrix[:, [2, 0, 1, 3]]
    matrix[:3, 3] += 17 * matrix[:3, 0]
    matrix[:3, 0] *= -1
    data = mask.transpose(2, 0, 1)[::-1] * np.uint8(13)
    turned = Labels(data, Grid.from_matrix(data.shape, matrix), TABLE)
    straight = Labels(mask * np.uint8(13), grid, TABLE)
    for a, b in zip(morphometry(straight)[1:], morphometry(turned)[1:], strict=True):
        assert a.name == b.name
        np.testing.assert_allclose(a.value, b.value)


def test_asymmetry_and_its_uncertainty():
    grid = Grid.isotropic((60, 30, 28), 1.0)
    left, right = ball(grid, 11.0, (-15.0, 0.0, 0.0)), ball(grid, 10.0, (14.0, 0.0, 0.0))
    labels = Labels((left * 3 + right * 4).astype(np.uint8), grid, TABLE)
    row = rows_of(morphometry(labels), "cortex")["asymmetry[(L-R)/mean]"]
    expected = 2 * (11**3 - 10**3) / (11**3 + 10**3)
    assert row.value == pytest.approx(expected, abs=2 * row.uncertainty)
    assert 0 < row.uncertainty < 0.05


def test_absent_and_cut_structures_say_so():
    grid = Grid.isotropic((20, 21, 22), 1.0)
    labels = Labels((ball(grid, 9, (-8.0, 0.0, 0.0)) * 3).astype(np.uint8), grid, TABLE)
    rows = morphometry(labels)
    assert "cut off by the field of view" in rows_of(rows, "cortex_left")["volume"].basis
    absent = rows_of(rows, "cortex_right")["volume"]
    assert isnan(absent.value)
    assert absent.basis.endswith("not found")
    assert isnan(rows_of(rows, "cortex")["asymmetry[(L-R)/mean]"].value)
