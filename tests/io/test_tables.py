import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import InputError, Label, LabelTable, ResourceError, head_table
from anatwin.io.tables import (
    read_freesurfer_lut,
    read_itksnap,
    read_table,
    write_freesurfer_lut,
    write_itksnap,
    write_table,
)

FORMATS = {
    "tsv": (read_table, write_table),
    "itksnap": (read_itksnap, write_itksnap),
    "freesurfer": (read_freesurfer_lut, write_freesurfer_lut),
}
COLOUR = st.tuples(*[st.integers(0, 255)] * 3)


def essentials(table):
    return [(x.index, x.name, x.colour, x.side, x.mirror) for x in table.labels]


@pytest.mark.parametrize("name", FORMATS)
def test_head_table_comes_back_with_its_sides(tmp_path, name):
    read, write = FORMATS[name]
    write(head_table(), tmp_path / "table")
    assert essentials(read(tmp_path / "table")) == essentials(head_table())


@st.composite
def tables(draw, text):
    """Draw midline structures and left-right pairs, in any order."""
    names = draw(st.lists(text, min_size=1, max_size=5, unique_by=str.casefold))
    indices = draw(st.lists(st.integers(1, 65535), min_size=16, max_size=16, unique=True))
    labels = []
    for name in names:
        index, parent = indices.pop(), draw(text)
        if draw(st.booleans()):
            labels.append(Label(index, name, draw(COLOUR), "midline", index, parent))
            continue
        other = indices.pop()
        labels.append(Label(index, f"{name} left", draw(COLOUR), "left", other, parent))
        labels.append(Label(other, f"{name} right", draw(COLOUR), "right", index, parent))
    return LabelTable(tuple(draw(st.permutations(labels))))


ANY_NAME = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters="/\\"),
    min_size=1,
    max_size=12,
).filter(lambda text: not text.startswith("."))
PLAIN_NAME = st.from_regex(r"\A[a-z]{3,9}_[a-z0-9]{2}\Z")


@settings(max_examples=60, deadline=None)
@given(tables(ANY_NAME))
def test_tsv_keeps_everything(tmp_path_factory, table):
    path = tmp_path_factory.getbasetemp() / "any.tsv"
    write_table(table, path)
    assert read_table(path) == table


@settings(max_examples=40, deadline=None)
@given(table=tables(PLAIN_NAME), name=st.sampled_from(["itksnap", "freesurfer"]))
def test_other_formats_keep_names_colours_and_sides(tmp_path_factory, table, name):
    read, write = FORMATS[name]
    path = tmp_path_factory.getbasetemp() / "any.txt"
    write(table, path)
    again = read(path)
    expected = [(*row[:1], row[1].replace(" ", "_"), *row[2:]) for row in essentials(table)]
    got = [(*row[:1], row[1].replace(" ", "_"), *row[2:]) for row in essentials(again)]
    assert got == expected


def test_real_looking_freesurfer_lines(tmp_path):
    path = tmp_path / "lut.txt"
    path.write_text(
        "#No. Label Name:   R G B A\n\n0   Unknown   0 0 0 0\n"
        "2   Left-Cerebral-White-Matter   245 245 245 0\n"
        "41  Right-Cerebral-White-Matter  0 225 0 0\n"
        "120 SC-Fat/Muscle 238 238 209 0\r\n"
        "1001 ctx-lh-bankssts 25 100 40 0\n2001 ctx-rh-bankssts 25 100 40 0\n"
        "16 Brain-Stem 119 159 176 0\n17 Brain-Stem 1 1 1 0\n"
    )
    table = read_freesurfer_lut(path)
    assert [(x.index, x.name, x.side, x.mirror) for x in table.labels] == [
        (2, "Left-Cerebral-White-Matter", "left", 41),
        (41, "Right-Cerebral-White-Matter", "right", 2),
        (120, "SC-Fat_Muscle", "midline", 120),
        (1001, "ctx-lh-bankssts", "left", 2001),
        (2001, "ctx-rh-bankssts", "right", 1001),
        (16, "Brain-Stem", "midline", 16),
        (17, "Brain-Stem_17", "midline", 17),
    ]


def test_itksnap_file_is_laid_out_as_itksnap_writes_it(tmp_path):
    write_itksnap(LabelTable((Label(7, "bone", (1, 20, 255)),)), tmp_path / "labels.txt")
    lines = (tmp_path / "labels.txt").read_text().splitlines()
    assert lines[1] == "# ITK-SnAP Label Description File"
    assert lines[-2] == '    0     0    0    0        0  0  0    "Clear Label"'
    assert lines[-1] == '    7     1   20  255        1  1  1    "bone"'


BAD = {
    "tsv": [
        "",
        "hello",
        "index\tname\n",
        "index\tname\n1\n",
        "index\tname\nx\tbone\n",
        "index\tname\n1\tbone\n1\tair\n",
        "index\tname\n1\tbone\n2\tbone\n",
        "index\tname\tcolour\n1\tbone\tred\n",
        "index\tname\tside\n1\tbone\tup\n",
        "index\tname\tmirror\n1\tbone\t2\n",
        'index\tname\n1\t"bone\n',
        "index\tname\n0\tbone\n",
        "index\tname\n1\t../bone\n",
        "index\tname\n99999\tbone\n",
    ],
    "itksnap": [
        "",
        "1 2 3\n",
        "1 0 0 0 1 1 1 bone\n",
        '1 0 0 300 1 1 1 "bone"\n',
        '99999 0 0 0 1 1 1 "bone"\n',
        '1 0 0 0 1 1 1 "a"\n1 0 0 0 1 1 1 "b"\n',
    ],
    "freesurfer": ["", "1 bone\n", "x bone 0 0 0 0\n", "1 bone 0 0 999 0\n", "-1 bone 0 0 0 0\n"],
}


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, texts in BAD.items() for t in texts])
def test_bad_table_is_one_line_that_names_the_file(tmp_path, name, text):
    path = tmp_path / "labels.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=r"labels\.txt: ") as caught:
        FORMATS[name][0](path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FORMATS)
def test_no_table_at_all(tmp_path, name):
    read, write = FORMATS[name]
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"\x93NUMPY\x00")
    with pytest.raises(InputError, match="not a text file"):
        read(tmp_path / "binary")
    with pytest.raises(ResourceError, match="Cannot write"):
        write(head_table(), tmp_path / "missing" / "table")
