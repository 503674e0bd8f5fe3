from pathlib import Path

import pytest

import anatwin.nets
from anatwin.core import MissingPartError, UsageError
from anatwin.nets import Entry, find, load, stamp

HEADER = "name\tfile\tsha256\tlicence\tcard\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "catalogue.tsv").write_text(
        HEADER + "head\thead.onnx\t\tApache-2.0\thead.md\nother\tother.onnx\tabc\tMIT\tother.md\n"
    )
    (tmp_path / "head.onnx").write_bytes(b"weights")
    assert isinstance(stamp("head", folder=tmp_path), Entry)
    return tmp_path


def test_whole_file_is_found(folder):
    assert find("head", folder=folder) == folder / "head.onnx"


def test_stamp_leaves_other_entries_alone(folder):
    text = (folder / "catalogue.tsv").read_text()
    assert text.startswith(HEADER)
    assert "other\tother.onnx\tabc\tMIT\tother.md\n" in text


def test_damaged_file_is_refused(folder):
    (folder / "head.onnx").write_bytes(b"weight5")
    with pytest.raises(MissingPartError, match="damaged"):
        find("head", folder=folder)


def test_missing_file_and_unknown_name(folder):
    with pytest.raises(MissingPartError, match="missing"):
        find("other", folder=folder)
    with pytest.raises(UsageError, match="head, other"):
        find("knee", folder=folder)


def test_the_packaged_network_is_whole_and_has_a_card():
    path = find("head")
    assert (Path(anatwin.nets.__file__).parent / "head.md").is_file()
    assert load(path, threads=1).n_outputs in (21, None)
