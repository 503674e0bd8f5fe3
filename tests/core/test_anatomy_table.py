"""The anatomy table: complete, mirrored, and every structure inside one of the head table."""

from collections import Counter

import pytest

from anatwin.core import Structure, anatomy, anatomy_table, anatomy_to_head, head_table

CHEWING = ("temporalis", "masseter", "medial_pterygoid", "lateral_pterygoid")


def test_indices_run_from_one_and_fit_a_byte() -> None:
    table = anatomy_table()
    assert table.indices == tuple(range(1, len(table) + 1))
    assert len(table) < 256


def test_every_sided_structure_has_its_partner_on_the_other_side() -> None:
    table, other = anatomy_table(), {"left": "right", "right": "left"}
    swap = table.mirrored()
    assert (swap[swap] == range(len(swap))).all()
    for label in table.labels:
        side = other.get(label.side)
        partner = table[label.mirror]
        expected = label.name if side is None else label.name.replace(label.side, side)
        assert partner.name == expected
        assert side is None or label.name.endswith(label.side)


def test_parents_are_structures_of_the_head_table_of_the_same_side() -> None:
    head, merged = head_table(), anatomy_to_head()
    for label in anatomy_table().labels:
        parent = head[label.parent]
        assert merged[label.index] == parent.index
        assert parent.side in ("midline", label.side)
    assert merged[0] == 0
    assert set(merged) == {0, *head.indices}


def test_52_cortical_regions_and_the_chewing_apparatus_are_named() -> None:
    undivided = ("cortex_left", "cortex_right")
    parents = Counter(x.parent for x in anatomy_table().labels if x.name not in undivided)
    assert parents["cortex_left"] == parents["cortex_right"] == 26
    for name in CHEWING:
        assert anatomy_table()[f"{name}_left"].side == "left"


@pytest.mark.parametrize("structure", anatomy(), ids=lambda s: s.label.name)
def test_codes_and_ranges_are_well_formed(structure: Structure) -> None:
    assert structure.snomed == "" or structure.snomed.isdecimal()
    assert structure.freesurfer >= 0
    if structure.volume_ml is None:
        assert structure.source == ""
    else:
        assert 0 < structure.volume_ml[0] < structure.volume_ml[1]
        assert structure.source == "project" or structure.source.startswith("10.")
