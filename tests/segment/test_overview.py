"""A head seen at once."""

import numpy as np
import pytest

from anatwin.core import (
    craniofacial_table,
    head_table,
    intracranial,
    overview_index,
    overview_table,
)
from anatwin.segment.overview import SPACING_MM, overview


def test_the_table_has_the_brains_parts_and_all_that_lies_around():
    names = {label.name for label in overview_table().labels}
    inside = {x.name for x in head_table().labels if intracranial()[x.index]}
    around = {x.name for x in craniofacial_table().labels} - {"brain"}
    assert names == inside | around
    mirror = overview_table().mirrored()
    assert np.array_equal(mirror[mirror], np.arange(len(mirror)))


def test_inside_the_skull_the_structure_counts_elsewhere_the_region():
    head, face, both = head_table(), craniofacial_table(), overview_table()
    for structure, region, name in (
        ("cortex_left", "mandible", "cortex_left"),
        ("csf", "brain", "csf"),
        ("bone", "mandible", "mandible"),
        ("soft_tissue", "masseter_right", "masseter_right"),
        ("spinal_cord", "spinal_cord", "spinal_cord"),
    ):
        pair = (np.array(head[structure].index), np.array(face[region].index))
        assert overview_index(*pair) == both[name].index
    assert overview_index(np.zeros(2, int), np.zeros(2, int)).tolist() == [0, 0]


def ball(shape, middle, radius):
    axes = np.meshgrid(
        *(np.arange(n) - m for n, m in zip(shape, middle, strict=True)), indexing="ij"
    )
    return (sum(axis**2 for axis in axes) < radius**2).astype(np.float32)


@pytest.mark.parametrize("shape", [(150, 180, 161), (96, 300, 130)])
def test_probabilities_lie_where_the_scan_does(shape):
    middle = tuple(n // 2 + 9 for n in shape)
    seen = overview(0.7 * ball(shape, middle, 45), threads=1)
    n_names, *size = seen.levels.shape
    assert n_names == len(overview_table()) + 1
    assert all(
        n % 32 == 0 and n * SPACING_MM >= min(240, m) for n, m in zip(size, shape, strict=True)
    )
    assert np.abs(seen.levels.sum(axis=0, dtype=int) - 255).max() <= 12
    empty = seen.levels[0] > 127
    index = [
        np.rint((m - f) / SPACING_MM).astype(int)
        for m, f in zip(middle, seen.first_mm, strict=True)
    ]
    assert not empty[tuple(index)]
    assert empty[0, 0, 0]
    at = np.argwhere(~empty).mean(axis=0) * SPACING_MM + seen.first_mm
    assert at == pytest.approx(middle, abs=12)
