from dataclasses import replace

import numpy as np
import pytest

from anatwin.core import Grid, Labels, anatomy_table
from anatwin.measure import check_structures

GRID = Grid.isotropic((70, 74, 78), 1.0)
TABLE = anatomy_table()


def block(size_ml, corner):
    """Return where a cube of a volume lies."""
    edge = round((1000 * size_ml) ** (1 / 3))
    return tuple(slice(c, c + edge) for c in corner)


def head(*parts):
    """Return labels of cubes: name, ml, corner."""
    data = np.zeros(GRID.shape, np.uint8)
    for name, size_ml, corner in parts:
        data[block(size_ml, corner)] = TABLE[name].index
    return Labels(data, GRID, TABLE, np.full(GRID.shape, 0.05, np.float32))


def check(labels, name):
    return next(c for c in check_structures(labels) if c.name == f"structure: {name}")


MASSETER = ("masseter_left", 25, (20, 20, 20))


def test_a_plausible_structure_is_found():
    found = check(head(MASSETER), "masseter_left")
    assert found.verdict == "pass"
    assert found.value.startswith("found, 24.4 ml")


def test_every_structure_of_the_table_has_one_state():
    checks = check_structures(head(MASSETER))
    assert [c.name for c in checks] == [f"structure: {label.name}" for label in TABLE.labels]


def test_what_reaches_the_edge_is_cut_off_and_not_judged_by_its_volume():
    cut = check(head(("masseter_left", 4, (0, 20, 20))), "masseter_left")
    assert cut.verdict == "warn"
    assert cut.value.startswith("cut off")


@pytest.mark.parametrize(("ml", "side"), [(3, "below"), (120, "above")])
def test_an_implausible_volume_fails_with_its_reason(ml, side):
    failed = check(head(("masseter_left", ml, (10, 10, 10))), "masseter_left")
    assert failed.verdict == "warn"
    assert failed.value.startswith("failed")
    assert f"{side} 15 to 40 ml" in failed.reason


def test_pieces_of_what_is_one_piece_lower_the_score():
    labels = head(MASSETER, ("masseter_left", 12, (55, 20, 20)))
    whole, parted = (check(x, "masseter_left") for x in (head(MASSETER), labels))
    assert "2 pieces" in parted.reason
    assert float(parted.value.split()[-1]) < float(whole.value.split()[-1]) - 0.2


def test_an_unsure_structure_fails():
    labels = head(MASSETER)
    unsure = replace(labels, uncertainty=np.full(GRID.shape, 0.7, np.float32))
    assert check(unsure, "masseter_left").value.startswith("failed")


@pytest.mark.parametrize(("doubt", "score"), [(0.0, 1.0), (0.125, 0.76), (0.25, 0.525), (0.6, 0.0)])
def test_doubt_lowers_the_score_to_the_dice_to_expect(doubt, score):
    unsure = replace(head(MASSETER), uncertainty=np.full(GRID.shape, doubt, np.float32))
    found = check(unsure, "masseter_left")
    assert float(found.value.split()[-1]) == pytest.approx(score, abs=0.006)
    assert ("expect a Dice" in found.reason) == (doubt > 0.1)


def test_outside_and_missing_are_two_things():
    high = head(("vertebra_c2", 12, (30, 30, 50)))
    low = head(("vertebra_c2", 12, (30, 30, 3)))
    assert check(low, "vertebra_c3").value == "outside the field of view"
    assert check(high, "vertebra_c3").value == "missing"
    # what lies beyond an absent neighbour is as far away as the neighbour
    assert check(low, "vertebra_c7").value == "outside the field of view"


def test_an_empty_structure_is_never_found():
    states = {c.value for c in check_structures(head())}
    assert states == {"missing"}
