"""Averaging label maps of people who differ in place and size."""

import numpy as np
import pytest

from anatwin.core import UsageError, craniofacial_table, head_table
from anatwin.train.atlas import TrainAtlas
from anatwin.train.atlas_average import averaged
from anatwin.train.maps import FineMap
from anatwin.train.numbering import STRUCTURE_OF, fine_index, region_of_structure

PARTS = (
    # tissue, structure, middle and half axes [mm] from the middle of the head, for the left
    ("skin", "skin", (0, 0, 0), (70, 90, 85)),
    ("cortical_bone", "bone", (0, 0, 20), (62, 80, 62)),
    ("csf", "csf", (0, 0, 20), (57, 74, 57)),
    ("cortex", "cortex_left", (-26, 0, 22), (25, 62, 45)),
    ("white_matter", "white_matter_left", (-26, 0, 22), (18, 48, 34)),
    ("thalamus", "deep_grey_left", (-15, 5, 20), (8, 16, 12)),
    ("ventricle", "ventricle_left", (-12, 10, 34), (5, 20, 8)),
    ("cerebellum_cortex", "cerebellum_left", (-18, -45, -20), (17, 18, 15)),
    ("eye", "eye_left", (-30, 75, -8), (12, 12, 12)),
)


def head(scale, shift):
    """Return a head of ellipsoids, alike on both sides."""
    shape = (160, 210, 200)
    axes = [np.arange(n) - n / 2 - d for n, d in zip(shape, shift, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    data = np.zeros(shape, np.uint8)
    for tissue, name, middle, half in PARTS:
        for side, sign in (("left", 1), ("right", -1)):
            structure = head_table()[name.replace("left", side)].index
            away = zip((x * sign, y, z), middle, half, strict=True)
            inside = sum(((c / scale - m) / h) ** 2 for c, m, h in away) < 1
            data[inside] = fine_index(tissue, structure)
    regions = region_of_structure()[STRUCTURE_OF[data]]
    return FineMap("ellipsoids", data, np.zeros((0, 3), np.int32), regions)


@pytest.fixture(scope="module")
def atlas():
    return averaged([head(1.0, (0, 0, 0)), head(1.08, (4, -6, 5))], 4.0)


def volume_ml(atlas, name):
    index = head_table()[name].index
    found = atlas.structure[atlas.classes[..., 0]] == index
    return found.sum() * atlas.spacing_mm**3 / 1000


def test_sizes_are_between_those_of_the_people(atlas):
    for _, name, _, half in PARTS[4:]:
        one = 4 / 3 * np.pi * np.prod(half) / 1000
        if name == "white_matter_left":
            continue  # others lie within it
        assert 0.75 * one < volume_ml(atlas, name) < 1.08**3 * one * 1.2, name


def test_bent_people_agree(atlas):
    inside = atlas.structure[atlas.classes[..., 0]] > 0
    assert (atlas.shares[..., 0][inside] > 200).mean() > 0.6
    assert (atlas.shares.sum(axis=-1).astype(int) > 250).all()


def test_both_sides_are_alike(atlas):
    mirror = np.array(head_table().mirrored())
    structure = atlas.structure[atlas.classes[..., 0]]
    assert (mirror[structure][::-1] == structure).mean() > 0.98
    left, right = (volume_ml(atlas, f"eye_{side}") for side in ("left", "right"))
    assert left == pytest.approx(right, rel=0.1)


def test_a_class_has_one_tissue_on_both_sides(atlas):
    brain = craniofacial_table()["brain"].index
    both = [
        atlas.tissue[(atlas.structure == head_table()[name].index) & (atlas.region == brain)]
        for name in ("cortex_left", "cortex_right")
    ]
    assert both[0].tolist() == both[1].tolist()


def test_a_spacing_that_makes_no_sense_is_refused(tmp_path):
    with pytest.raises(UsageError, match="spacing_mm"):
        TrainAtlas(labels=tmp_path, regions=tmp_path, out=tmp_path, spacing_mm=0.1)
