"""What witnesses say is read wherever an atlas asks."""

import numpy as np
import pytest

from anatwin.segment.atlas import Places, Witness

FAR = Places((9, 8, 7), 2.5, (-3.0, 0.5, 1.0))


def ramp(places, slopes=(1.0, -2.0, 0.5)):
    parts = [s * places.along(axis) for axis, s in enumerate(slopes)]
    return sum(np.meshgrid(*parts, indexing="ij"))


@pytest.mark.parametrize("first_mm", [(0.0, 1.0, 1.5), (3.2, 4.1, 2.9)])
def test_linear_values_are_read_exactly_inside(first_mm):
    at = Places((5, 4, 6), 1.0, first_mm)
    assert FAR.read(ramp(FAR), at) == pytest.approx(ramp(at), abs=1e-4)


def test_what_is_zero_near_by_is_zero_and_what_is_not_is_read_the_same():
    at = Places((3, 3, 3), 1.0, (0.0, 2.0, 3.0))
    values = ramp(FAR)
    only_near, read = np.zeros_like(values), FAR.reader(at)
    only_near[1:4, :4, :4] = values[1:4, :4, :4]
    assert read(only_near) == pytest.approx(read(values))
    far_away = np.zeros_like(values)
    far_away[6:, 6:, 6:] = 9.0
    assert not read(far_away).any()
    assert read(far_away).shape == at.shape


def test_parts_of_the_same_places_are_taken_as_they_are():
    values = np.random.default_rng(0).random(FAR.shape)
    part = FAR.rows(slice(2, 5))
    assert np.array_equal(FAR.read(values, part), values[2:5])


def test_a_witness_read_from_between_its_voxels_stays_within_a_level():
    levels = np.random.default_rng(1).integers(0, 256, (3, *FAR.shape)).astype(np.uint8)
    witness = Witness(levels, np.arange(3), 1.0, FAR.step_mm, FAR.first_mm)
    at = Places((4, 5, 6), 1.3, (0.0, 3.0, 2.0))
    found = witness.at(at)
    assert found.dtype == np.uint8
    for name in range(3):
        exact = FAR.read(levels[name].astype(np.float64), at)
        assert np.abs(found[name] - exact).max() <= 0.501
