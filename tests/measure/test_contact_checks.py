import numpy as np
import pytest

from anatwin.core import Grid, Labels, anatomy_table
from anatwin.measure import check_contacts
from anatwin.measure.contact_checks import exposed_share

TABLE = anatomy_table()
GRID = Grid.isotropic((40, 44, 48), 2.0)


def head(**boxes):
    """Return labels of boxes in voxels, drawn in order: name to low and high corner."""
    data = np.zeros(GRID.shape, np.uint8)
    for name, (low, high) in boxes.items():
        data[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = TABLE[name].index
    return Labels(data, GRID, TABLE)


def check(name, **boxes):
    found = {c.name: c for c in check_contacts(head(**boxes))}
    return found.get(name)


CORTEX = {"precentral_left": ((8, 8, 20), (22, 30, 40))}
NECK = {
    "skin": ((2, 2, 0), (38, 42, 20)),
    "soft_tissue": ((3, 3, 0), (37, 40, 20)),
    "vertebra_c3": ((12, 8, 6), (28, 24, 12)),
    "spinal_cord": ((18, 14, 0), (22, 18, 20)),
    "upper_airway": ((18, 28, 2), (22, 38, 20)),
}


def moved(name, low, high):
    return {**NECK, name: (low, high)}


def test_labels_without_any_of_it_have_no_such_checks():
    assert check_contacts(head(mandible=((5, 5, 5), (9, 9, 9)))) == ()


def test_bare_faces_are_counted():
    kind = np.zeros((5, 6, 7), np.int8)
    kind[1:3, 1:4, 1:5] = 1
    assert exposed_share(kind) == 0
    kind[3] = 2
    faces = 2 * (2 * 3 + 2 * 4 + 3 * 4)
    assert exposed_share(kind) == pytest.approx(12 / faces)
    assert exposed_share(kind.transpose(2, 0, 1)[::-1]) == exposed_share(kind)


def test_white_matter_under_cortex_is_covered():
    white = {"white_matter_left": ((10, 10, 22), (20, 28, 38))}
    assert check("grey around white", **CORTEX, **white).verdict == "pass"
    bare = {"white_matter_left": ((10, 10, 22), (20, 30, 38))}
    assert check("grey around white", **CORTEX, **bare).verdict == "warn"


def test_the_cord_lies_inside_the_vertebrae():
    assert check("cord inside its canal", **NECK).verdict == "pass"
    beside = moved("spinal_cord", (29, 14, 0), (33, 18, 20))
    assert check("cord inside its canal", **beside).verdict == "warn"


@pytest.mark.parametrize(
    ("low", "high", "fault"),
    [
        ((18, 14, 2), (22, 20, 20), "nostrils"),
        ((18, 28, 14), (22, 38, 20), "third vertebra"),
    ],
)
def test_the_airway_leads_all_the_way(low, high, fault):
    assert check("open airway", **NECK).verdict == "pass"
    found = check("open airway", **moved("upper_airway", low, high))
    assert found.verdict == "warn"
    assert fault in found.reason


def test_an_airway_in_two_halves_is_seen():
    labels = head(**NECK)
    labels.data[:, 32:34][labels.data[:, 32:34] == TABLE["upper_airway"].index] = 0
    (found,) = [c for c in check_contacts(labels) if c.name == "open airway"]
    assert "2 pieces" in found.reason
