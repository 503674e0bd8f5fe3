"""Views train a segmentation and an alignment; each loss steps the network it is meant for."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor

from anatwin.acquire import ThickSlices
from anatwin.core import InputError, Transform
from anatwin.ops.rigid_motion import rigid as rigid_matrix
from anatwin.train.align_net import AlignNet, AlignShape, aligned, lattice_index
from anatwin.train.intertwined import (
    Weights,
    align_loss,
    align_loss_with_masks,
    segment_loss_across,
)
from anatwin.train.pairs import draw_pair
from anatwin.train.planned_unet import PlannedUNet
from anatwin.train.rigid_warp import difference, local_correlation, rigid, warp
from anatwin.train.subjects import read_subjects
from anatwin.train.supervised import planned_shape
from anatwin.train.thick_views import LATTICE, prepare_views
from anatwin.train.views_apply import labelled, refined
from anatwin.train.views_loop import ViewsTraining, train_views
from anatwin.train.views_plan import views_plan, views_recipe

EDGE = 80.0
PLAN = replace(views_plan(8.0, edge_mm=48.0, steps=2), widths=(8, 8, 16, 16))


def write_person(path, *, seed, shape=(50, 44, 38)):
    """Write a bent ellipsoid in a textured surrounding."""
    rng = np.random.default_rng(seed)
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    label = (x / 0.5) ** 2 + ((y - 0.3 * x**2) / 0.4) ** 2 + (z / 0.6) ** 2 < 1
    waves = sum(np.sin(rng.uniform(2, 6) * a + rng.uniform(0, 6)) for a in (x, y, z, x + y))
    with h5py.File(path, "w") as file:
        file["image"] = (waves + 4 * label).astype(np.float32)
        file["label"] = label.astype(np.uint8)


@pytest.fixture(scope="module")
def subjects(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    for seed in (1, 2):
        write_person(folder / f"p{seed}.h5", seed=seed)
    return read_subjects(folder, spacing_mm=1.0)


@pytest.fixture(scope="module")
def views(subjects, tmp_path_factory):
    scan = ThickSlices(distance_mm=8.0, rotation_deg=20, shift_mm=6)
    return prepare_views(subjects, scan, tmp_path_factory.mktemp("views"), poses=1, edge_mm=EDGE)


def pair_of(views, *, reach, seed=0):
    multiple = planned_shape(PLAN, views_recipe(PLAN)).multiple
    return draw_pair(views["p1"], np.random.default_rng(seed), reach=reach, multiple=multiple)


def networks():
    torch.manual_seed(0)
    net = AlignNet(AlignShape(widths=(8, 8, 8, 8), hidden=8))
    torch.nn.init.normal_(net.parameters_of_motion.weight, std=0.02)
    return net, PlannedUNet(planned_shape(PLAN, views_recipe(PLAN)))


def smooth_image(seed=0):
    noise = torch.from_numpy(np.random.default_rng(seed).random((1, 1, 6, 6, 6), np.float32))
    return torch.nn.functional.interpolate(noise, (LATTICE,) * 3, mode="trilinear")


def motion(seed):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(
        rigid_matrix(rng.uniform(-25, 25, 3), rng.uniform(-0.6, 0.6, 3)).astype(np.float32)
    )[None]


class TestGeometry:
    def test_the_object_lies_in_the_middle_of_its_cube(self, subjects):
        image, mask = subjects[0].in_cube(EDGE)
        voxels = np.argwhere(mask.data > 0.5)
        middle = (voxels.min(axis=0) + voxels.max(axis=0)) / 2
        assert np.abs(middle - (EDGE - 1) / 2).max() <= 1
        assert image.data.min() == 0

    def test_a_motion_is_the_numpy_one(self):
        turn, shift = [0.3, -0.2, 0.1], [4.0, 5.0, -6.0]
        ours = rigid(torch.tensor([turn]), torch.tensor([shift]))[0]
        np.testing.assert_allclose(ours, rigid_matrix(np.array(shift), np.array(turn)), atol=2e-5)

    def test_warps_compose_from_the_left(self):
        first, second = motion(1), motion(2)
        image = smooth_image()
        edge = (LATTICE,) * 3
        twice = warp(warp(image, lattice_index(first), edge), lattice_index(second), edge)
        once = warp(image, lattice_index(first @ second), edge)
        inner = (slice(None), slice(None), *[slice(14, -14)] * 3)
        assert (twice - once)[inner].abs().max() < 0.05
        wrong = warp(image, lattice_index(second @ first), edge)
        assert (twice - wrong)[inner].abs().max() > 0.1

    def test_estimates_are_accumulated_in_that_order(self):
        parts = [motion(3), motion(4)]
        seen: list[Tensor] = []

        def estimate(moving, fixed):
            seen.append(moving)
            return parts[len(seen) - 1]

        image = smooth_image()
        found = aligned(estimate, image, image, start=torch.eye(4)[None], steps=2)
        assert torch.allclose(found, parts[0] @ parts[1], atol=1e-4)
        edge = (LATTICE,) * 3
        assert torch.allclose(seen[1], warp(image, lattice_index(parts[0]), edge), atol=1e-5)

    def test_true_motions_bring_masks_onto_each_other(self, views):
        pair = pair_of(views, reach=0.0)
        edge = (LATTICE,) * 3
        moved = warp(pair.moving_mask, lattice_index(pair.start), edge)
        assert difference(moved, pair.fixed_mask) < 0.2
        on_slices = pair.onto_fixed(pair.moving, pair.start)
        assert on_slices.shape == pair.fixed.shape
        assert local_correlation(on_slices, pair.fixed) > 0.6

    def test_an_untrained_alignment_keeps_the_start(self, subjects):
        image, _ = subjects[0].in_cube(EDGE)
        start = Transform.from_matrix(rigid_matrix(np.array([3.0, 2, 1]), np.array([0.1, 0, 0])))
        found = refined(AlignNet(AlignShape()), image, image, start=start)
        np.testing.assert_allclose(found.matrix, start.matrix, atol=1e-4)


class TestLosses:
    def gradients(self, loss, *models):
        for model in models:
            model.zero_grad(set_to_none=True)
        loss.backward()
        return [
            sum(float(w.grad.norm()) for w in model.parameters() if w.grad is not None)
            for model in models
        ]

    def test_masks_step_the_alignment_alone(self, views):
        pair = pair_of(views, reach=0.1)
        net, segmentor = networks()
        with_masks, none = Weights(segmentations=1.0), Weights(segmentations=0.0)
        loss = align_loss_with_masks(net, segmentor, pair, with_masks)
        stepped, other = self.gradients(loss, net, segmentor)
        without, _ = self.gradients(align_loss(net, pair, none)[0], net, segmentor)
        assert other == 0
        assert abs(stepped - without) > 1e-4 * without

    def test_images_step_the_segmentation_alone(self, views):
        pair = pair_of(views, reach=0.1)
        net, segmentor = networks()
        norms = []
        for weight in (0.0, 1.0):
            weights = Weights(segmentations=weight)
            loss = segment_loss_across(net, segmentor, pair, weights)
            norm, other = self.gradients(loss, segmentor, net)
            assert other == 0
            norms.append(norm)
        assert norms[0] > 0
        assert abs(norms[1] - norms[0]) > 1e-4 * norms[0]

    def test_alignment_learns_to_undo_a_motion(self, views):
        pair = pair_of(views, reach=0.3, seed=5)
        net, _ = networks()
        optimiser = torch.optim.Adam(net.parameters(), 1e-3)
        losses = []
        for _ in range(6):
            loss, _ = align_loss(net, pair, Weights())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(float(loss.detach()))
        assert min(losses[-2:]) < losses[0] - 0.005


class TestTraining:
    def test_a_finished_training_is_only_read(self, views, subjects, tmp_path):
        training = ViewsTraining(
            views=views, plan=PLAN, out=tmp_path, align_steps=2, together_steps=2
        )
        segmentor, net = train_views(training)
        times = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("log.jsonl")}
        assert len(times) == 4
        again, net_again = train_views(training)
        for one, two in ((segmentor, again), (net, net_again)):
            pairs = zip(one.parameters(), two.parameters(), strict=True)
            assert all(torch.equal(a, b) for a, b in pairs)
        assert times == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("log.jsonl")}
        image, _ = subjects[0].in_cube(EDGE)
        stack = ThickSlices(distance_mm=8.0)(image).volume
        assert labelled(segmentor, stack).grid == stack.grid

    def test_people_without_an_object_are_named(self, tmp_path):
        for name in ("a", "b"):
            with h5py.File(tmp_path / f"{name}.h5", "w") as file:
                file["image"] = np.ones((5, 6, 7), np.float32)
                file["label"] = np.zeros((5, 6, 7), np.uint8)
        with pytest.raises(InputError, match="a marks no object"):
            read_subjects(tmp_path, spacing_mm=1.0)[0].in_cube(32.0)

    def test_one_person_is_too_few(self, tmp_path):
        write_person(tmp_path / "one.h5", seed=1)
        with pytest.raises(InputError, match="2 or more"):
            read_subjects(tmp_path, spacing_mm=1.0)
