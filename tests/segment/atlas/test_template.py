"""The atlas's file, and the packaged atlas."""

import numpy as np
import pytest

from anatwin.core import InputError, craniofacial_table, head_table, overview_table
from anatwin.segment.atlas import HeadAtlas, head_atlas
from anatwin.segment.atlas.template import read_atlas


def test_it_round_trips(tmp_path):
    atlas = head_atlas()
    atlas.write(tmp_path / "atlas.npz")
    again = read_atlas(tmp_path / "atlas.npz")
    assert np.array_equal(atlas.classes, again.classes)
    assert np.array_equal(atlas.shares, again.shares)
    assert again.spacing_mm == atlas.spacing_mm
    assert np.array_equal(atlas.pair, again.pair)


def test_what_is_no_atlas_is_refused(tmp_path):
    (tmp_path / "text.npz").write_text("no")
    np.savez(tmp_path / "other.npz", classes=np.zeros(3))
    np.savez(tmp_path / "object.npz", classes=np.array([{}], dtype=object))
    for name in ("text", "other", "object", "missing"):
        with pytest.raises(InputError, match="must hold a head atlas"):
            read_atlas(tmp_path / f"{name}.npz")


def test_an_atlas_whose_parts_contradict_each_other_is_refused(tmp_path):
    atlas = head_atlas()
    names = ("shares", "spacing_mm", "structure", "region", "tissue", "is_mixed")
    parts = {name: getattr(atlas, name) for name in names}
    parts["classes"] = atlas.classes + np.uint8(100)
    with pytest.raises(InputError, match="not one"):
        HeadAtlas(**parts)
    np.savez(tmp_path / "wrong.npz", **parts)
    with pytest.raises(InputError, match="not one"):
        read_atlas(tmp_path / "wrong.npz")


def test_the_packaged_atlas_is_its_own_mirror_image():
    atlas = head_atlas()
    found = atlas.centroids_mm()
    mirror = overview_table().mirrored()
    width = (atlas.classes.shape[0] - 1) * atlas.spacing_mm
    assert found[mirror][1:, 1:] == pytest.approx(found[1:, 1:], abs=1.5, nan_ok=True)
    assert width - found[mirror][1:, 0] == pytest.approx(found[1:, 0], abs=1.5, nan_ok=True)
    left, right = (found[overview_table()[f"eye_{side}"].index, 0] for side in ("left", "right"))
    assert left < right  # right is where the first axis points


def test_the_packaged_atlas_names_every_structure_that_a_head_shows():
    pairs = head_atlas().pairs
    assert set(pairs[:, 0]) == set(range(len(head_table()) + 1))
    deep = {craniofacial_table()[f"vertebra_c{n}"].index for n in (5, 6, 7)}
    assert set(range(len(craniofacial_table()) + 1)) - set(pairs[:, 1]) <= deep
