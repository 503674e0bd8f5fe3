import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from anatwin.core import QualityError, UsageError
from anatwin.nets import load
from anatwin.ops.blocks import block_mean, shares_kept
from anatwin.phantoms import femora
from anatwin.simulate import Restoration
from anatwin.simulate.bone_guess import guessed
from anatwin.simulate.coarse_mechanics import coarse_channels
from anatwin.simulate.kept_femora import kept_femur, whole_blocks
from anatwin.train.enhance import TrainEnhance
from anatwin.train.enhance_data import batch, example
from anatwin.train.enhance_export import write_enhance
from anatwin.train.enhance_loop import (
    EnhanceTraining,
    enhance_state,
    start_or_resume_enhance,
    train_enhance,
)
from anatwin.train.enhance_losses import EnhanceLoss, broken_skeleton, stiffness_error
from anatwin.train.enhance_network import EnhanceNetwork, EnhanceShape, keep_shares
from anatwin.train.schedule import Schedule

TINY = EnhanceShape(features=8, blocks=1, fine=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("grown")


@pytest.fixture(scope="module")
def grown(folder):
    femur = femora(0)[3]
    grid = whole_blocks(femur, 0.5, 10)
    return femur, kept_femur(3, femur, grid, folder=folder, iterations=3), grid


@pytest.fixture(scope="module")
def learned(grown):
    return example(*grown)


def training(out, learned, **changes):
    schedule = Schedule(steps=60, warm_up=2, rate=1e-2)
    run = EnhanceTraining((learned,), schedule, out, edge=8, count=2, log_every=10)
    return replace(run, **changes)


class TestBatches:
    def test_every_mirror_strains_a_window_as_it_turns_it(self, grown):
        """Channels of a mirrored femur are the mirrored channels, shear's sign included."""
        femur, bone, grid = grown
        body = femur.body(grid, bone.astype(float))
        edge = min(body.cells) // 10 * 10
        body = replace(
            body,
            grid=type(grid).isotropic((edge, edge, 1), 0.5),
            density=body.density[:edge, :edge],
            fixed=body.fixed[:, : edge + 1, : edge + 1],
            forces_mn=np.zeros((1, 2, edge + 1, edge + 1)),
            weights=(1.0,),
            solid=None,
        )
        node = np.argwhere(body.density[..., 0] > 0).max(axis=0)
        rows = np.flatnonzero(body.density[:, node[1], 0])
        body.forces_mn[0, :, rows[0] : rows[-1] + 2, node[1] + 1] = np.array([[1.0], [-3.0]])
        mirrored = replace(
            body,
            density=body.density[::-1],
            fixed=body.fixed[:, ::-1],
            forces_mn=body.forces_mn[:, :, ::-1] * np.array([-1, 1])[None, :, None, None],
        )
        turned = replace(
            body,
            density=body.density.swapaxes(0, 1),
            fixed=body.fixed[::-1].swapaxes(1, 2),
            forces_mn=body.forces_mn[:, ::-1].swapaxes(2, 3),
        )
        plain = coarse_channels(body, 10)
        from anatwin.train.enhance_data import _turned

        fine = body.density[..., 0]
        for other, turns in ((mirrored, 1), (turned, 4)):
            expected = _turned(plain, fine, fine, turns=turns)
            assert coarse_channels(other, 10) == pytest.approx(expected[0], abs=2e-5)
            assert np.array_equal(other.density[..., 0], expected[1])

    def test_windows_are_whole_and_new_noise_is_drawn(self, learned):
        one, same, other = (
            batch((learned,), edge=6, count=3, seed=(0, step)) for step in (4, 4, 5)
        )
        assert one.channels.shape == (3, 9, 6, 6)
        assert one.bone.shape == one.inside.shape == (3, 1, 60, 60)
        assert torch.equal(one.channels, same.channels)
        assert not torch.equal(one.channels, other.channels)
        assert (one.bone <= one.inside).all()
        shares = torch.nn.functional.avg_pool2d(one.bone, 10)[:, 0]
        assert 0 < (one.channels[:, 0] - shares).abs().max() < 0.12


class TestShares:
    def test_the_layer_keeps_every_share_as_the_arrays_do(self, learned):
        windows = batch((learned,), edge=6, count=2, seed=(0, 0))
        logits = torch.randn(windows.bone.shape, generator=torch.Generator().manual_seed(0))
        share = torch.nn.functional.avg_pool2d(windows.bone, 10)
        kept = keep_shares(logits, share, windows.inside).sigmoid() * windows.inside
        found = torch.nn.functional.avg_pool2d(kept, 10)
        assert (found - share).abs().max() < 2e-3
        room = windows.inside[0, 0].numpy() > 0.5
        ours = shares_kept(logits[0, 0].numpy(), share[0, 0].numpy(), room)
        assert ours == pytest.approx(kept[0, 0].numpy(), abs=0.05)
        assert block_mean(ours, 10) == pytest.approx(share[0, 0].numpy(), abs=1e-5)

    def test_its_gradient_is_that_of_the_whole_layer(self):
        chance = torch.Generator().manual_seed(1)
        logits = torch.randn((1, 1, 10, 10), generator=chance, dtype=torch.float64)
        logits.requires_grad_()
        share, inside = torch.full((1, 1, 1, 1), 0.3), torch.ones((1, 1, 10, 10))
        assert torch.autograd.gradcheck(
            lambda x: keep_shares(x, share.double(), inside.double()), logits, eps=1e-4, atol=1e-4
        )


def columns():
    """Return a thin and a thick column between two plates, ``1 1 80 80``."""
    bone = torch.zeros((1, 1, 80, 80))
    bone[..., :10, :] = bone[..., -10:, :] = 1
    bone[..., 18:22] = bone[..., 44:64] = 1
    return bone


def cut():
    bone = columns()
    bone[..., 38:43, 18:22] = 0
    return bone


def shaved():
    bone = columns()
    bone[..., 30:50, 44] = 0
    return bone


@pytest.mark.parametrize("term", [stiffness_error, broken_skeleton])
class TestTerms:
    def test_the_truth_costs_nothing(self, term):
        assert term(columns(), columns()) == pytest.approx(0, abs=1e-6)

    def test_a_cut_strut_costs_more_than_as_much_shaved_off_a_thick_one(self, term):
        assert (cut() != columns()).sum() == (shaved() != columns()).sum()
        assert term(cut(), columns()) > 5 * term(shaved(), columns())

    def test_its_gradient_mends_the_cut(self, term):
        density = (0.7 * cut() + 0.3).requires_grad_()
        term(density, columns()).backward()
        gap = density.grad[..., 38:43, 18:22]
        assert (gap < 0).any()
        assert gap.min() == density.grad.min()


def test_a_false_bridge_breaks_the_skeleton_more_than_as_much_on_a_thick_one():
    bridged, thicker = columns(), columns()
    bridged[..., 38:42, 22:44] = 1
    thicker[..., 29:51, 64:68] = 1
    assert (bridged != columns()).sum() == (thicker != columns()).sum()
    assert broken_skeleton(bridged, columns()) > 2 * broken_skeleton(thicker, columns())


def test_the_slope_of_stiffness_is_that_of_finite_differences():
    chance = torch.Generator().manual_seed(0)
    density = 0.2 + 0.6 * torch.rand((2, 1, 8, 12), generator=chance, dtype=torch.float64)
    bone = (torch.rand(density.shape, generator=chance) > 0.5).double()
    way = torch.randn(density.shape, generator=chance, dtype=torch.float64)
    density.requires_grad_()
    stiffness_error(density, bone).backward()
    ends = [float(stiffness_error(density.detach() + step * way, bone)) for step in (-1e-4, 1e-4)]
    slope = (ends[1] - ends[0]) / 2e-4
    assert slope == pytest.approx(float((density.grad * way).sum()), rel=1e-4)


def test_the_terms_are_weighed_beside_the_shares(learned):
    windows = batch((learned,), edge=6, count=2, seed=(0, 0))
    model = enhance_state(TINY).model.requires_grad_(False)
    plain, *sums = (
        float(EnhanceLoss(stiffness=a, connectivity=b)(model, windows))
        for a, b in ((0, 0), (1, 0), (0, 1), (0.5, 0.25))
    )
    stiffness, connectivity, both = (total - plain for total in sums)
    assert min(stiffness, connectivity) > 0.01
    assert both == pytest.approx(0.5 * stiffness + 0.25 * connectivity, rel=1e-4)


@pytest.mark.parametrize("settings", [{"stiffness": -1.0}, {"kind": "l1", "connectivity": 0.1}])
def test_weights_that_make_no_loss_are_refused(settings):
    with pytest.raises(UsageError, match="'shares' alone"):
        EnhanceLoss(**settings)


class TestTraining:
    @pytest.mark.parametrize("kind", ["shares", "l1", "l2"])
    def test_the_loss_falls(self, tmp_path, learned, kind):
        loss = EnhanceLoss(kind=kind)
        run = training(tmp_path, learned, loss=loss)
        state = train_enhance(run, start_or_resume_enhance(run, TINY))
        entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
        assert [entry["step"] for entry in entries] == list(range(10, 61, 10))
        windows = batch((learned,), edge=8, count=4, seed=(9, 9))
        before = loss(enhance_state(TINY).model, windows)
        assert loss(state.model, windows) < 0.9 * before

    def test_it_resumes_where_it_stopped(self, tmp_path, learned):
        whole, parts = tmp_path / "whole", tmp_path / "parts"
        run = training(whole, learned, schedule=Schedule(steps=6, warm_up=1, floor=1.0))
        once = train_enhance(run, start_or_resume_enhance(run, TINY))
        for steps in (2, 6):
            schedule = Schedule(steps=steps, warm_up=1, floor=1.0)
            part = replace(run, out=parts, schedule=schedule)
            twice = train_enhance(part, start_or_resume_enhance(part, TINY))
        assert twice.step == 6
        for one, other in zip(once.model.parameters(), twice.model.parameters(), strict=True):
            assert torch.allclose(one, other, atol=1e-6)

    def test_what_is_not_finite_is_an_error(self, tmp_path, learned):
        run = training(tmp_path, replace(learned, channels=learned.channels * np.nan))
        state = enhance_state(TINY)
        torch.nn.init.constant_(state.model.enter.weight, float("nan"))
        run = training(tmp_path, learned)
        with pytest.raises(QualityError, match="not finite"):
            train_enhance(run, state)


class TestExport:
    @pytest.mark.parametrize("patch", [0, 8])
    def test_the_file_says_what_torch_says(self, tmp_path, grown, patch):
        state = enhance_state(TINY, seed=1)
        assert write_enhance(state, tmp_path, patch=patch) < 1e-4
        network = load(tmp_path / "enhance.onnx")
        assert network.about == {"factor": "10", "patch": str(patch)}
        femur, bone, grid = grown
        body = femur.body(grid, bone.astype(float))
        score = guessed(body, tmp_path / "enhance.onnx")
        assert score.shape == bone.shape
        if not patch:
            model = EnhanceNetwork(TINY)
            model.load_state_dict(state.averaged)
            channels = torch.from_numpy(coarse_channels(body, 10).astype(np.float32))
            with torch.no_grad():
                assert score == pytest.approx(model(channels[None])[0, 0].numpy(), abs=2e-2)

    def test_the_network_starts_a_restoration(self, tmp_path, grown):
        write_enhance(enhance_state(TINY), tmp_path)
        femur, bone, grid = grown
        body = femur.body(grid, bone.astype(float))
        shares = block_mean(body.density[..., 0], 10)
        for iterations in (0, 2):
            method = Restoration(iterations=iterations, model=tmp_path / "enhance.onnx")
            found = method(body).data[..., 0]
            assert set(np.unique(found)) == {0, 1}
            assert np.abs(block_mean(found, 10) - shares).max() <= 0.011


class TestCommand:
    @pytest.mark.parametrize(("loss", "patch"), [("shares", "0"), ("l2", "8")])
    def test_it_grows_trains_and_writes(self, tmp_path, folder, grown, loss, patch):
        TrainEnhance(
            out=tmp_path,
            femora=folder,
            numbers=(3,),
            spacing_mm=0.5,
            loss=loss,
            stiffness=float(loss == "shares"),
            steps=2,
            features=8,
            blocks=1,
        ).run()
        assert load(tmp_path / "enhance.onnx").about["patch"] == patch
        assert (tmp_path / "enhance.safetensors").stat().st_size < 100_000

    @pytest.mark.parametrize(
        ("settings", "complaint"),
        [
            ({"steps": 0}, "length"),
            ({"numbers": (11,)}, "0 to 10"),
            ({"rate": 0.0}, "positive"),
            ({"spacing_mm": 2.0}, "spacing_mm"),
        ],
    )
    def test_senseless_settings_are_refused(self, tmp_path, settings, complaint):
        with pytest.raises(UsageError, match=complaint):
            TrainEnhance(out=tmp_path, femora=tmp_path, **settings)
