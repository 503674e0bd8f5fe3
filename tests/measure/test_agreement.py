from math import isnan

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from anatwin.core import GeometryError, Grid, InputError, Label, Labels, LabelTable
from anatwin.measure import compare_labels, distances, overlaps

TABLE = LabelTable(tuple(Label(n, f"part_{n}", (9, 9, 9)) for n in (1, 2, 5, 7)))
SPACING = (0.7, 1.3, 2.9)


def labels(data, spacing=SPACING):
    return Labels(np.asarray(data, np.uint8), Grid.centred(np.shape(data), spacing), TABLE)


def by_name(rows, structure):
    return {row.name: row for row in rows if row.structure == structure}


def brute_force(a, b, spacing, tolerance):
    """Every pair of boundary voxels, from the definition."""

    def points(mask):
        padded = np.pad(mask, 1)
        return np.array(
            [
                np.multiply(index, spacing)
                for index in np.argwhere(mask)
                if any(
                    not padded[tuple(index + 1 + step * np.eye(3, dtype=int)[axis])]
                    for axis in range(3)
                    for step in (-1, 1)
                )
            ]
        )

    one, other = points(a), points(b)
    apart = np.linalg.norm(one[:, None] - other[None], axis=-1)
    there, back = apart.min(axis=1), apart.min(axis=0)
    every = np.concatenate([there, back])
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    return hd95, every.mean(), np.mean(every <= tolerance)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 9999), share=st.sampled_from([0.02, 0.3, 0.8]))
def test_distances_equal_brute_force(seed, share):
    a, b = np.random.default_rng(seed).random((2, 7, 6, 5)) < share
    assume(a.any() and b.any())
    grid = Grid.centred(a.shape, SPACING)
    rows = distances(a, b, grid, structure="x", tolerance_mm=1.0)
    np.testing.assert_allclose([r.value for r in rows], brute_force(a, b, SPACING, 1.0), rtol=1e-9)


@pytest.mark.parametrize(("axis", "shift"), [(0, 2), (1, 3), (2, 1)])
def test_shifted_box_is_as_far_as_it_was_shifted(axis, shift):
    mask = np.zeros((30, 28, 26), bool)
    mask[5:20, 6:19, 7:18] = True
    grid = Grid.centred(mask.shape, SPACING)
    hd95, assd, _ = distances(mask, np.roll(mask, shift, axis), grid, structure="box")
    assert hd95.value == pytest.approx(shift * SPACING[axis], rel=1e-9)
    assert 0 < assd.value < hd95.value
    assert hd95.unit == "mm"


def test_tolerance_is_inclusive_and_named():
    mask = np.zeros((9, 9, 9), bool)
    mask[4, 4, 4] = True
    grid = Grid.centred(mask.shape, (0.1, 1.0, 1.0))
    nsd = distances(mask, np.roll(mask, 3, 0), grid, structure="x", tolerance_mm=0.3)[2]
    assert nsd.value == 1
    assert nsd.name == "NSD[boundary voxels, 0.3 mm]"


def test_dice_from_its_definition():
    rng = np.random.default_rng(1)
    values = np.array([0, 1, 2, 5])
    a, b = (labels(values[rng.integers(0, 4, (6, 7, 8))]) for _ in range(2))
    rows = overlaps(a, b)
    for index in (1, 2, 5):
        x, y = a.data == index, b.data == index
        expected = 2 * np.sum(x & y) / (x.sum() + y.sum())
        assert by_name(rows, f"part_{index}")["Dice"].value == pytest.approx(expected)
    same = (a.data == b.data) & (a.data > 0)
    micro = 2 * same.sum() / (np.sum(a.data > 0) + np.sum(b.data > 0))
    assert by_name(rows, "all")["Dice[micro]"].value == pytest.approx(micro)
    three = [by_name(rows, f"part_{n}")["Dice"].value for n in (1, 2, 5)]
    mean = by_name(rows, "all")["Dice[mean of structures]"].value
    assert mean == pytest.approx(np.mean(three))


def test_identical_maps_agree_fully():
    data = np.zeros((9, 8, 7))
    data[2:6, 2:7, 1:5] = 2
    row = by_name(compare_labels(labels(data), labels(data)), "part_2")
    assert [round(r.value, 12) for r in row.values()] == [1, 0, 0, 1]


def test_absent_structures_are_explained():
    a, b = np.zeros((2, 6, 7, 8))
    a[1:3, 1:3, 1:3], b[1:3, 1:3, 1:3] = 1, 2
    rows = compare_labels(labels(a), labels(b))
    lost, extra, neither = (by_name(rows, f"part_{n}") for n in (2, 1, 5))
    assert lost["Dice"].value == 0
    assert lost["Dice"].basis == "absent from the labels"
    assert extra["Dice"].value == 0
    assert extra["Dice"].basis == "absent from the truth"
    assert isnan(neither["Dice"].value)
    assert neither["Dice"].basis == "absent from both"
    hd95 = lost["HD95[boundary voxels, larger direction]"]
    assert isnan(hd95.value)
    assert hd95.basis == "undefined: absent from the labels"
    assert by_name(rows, "all")["Dice[mean of structures]"].value == 0


def test_maps_that_cannot_be_compared():
    data = np.ones((4, 5, 6))
    with pytest.raises(GeometryError):
        overlaps(labels(data), labels(data, spacing=(1.0, 1.0, 1.0)))
    other = Labels(
        np.ones((4, 5, 6), np.uint8), labels(data).grid, LabelTable((Label(1, "one", (0, 0, 0)),))
    )
    with pytest.raises(InputError, match="one table"):
        overlaps(labels(data), other)
