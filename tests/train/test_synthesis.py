from dataclasses import replace

import numpy as np
import pytest
import torch

from anatwin.core import craniofacial_table, head_table, overview_index, overview_table
from anatwin.train.contrast import NAMES, draw_contrast
from anatwin.train.feed import Source
from anatwin.train.fields import Chance, along_axes, slices, smooth_field, spline, stretch
from anatwin.train.maps import FineMap
from anatwin.train.numbering import SOFT_TISSUE, STRUCTURE_OF, fine_index, parents_of
from anatwin.train.pose import Pose
from anatwin.train.scanner import Scanner
from anatwin.train.synthesis import (
    EASY,
    EASY_OVERVIEW,
    OVERVIEW,
    Synthesis,
    without_part,
)
from anatwin.train.view import View

STILL = Synthesis(
    pose=Pose(rotation_deg=0.0, scale=0.0, shear=0.0, warp_mm=0.0),
    view=View(stripped=0.0, cut=0.0, foot=0.0),
    scanner=Scanner(thick=0.0, coarse=0.0),
    flip=0.0,
)
SHAPE = (32, 40, 36)


class TestFields:
    def test_spline_weights_sum_to_one(self):
        assert np.allclose(spline(37, 9.3).sum(1), 1, atol=1e-6)

    @pytest.mark.parametrize(("n", "spacing"), [(33, 1.0), (40, 2.7), (29, 5.0)])
    def test_slices_and_stretch_keep_a_constant(self, n, spacing):
        down = slices(n, spacing, 0.5 * spacing)
        up = stretch(n, len(down))
        assert np.allclose(up @ (down @ np.ones(n)), 1, atol=1e-5)

    def test_along_axes_is_the_tensor_product(self):
        rng = np.random.default_rng(0)
        x = rng.random((3, 4, 5), np.float32)
        a, b, c = (rng.random((m, n), np.float32) for m, n in ((6, 3), (2, 4), (7, 5)))
        ours = along_axes(torch.from_numpy(x), (a, b, c)).numpy()
        assert np.allclose(ours, np.einsum("ai,bj,ck,ijk->abc", a, b, c, x), atol=1e-4)

    def test_smooth_field_is_smooth_and_of_unit_size(self):
        noise = torch.Generator().manual_seed(0)
        field = smooth_field((80, 72, 76), 6.0, noise)
        assert 0.6 < float(field.std()) < 1.6
        assert float(field.diff(dim=0).abs().mean()) < 0.25


class TestContrast:
    @pytest.mark.parametrize("plausible", [0.0, 1.0])
    def test_every_tissue_has_a_finite_brightness(self, plausible):
        rng = np.random.default_rng(3)
        for _ in range(50):
            contrast = draw_contrast(rng, plausible=plausible)
            assert contrast.mean.shape == contrast.spread.shape == (len(NAMES),)
            assert np.isfinite(contrast.mean).all()
            assert (contrast.mean >= 0).all()
            assert (contrast.spread >= 0).all()


class TestSynthesis:
    def test_one_seed_one_patch(self, head):
        a, b, c = (Synthesis().patch(head, SHAPE, seed) for seed in (5, 5, 6))
        assert np.array_equal(a.image, b.image)
        assert np.array_equal(a.target, b.target)
        assert not np.array_equal(a.image, c.image)

    @pytest.mark.parametrize("recipe", [EASY, Synthesis()], ids=["easy", "full"])
    @pytest.mark.parametrize("seed", range(6))
    def test_images_are_finite_from_zero_to_one(self, head, seed, recipe):
        sample = recipe.patch(head, SHAPE, seed)
        assert sample.image.shape == sample.target.shape == SHAPE
        assert np.isfinite(sample.image).all()
        assert 0 <= sample.image.min() <= sample.image.max() <= 1
        assert sample.target.max() < len(head_table()) + 1

    def test_without_motion_the_truth_is_the_map(self, head):
        sample = STILL.whole(head, head.data.shape, 1)
        assert np.array_equal(sample.target, STRUCTURE_OF[head.data])

    def test_mirroring_swaps_the_sides(self, head):
        straight = STILL.whole(head, head.data.shape, 1)
        mirrored = replace(STILL, flip=1.0).whole(head, head.data.shape, 1)
        assert np.array_equal(head_table().mirrored()[straight.target][::-1], mirrored.target)

    def test_sides_stay_where_they_belong(self, head):
        for seed in range(6):
            truth = Synthesis(pose=Pose(warp_mm=1.0)).whole(head, (64, 72, 68), seed).target
            left, right = (np.argwhere(truth == s)[:, 0].mean() for s in (1, 2))
            assert left < right

    def test_stripped_images_show_nothing_but_brain(self, head):
        stripped = replace(STILL, view=View(stripped=1.0, cut=0.0, foot=0.0)).whole(
            head, head.data.shape, 2
        )
        outer = STRUCTURE_OF[head.data] == 19
        assert not stripped.target[outer].any()
        assert not stripped.image[outer].any()
        assert set(range(1, 5)) <= set(np.unique(stripped.target).tolist())

    def test_an_empty_patch_is_no_error(self, head):
        sample = STILL.patch(replace(head, seeds=np.full((3, 3), 900, np.int32)), (32, 36, 40), 4)
        assert np.isfinite(sample.image).all()


