from dataclasses import replace

import numpy as np
import pytest

from anatwin.core import (
    Check,
    GeometryError,
    Grid,
    InputError,
    KSpace,
    Label,
    Labels,
    LabelTable,
    Step,
    Surface,
    Twin,
    Volume,
    head_table,
    listening,
    track,
)
from anatwin.core.kspace import describe
from anatwin.core.labels import label_from_row, parse_colour

GRID = Grid.centred((5, 6, 7), (1.0, 2.0, 3.0))


def kspace(**changes):
    data = np.ones((2, 5, 6, 7), np.complex64)
    mask = np.ones((1, 6, 7), bool)
    return replace(KSpace(data, mask, GRID), **changes)


def test_volume_refuses_what_cannot_be_an_image():
    with pytest.raises(GeometryError, match=r"\(5, 6, 7\)"):
        Volume(np.zeros((5, 7, 6)), GRID)
    data = np.zeros(GRID.shape)
    data[1, 2, 3] = np.nan
    data[2, 2, 3] = np.inf
    with pytest.raises(InputError, match="2 NaN or infinite"):
        Volume(data, GRID)


def test_magnitude_is_real_and_keeps_real_images_as_they_are():
    real = Volume(np.ones(GRID.shape, np.float32), GRID)
    assert real.magnitude() is real
    assert Volume(real.data * 3j, GRID).magnitude().data.max() == pytest.approx(3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": np.ones((2, 5, 6, 8), np.complex64)}, "lie on"),
        ({"data": np.ones((2, 5, 6, 7), np.float32)}, "complex"),
        ({"mask": np.ones((5, 6, 8), bool)}, "mask"),
        ({"mask": np.ones((5, 6, 7), np.uint8)}, "boolean"),
        ({"coils": np.ones((3, 5, 6, 7), np.complex64)}, "coils"),
        ({"mask": np.zeros((1, 6, 7), bool)}, "only zeros"),
        ({"data": np.zeros((2, 5, 6, 7), np.complex64)}, "only zeros"),
        ({"slice_axis": 0}, "readout and slice"),
        ({"readout_axis": 3}, "axes must be"),
        ({"data": np.full((2, 5, 6, 7), np.nan, np.complex64)}, "NaN"),
    ],
)
def test_kspace_refuses_what_cannot_be_a_measurement(changes, message):
    with pytest.raises(InputError, match=message):
        kspace(**changes)


def test_acceleration_counts_what_was_measured():
    mask = np.zeros((1, 6, 7), bool)
    mask[:, ::2] = True
    assert kspace(mask=mask).acceleration == pytest.approx(2)
    assert kspace(mask=mask, slice_axis=2).encoded_axes == (0, 1)
    assert describe(kspace(mask=mask))["encoding"] == "3-D"


def test_head_table_pairs_left_with_right():
    table = head_table()
    swap = table.mirrored()
    assert np.array_equal(swap[swap], np.arange(len(swap)))
    for label in table.labels:
        other = table[int(swap[label.index])]
        assert {label.side, other.side} in ({"left", "right"}, {"midline"})
        assert other.name == label.name.replace(label.side, other.side)


def test_labels_refuse_values_without_a_name():
    table = LabelTable((Label(3, "jaw", (1, 2, 3)),))
    data = np.zeros(GRID.shape, np.uint8)
    data[0, 0, 0] = 3
    assert Labels(data, GRID, table).counts() == {3: 1}
    data[0, 0, 1] = 4
    with pytest.raises(InputError, match=r"\[4\]"):
        Labels(data, GRID, table)
    with pytest.raises(InputError, match="unsigned"):
        Labels(data.astype(np.int16), GRID, table)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "bell\aname"])
def test_label_names_are_safe_file_names(name):
    with pytest.raises(InputError, match=r"file name|printable"):
        Label(1, name, (0, 0, 0))


def test_tables_refuse_repeats_and_unknown_keys():
    with pytest.raises(InputError, match="more than once"):
        LabelTable((Label(1, "a", (0, 0, 0)), Label(1, "b", (0, 0, 0))))
    with pytest.raises(InputError, match="No structure 'nose'"):
        head_table()["nose"]


def test_rows_of_a_table_are_read_or_refused():
    assert label_from_row({"index": "2", "name": "eye", "colour": "#010203"}).mirror == 2
    assert parse_colour("#ff8000") == (255, 128, 0)
    with pytest.raises(InputError, match="needs index and name"):
        label_from_row({"index": "two", "name": "eye"})
    with pytest.raises(InputError, match="#4fb3bf"):
        parse_colour("red")


def test_a_closed_surface_has_the_volume_of_its_tetrahedron():
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float64)
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    surface = Surface(corners, faces)
    assert surface.is_closed
    assert surface.volume_mm3 == pytest.approx(1 / 6)
    assert surface.area_mm2 == pytest.approx(1.5 + np.sqrt(3) / 2)
    assert not replace(surface, faces=faces[1:]).is_closed
    with pytest.raises(InputError, match="missing vertices"):
        replace(surface, faces=faces + 1)


def test_a_twin_is_as_good_as_its_worst_check():
    checks = tuple(Check(v, v, "", "", "") for v in ("pass", "fail", "warn"))
    twin = Twin("sub-1", "scan.nii", "image")
    assert twin.verdict == "pass"
    assert replace(twin, checks=checks).verdict == "fail"
    assert twin.after(Step("read", "read"), checks=checks[2:]).verdict == "warn"


def test_progress_reaches_the_listener_and_nobody_else():
    heard = []
    with listening(lambda *state: heard.append(state)):
        assert list(track("abc", "letters")) == ["a", "b", "c"]
    assert list(track("abc", "letters")) == ["a", "b", "c"]
    assert heard == [("letters", n, 3) for n in range(4)]
