"""The affine map from the middles of structures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import overview_table
from anatwin.segment.atlas import head_atlas
from anatwin.segment.atlas.placing import Placement, affine, middles, placed, trust


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_an_affine_map_is_found_though_two_points_are_wrong(seed):
    rng = np.random.default_rng(seed)
    true = np.eye(4)
    true[:3, :3] += rng.uniform(-0.1, 0.1, (3, 3))
    true[:3, 3] = rng.uniform(-40, 40, 3)
    points = rng.uniform(0, 200, (30, 3))
    onto = points @ true[:3, :3].T + true[:3, 3]
    onto[:2] += 60
    points[5] = np.nan
    found = affine(points, onto, np.ones(30))
    away = points[6:] @ found[:3, :3].T + found[:3, 3] - onto[6:]
    assert np.abs(away).max() < 1.5


def test_middles_are_in_millimetres_and_small_things_have_none():
    scores = np.zeros((3, 20, 22, 24), np.uint8)
    scores[0] = 100
    scores[1, 2:8, 4:10, 6:12] = 255
    scores[2, 0, 0, :10] = 255
    found, size = middles(scores, 4.0)
    assert found[1] == pytest.approx([18, 26, 34])
    assert np.isnan(found[2]).all()
    assert size.tolist() == [0, 216, 10]


def test_what_scans_cut_off_is_not_trusted():
    weights = dict(zip(["", *(x.name for x in overview_table().labels)], trust(), strict=True))
    assert not any(weights[name] for name in ("spinal_cord", "air", "skin", "soft_tissue", "csf"))
    assert weights["white_matter_left"] > weights["masseter_left"] > 0


def test_nothing_is_placed_by_what_is_no_head():
    rng = np.random.default_rng(0)
    blank = np.zeros((len(overview_table()) + 1, 9, 9, 9), np.uint8)
    assert placed(blank, head_atlas().centroids_mm(), 4.0).matrix is None
    noise = rng.integers(0, 255, (len(blank), 24, 24, 24)).astype(np.uint8)
    assert placed(noise, head_atlas().centroids_mm(), 4.0).matrix is None


def of_atlas(width):
    """Return what a perfect network says of the atlas itself, squeezed to a share of its width."""
    atlas = head_atlas()
    n = len(atlas.classes)
    index = np.linspace(0, n - 1, round(width * n)).round().astype(int)
    name = atlas.overview[atlas.classes[index, ..., 0]]
    levels = [255 * (name == n) for n in range(len(overview_table()) + 1)]
    return np.stack(levels).astype(np.uint8)


def test_an_atlas_lies_on_itself():
    atlas = head_atlas()
    found = placed(of_atlas(1.0), atlas.centroids_mm(), atlas.spacing_mm)
    assert np.abs(found.matrix - np.eye(4)).max() < 1e-6
    assert found.agreement > 0.8


def test_a_head_that_is_half_as_wide_is_none():
    atlas = head_atlas()
    assert placed(of_atlas(0.5), atlas.centroids_mm(), atlas.spacing_mm).matrix is None


def test_what_the_map_leaves_over_moves_what_is_near():
    middles_mm = np.array([[20.0, 20.0, 20.0], [120.0, 20.0, 20.0]])
    moves = np.array([[0.0, 12.0, 0.0], [0.0, 0.0, 0.0]])
    place = Placement(np.eye(4), 1.0, middles_mm, moves, np.array([2.0, 2.0]))
    field = place.field([np.arange(0, 145, 5.0), np.arange(0, 45, 5.0), np.arange(0, 45, 5.0)])
    assert field.shape == (3, 29, 9, 9)
    assert field[1, 4, 4, 4] == pytest.approx(12 * 2 / 2.3, rel=0.01)
    assert abs(field[1, 24, 4, 4]) < 0.1
    assert not field[[0, 2]].any()


def test_an_atlas_on_itself_is_not_moved():
    atlas = head_atlas()
    place = placed(of_atlas(1.0), atlas.centroids_mm(), atlas.spacing_mm)
    assert np.abs(place.moves).max() < 1e-6
