"""Laws of Label, LabelTable and Labels, and what every noun keeps in its file."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import GeometryError, Grid, InputError, Label, Labels, LabelTable, head_table
from anatwin.core.labels import label_from_row, parse_colour
from anatwin.io.nifti import read_labels, write_labels
from anatwin.io.tables import read_table, write_table

LAW = settings(max_examples=40, deadline=None)
COLOUR = st.tuples(*[st.integers(0, 255)] * 3)
GRID = Grid.centred((4, 5, 6), (1.0, 1.5, 2.0))


@st.composite
def paired_tables(draw):
    """Draw a table of left-right pairs and midline structures with scattered indices."""
    n_pairs, n_midline = draw(st.integers(0, 4)), draw(st.integers(1, 4))
    n = 2 * n_pairs + n_midline
    indices = draw(st.lists(st.integers(1, 300), min_size=n, max_size=n, unique=True))
    labels = []
    for pair in range(n_pairs):
        left, right = indices[2 * pair], indices[2 * pair + 1]
        labels.append(Label(left, f"part{pair}_left", draw(COLOUR), "left", right))
        labels.append(Label(right, f"part{pair}_right", draw(COLOUR), "right", left))
    for index in indices[2 * n_pairs :]:
        labels.append(Label(index, f"middle{index}", draw(COLOUR), "midline", index, "group"))
    return LabelTable(tuple(draw(st.permutations(labels))))


@st.composite
def label_maps(draw):
    table = draw(paired_tables())
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    values = np.array([0, *table.indices], np.uint16)
    return Labels(rng.choice(values, GRID.shape), GRID, table)


@LAW
@given(paired_tables())
def test_mirroring_twice_is_nothing(table):
    swap = table.mirrored()
    np.testing.assert_array_equal(swap[swap], np.arange(swap.size))
    for label in table.labels:
        partner = table[int(swap[label.index])]
        assert {label.side, partner.side} in ({"left", "right"}, {"midline"})
        assert (partner.index == label.index) == (label.side == "midline")


@LAW
@given(label_maps())
def test_mirroring_swaps_the_counts_of_both_sides(labels):
    swapped = replace(labels, data=labels.table.mirrored()[labels.data])
    for label in labels.table.labels:
        assert swapped.counts()[label.mirror] == labels.counts()[label.index]


@LAW
@given(label_maps())
def test_counts_are_complete(labels):
    background = int(np.count_nonzero(labels.data == 0))
    assert sum(labels.counts().values()) + background == labels.grid.n_voxels
    assert tuple(labels.counts()) == labels.table.indices


@LAW
@given(paired_tables())
def test_a_structure_is_found_by_index_and_by_name(table):
    assert len(table) == len(table.indices)
    for label in table.labels:
        assert table[label.index] is label
        assert table[label.name] is label
    with pytest.raises(InputError, match="No structure"):
        table["nowhere"]


@LAW
@given(labels=label_maps(), suffix=st.sampled_from([".nii", ".nii.gz"]))
def test_labels_and_their_table_come_back_from_files(tmp_path_factory, labels, suffix):
    folder = tmp_path_factory.getbasetemp()
    write_table(labels.table, folder / "law.tsv")
    write_labels(labels, folder / f"law{suffix}")
    again = read_labels(folder / f"law{suffix}", read_table(folder / "law.tsv"))
    assert again.table == labels.table
    assert again.grid.matches(labels.grid)
    np.testing.assert_array_equal(again.data, labels.data)


@LAW
@given(label_maps(), st.integers(301, 65535))
def test_a_value_without_a_name_is_refused(labels, value):
    data = labels.data.copy()
    data[1, 2, 3] = value
    with pytest.raises(InputError, match=str(value)):
        replace(labels, data=data)


@LAW
@given(label_maps())
def test_shapes_and_types_must_fit(labels):
    with pytest.raises(GeometryError, match=r"Labels\.data"):
        replace(labels, data=labels.data[1:])
    for name in ("uncertainty", "conflict"):
        with pytest.raises(GeometryError, match=rf"Labels\.{name}"):
            replace(labels, **{name: np.zeros((1, 2, 3), np.uint8)})
    with pytest.raises(InputError, match="unsigned"):
        replace(labels, data=labels.data.astype(np.int32))


@LAW
@given(paired_tables(), st.sampled_from(["index", "name"]))
def test_a_table_names_nothing_twice(table, field):
    first = table.labels[0]
    other = Label(301, "another", (0, 0, 0))
    with pytest.raises(InputError, match=field):
        LabelTable((*table.labels, replace(other, **{field: getattr(first, field)})))


@LAW
@given(COLOUR)
def test_colours_are_written_as_hexadecimal(colour):
    assert parse_colour("#" + bytes(colour).hex()) == colour


@pytest.mark.parametrize("text", ["", "red", "#12345", "#1234567", "#gg0000"])
def test_what_is_no_colour(text):
    with pytest.raises(InputError, match="colour"):
        parse_colour(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"index": 0},
        {"index": 65536},
        {"name": ""},
        {"name": "a/b"},
        {"name": ".hidden"},
        {"side": "up"},
        {"colour": (0, 0, 256)},
        {"colour": (-1, 0, 0)},
    ],
)
def test_what_is_no_structure(wrong):
    with pytest.raises(InputError, match=f"Label.{next(iter(wrong))}"):
        replace(Label(1, "bone", (1, 2, 3)), **wrong)


@pytest.mark.parametrize("row", [{}, {"index": "1"}, {"name": "a"}, {"index": "x", "name": "a"}])
def test_what_is_no_row(row):
    with pytest.raises(InputError, match="needs index and name"):
        label_from_row(row)


def test_the_head_table_is_symmetric_and_complete():
    table = head_table()
    assert table.indices == tuple(range(1, 21))
    for label in table.labels:
        partner = table[label.mirror]
        assert partner.mirror == label.index
        assert partner.parent == label.parent
        assert partner.name == label.name.replace("left", "#").replace("right", "left").replace(
            "#", "right"
        )