class TestRegions:
    def head(self):
        regions = np.full((48, 52, 44), craniofacial_table()["soft_tissue"].index, np.uint8)
        regions[4:20, 10:30, 10:30] = craniofacial_table()["masseter_left"].index
        regions[30:46, 10:30, 10:30] = craniofacial_table()["masseter_right"].index
        fine = np.full(regions.shape, fine_index("soft_tissue", SOFT_TISSUE), np.uint8)
        return FineMap("toy", fine, np.argwhere(regions > 0)[:5].astype(np.int32), regions)

    def test_the_truth_is_the_regions(self):
        head = self.head()
        sample = STILL.whole(head, head.data.shape, 3)
        smooth_edges = (sample.target == head.regions).mean()
        assert smooth_edges > 0.9

    def test_a_mirrored_head_swaps_the_muscles(self):
        head = self.head()
        straight = STILL.whole(head, head.data.shape, 3).target
        mirrored = replace(STILL, flip=1.0).whole(head, head.data.shape, 3).target
        swapped = craniofacial_table().mirrored()[straight][::-1]
        assert (mirrored == swapped).mean() > 0.9

    def test_a_muscle_has_one_brightness(self):
        head = self.head()
        dark = replace(STILL, scanner=Scanner(thick=0.0, coarse=0.0, bias=0.0, noise=0.0))
        found = [dark.whole(head, head.data.shape, seed) for seed in range(4)]
        for sample in found:
            muscle = np.isin(sample.target, (3, 4))
            inner = sample.image[muscle]
            assert inner.std() < sample.image.std() + 0.05


class TestOverview:
    def head(self, blob):
        region = craniofacial_table()["brain"].index
        regions = np.where(STRUCTURE_OF[blob.data] <= 10, region, 28).astype(np.uint8)
        return replace(blob, regions=np.where(blob.data == 0, 0, regions).astype(np.uint8))

    def test_the_truth_is_the_brains_parts_and_what_lies_around(self, head):
        head = self.head(head)
        recipe = replace(STILL, is_overview=True)
        expected = overview_index(STRUCTURE_OF[head.data], head.regions)
        assert np.array_equal(recipe.whole(head, head.data.shape, 1).target, expected)
        mirrored = replace(recipe, flip=1.0).whole(head, head.data.shape, 1).target
        assert np.array_equal(overview_table().mirrored()[expected][::-1], mirrored)
        assert recipe.table(head) == overview_table()

    def test_voxels_of_two_millimetres_show_twice_the_head(self, head):
        fine, coarse = (
            replace(STILL, voxel_mm=mm).whole(head, (20, 20, 20), 1).target for mm in (1.0, 2.0)
        )
        assert np.array_equal(np.unique(coarse), np.unique(STRUCTURE_OF[head.data]))
        assert len(np.unique(fine)) < len(np.unique(coarse))

    @pytest.mark.parametrize("recipe", [OVERVIEW, EASY_OVERVIEW], ids=["full", "easy"])
    def test_images_are_finite_from_zero_to_one(self, head, recipe):
        for seed in range(4):
            sample = recipe.patch(self.head(head), SHAPE, seed)
            assert np.isfinite(sample.image).all()
            assert 0 <= sample.image.min() <= sample.image.max() <= 1
            assert sample.target.max() <= len(overview_table())

    def test_a_lost_part_of_the_brain_is_fluid(self, head):
        fine = torch.from_numpy(head.data)
        found = [without_part(fine, Chance.of(seed), voxel_mm=1.0) for seed in range(5)]
        for lost in found:
            changed = lost != fine
            assert changed.any()
            assert (STRUCTURE_OF[lost[changed].numpy()] == 10).all()
            assert (STRUCTURE_OF[fine[changed].numpy()] <= 8).all()
        assert not torch.equal(found[0], found[1])
        assert torch.equal(
            without_part(torch.zeros_like(fine), Chance.of(0), voxel_mm=1.0), fine * 0
        )

    def test_easy_images_are_those_of_the_source(self, prepared):
        source = Source(prepared, synthesis=OVERVIEW, easy=EASY_OVERVIEW)
        assert source.choose(0, easy=1.0)[2] is EASY_OVERVIEW
        assert source.choose(0, easy=0.0)[2] is OVERVIEW
        assert source.table() == overview_table()


def test_parents_are_structures_of_the_head():
    head = head_table()
    for table in (craniofacial_table(), overview_table()):
        found = parents_of(table)
        assert len(found) == len(table) + 1
        parent = {label.name: found[label.index] for label in table.labels}
        assert parent["masseter_left"] == head["soft_tissue"].index
        assert parent["mandible"] == head["bone"].index
        assert parent["eye_right"] == head["eye_right"].index
    assert parents_of(overview_table())[1:14] == tuple(range(1, 14))
