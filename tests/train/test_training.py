import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from anatwin.core import (
    InputError,
    QualityError,
    UsageError,
    craniofacial_table,
    overview_table,
)
from anatwin.train import export
from anatwin.train.checkpoint import (
    load_checkpoint,
    load_weights,
    save_checkpoint,
    state_from_weights,
)
from anatwin.train.copies import train_copies
from anatwin.train.feed import Feed, Source, make
from anatwin.train.loop import Training, make_batch, start_or_resume, train
from anatwin.train.losses import dice_and_cross_entropy
from anatwin.train.processes import is_quick_in_bfloat16
from anatwin.train.schedule import Schedule
from anatwin.train.segment import TrainSegment
from anatwin.train.state import fresh_state, new_state
from anatwin.train.synthesis import EASY_OVERVIEW, OVERVIEW
from anatwin.train.unet import UNet, UNetShape, depth_to_space, space_to_depth

TINY = UNetShape(widths=(8, 16, 16, 16, 16), head_width=16)


def tiny_training(prepared, out, *, steps, patches=(32,), shares=(1.0,)):
    schedule = Schedule(
        steps=steps, patches=patches, shares=shares, warm_up=2, floor=1.0, easy_until=0.0
    )
    source = Source(prepared, seed=3)
    return Training(source, schedule, out, workers=0, threads=1, bfloat16=False, log_every=2)


class TestNetwork:
    def test_space_to_depth_and_back(self):
        x = torch.rand(2, 3, 4, 6, 8)
        assert torch.equal(depth_to_space(space_to_depth(x)), x)

    def test_scores_have_the_shape_of_the_image(self):
        assert UNet(TINY)(torch.rand(1, 1, 64, 32, 96)).shape == (1, 21, 64, 32, 96)

    def test_some_corners_are_those_of_all(self):
        net, image = UNet(TINY), torch.rand(1, 1, 32, 64, 32)
        with torch.no_grad():
            every = net.blocks(image).unflatten(1, (8, 21))
            some = net.blocks(image, torch.tensor([1, 6])).unflatten(1, (2, 21))
        assert torch.allclose(some, every[:, [1, 6]], atol=1e-5)

    def test_loss_does_not_depend_on_the_layout(self):
        scores, target = torch.randn(1, 21, 4, 6, 8), torch.randint(0, 21, (1, 4, 6, 8))
        blocks = scores.reshape(1, 21, 2, 2, 3, 2, 4, 2).permute(0, 3, 5, 7, 1, 2, 4, 6)
        wanted = space_to_depth(target[:, None])
        loss = dice_and_cross_entropy(blocks.reshape(1, 168, 2, 3, 4), wanted, classes=21)
        share = scores.softmax(1)
        true = torch.nn.functional.one_hot(target, 21).movedim(-1, 1)
        dims = (0, 2, 3, 4)
        dice = (2 * (share * true).sum(dims) + 1) / (share.sum(dims) + true.sum(dims) + 1)
        dice = dice[1:][true.sum(dims)[1:] > 0].mean()
        each = torch.nn.functional.cross_entropy(scores, target, reduction="none")
        present = [c for c in range(21) if (target == c).any()]
        even = torch.stack([each[target == c].mean() for c in present]).mean()
        expected = 1 - dice + 0.5 * (each.mean() + even)
        assert torch.isclose(loss, expected, atol=1e-5)
        plain = dice_and_cross_entropy(
            blocks.reshape(1, 168, 2, 3, 4), wanted, classes=21, even=0.0
        )
        assert torch.isclose(plain, 1 - dice + each.mean(), atol=1e-5)

    def test_a_perfect_answer_costs_nothing(self):
        target = torch.randint(0, 21, (1, 4, 6, 8))
        scores = 50.0 * torch.nn.functional.one_hot(target, 21).movedim(-1, 1).float()
        blocks = space_to_depth(scores).reshape(1, 8, 21, 2, 3, 4).reshape(1, 168, 2, 3, 4)
        assert dice_and_cross_entropy(blocks, space_to_depth(target[:, None]), classes=21) < 1e-4


class TestSchedule:
    def test_patches_grow(self):
        schedule = Schedule(steps=100, patches=(64, 96), shares=(0.4, 0.6))
        assert [schedule.patch(d) for d in (0.0, 0.39, 0.41, 1.0)] == [64, 64, 96, 96]

    def test_structures_count_alike_until_near_the_end(self):
        schedule = Schedule(even_until=0.8)
        assert [schedule.even(d) for d in (0.0, 0.79, 0.81)] == [0.5, 0.5, 0.0]

    def test_rate_rises_then_falls(self):
        schedule = Schedule(steps=1000, warm_up=10, rate=1e-2, floor=0.1)
        first, top, last = (schedule.learning_rate(s, s / 1000) for s in (0, 10, 1000))
        assert first < top
        assert last == pytest.approx(1e-3)

    def test_shares_must_sum_to_one(self):
        with pytest.raises(UsageError, match="summing to 1"):
            Schedule(patches=(32, 64), shares=(0.5, 0.6))


class TestTraining:
    def test_the_loss_falls(self, prepared, tmp_path):
        training = tiny_training(prepared, tmp_path / "out", steps=30)
        training.out.mkdir()
        train(training, fresh_state(0, TINY))
        lines = (training.out / "log.jsonl").read_text().splitlines()
        losses = [json.loads(line)["loss"] for line in lines]
        assert len(losses) == 15
        assert np.mean(losses[-4:]) < np.mean(losses[:4]) - 0.3

    def test_resuming_is_exact(self, prepared, tmp_path):
        whole, parts = (tmp_path / name for name in ("whole", "parts"))
        for folder in (whole, parts):
            folder.mkdir()
        train(tiny_training(prepared, whole, steps=4), fresh_state(0, TINY))
        train(tiny_training(prepared, parts, steps=2), fresh_state(0, TINY))
        second = tiny_training(prepared, parts, steps=4)
        resumed = start_or_resume(second)
        assert resumed.step == 2
        train(second, resumed)
        ours, theirs = load_checkpoint(parts), load_checkpoint(whole)
        assert ours.step == theirs.step == 4
        for name, weight in ours.averaged.items():
            assert torch.equal(weight, theirs.averaged[name]), name

    def test_checkpoints_hold_everything(self, tmp_path):
        state = fresh_state(1, TINY)
        state.model.blocks(torch.rand(1, 1, 32, 32, 64)).square().mean().backward()
        state.optimiser.step()
        state.step, state.seconds = 7, 1.5
        save_checkpoint(tmp_path, state)
        again = load_checkpoint(tmp_path)
        assert (again.step, again.seconds, again.model.shape) == (7, 1.5, TINY)
        pairs = zip(state.model.parameters(), again.model.parameters(), strict=True)
        for one, other in pairs:
            assert torch.equal(one, other)
            for key, value in state.optimiser.state[one].items():
                assert torch.equal(torch.as_tensor(value), again.optimiser.state[other][key])

    def test_a_loss_that_is_not_finite_stops_the_training(self, prepared, tmp_path):
        training = tiny_training(prepared, tmp_path, steps=40)
        state = fresh_state(0, TINY)
        with torch.no_grad():
            state.model.head.weight.fill_(float("nan"))
        with pytest.raises(QualityError, match="not finite"):
            train(training, state)

    def test_patches_of_a_step_do_not_depend_on_who_asks(self, prepared):
        source = Source(prepared, mixed=prepared[1:], mixed_share=0.5, seed=9)
        feed = Feed(source, None)
        for step in (3, 1):
            again = make(source, step, (32, 34, 36))
            assert np.array_equal(feed.take(step, (32, 34, 36)).image, again.image)

    def test_mixing_takes_its_share(self, prepared):
        source = Source(prepared[:1], mixed=prepared[1:], mixed_share=0.25)
        share = np.mean([source.choose(step)[0] == prepared[1] for step in range(400)])
        assert 0.18 < share < 0.32


class TestCopies:
    def test_copies_end_alike_though_their_patches_differ(self, prepared, tmp_path):
        export.write_network(TINY, fresh_state(5, TINY).averaged, tmp_path, name="start")
        training = tiny_training(prepared, tmp_path / "out", steps=0)
        training = replace(training, schedule=replace(training.schedule, minutes=0.05))
        ours = train_copies(training, 2, start=tmp_path / "start.onnx")
        theirs = load_checkpoint(tmp_path / "out" / "copy-1")
        assert theirs.step >= 1
        for name, weight in ours.averaged.items():
            assert torch.allclose(weight, theirs.averaged[name], atol=1e-6), name
        moments = [
            [state.optimiser.state[w]["exp_avg"] for w in state.model.parameters()]
            for state in (ours, theirs)
        ]
        assert any(not torch.equal(a, b) for a, b in zip(*moments, strict=True))

    def test_copies_need_a_time_to_end_at(self, tmp_path):
        with pytest.raises(UsageError, match="minutes"):
            TrainSegment(labels=tmp_path, out=tmp_path, copies=2)


class TestOverview:
    def test_it_needs_completed_maps(self, tmp_path):
        with pytest.raises(UsageError, match="needs regions"):
            TrainSegment(labels=tmp_path, out=tmp_path, overview=True)

    def test_the_network_is_named_by_what_it_learns(self, tmp_path):
        plain = TrainSegment(labels=tmp_path, out=tmp_path)
        face = replace(plain, regions=tmp_path)
        names = [plain.network, face.network, replace(face, overview=True).network]
        assert names == ["head", "craniofacial", "overview"]

    def test_a_training_sees_some_corners_of_whole_heads(self, head, tmp_path):
        region = craniofacial_table()["brain"].index
        regions = np.where(head.data > 0, region, 0).astype(np.uint8)
        path = tmp_path / "blob.nii.gz.npz"
        np.savez_compressed(path, data=head.data, seeds=head.seeds, regions=regions)
        source = Source((path,), synthesis=OVERVIEW, easy=EASY_OVERVIEW)
        shape = replace(TINY, classes=len(overview_table()) + 1)
        training = replace(tiny_training((path,), tmp_path, steps=2), source=source, corners=2)
        state = train(training, fresh_state(0, shape))
        assert state.step == 2
        assert all(torch.isfinite(weight).all() for weight in state.averaged.values())


class TestExport:
    def test_onnxruntime_agrees_with_torch(self, tmp_path):
        state = fresh_state(2, TINY)
        difference = export.write_network(TINY, state.averaged, tmp_path)
        assert difference < export.TOLERANCE
        session = onnxruntime.InferenceSession(tmp_path / "head.onnx")
        (output,) = session.run(["logits"], {"image": np.zeros((1, 1, 32, 96, 64), np.float32)})
        assert output.shape == (1, 21, 32, 96, 64)
        onnx.checker.check_model(str(tmp_path / "head.onnx"))

    def test_a_network_that_disagrees_is_not_written(self, tmp_path, monkeypatch):
        monkeypatch.setattr(export, "TOLERANCE", -1.0)
        with pytest.raises(QualityError, match="nothing was written"):
            export.write_network(TINY, fresh_state(2, TINY).averaged, tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_shipped_weights_start_a_training(self, tmp_path):
        state = fresh_state(4, TINY)
        export.write_network(TINY, state.averaged, tmp_path)
        shape, weights = load_weights(tmp_path / "head.onnx")
        assert shape == TINY
        for name, weight in state.averaged.items():
            assert torch.equal(weights[name], weight.half())
        assert new_state(shape).step == 0

    def test_weights_that_differ_in_the_sign_of_zero_alone_are_found(self, tmp_path):
        state = fresh_state(4, TINY)
        first, second = (state.averaged[f"first.{n}.1.bias"] for n in (0, 1))
        first.fill_(0.0)
        second.fill_(-0.0)
        export.write_network(TINY, state.averaged, tmp_path)
        _, weights = load_weights(tmp_path / "head.onnx")
        for name, weight in state.averaged.items():
            assert torch.equal(weights[name], weight.half())

    def test_a_foreign_network_is_no_start(self, tmp_path):
        export.write_network(TINY, fresh_state(4, TINY).averaged, tmp_path)
        graph = onnx.load(tmp_path / "head.onnx")
        del graph.metadata_props[:]
        onnx.save(graph, tmp_path / "foreign.onnx")
        with pytest.raises(InputError, match="not a network that a training can start from"):
            load_weights(tmp_path / "foreign.onnx")

    def test_parts_of_a_class_share_its_probability(self, tmp_path):
        state = fresh_state(4, TINY)
        export.write_network(TINY, state.averaged, tmp_path)
        parents = (0, 15, 15, 3, *range(1, 21))
        whole = state_from_weights(tmp_path / "head.onnx").model
        parted = state_from_weights(tmp_path / "head.onnx", parents=parents).model
        image = torch.rand(1, 1, 32, 64, 32, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            before, after = (model(image)[0].exp() for model in (whole, parted))
        merged = torch.zeros_like(before).index_add(0, torch.tensor(parents), after)
        assert torch.allclose(merged, before, rtol=1e-4)


class TestBatches:
    def test_a_batch_is_the_patches_of_its_step(self, prepared, tmp_path):
        training = replace(tiny_training(prepared, tmp_path, steps=4), batch=2)
        feed = Feed(training.source, None)
        image, target = make_batch(training, feed, 3, 0.0)
        assert image.shape == (2, 1, 32, 32, 32)
        for n in range(2):
            alone = make(training.source, 6 + n, (32, 32, 32))
            assert np.array_equal(alone.target, target[n].numpy())

    def test_a_training_in_batches_ends_and_resumes(self, prepared, tmp_path):
        training = replace(tiny_training(prepared, tmp_path / "out", steps=4), batch=2)
        training.out.mkdir()
        assert train(training, fresh_state(0, TINY)).step == 4
        assert load_checkpoint(training.out).step == 4


class TestPrecision:
    def test_bfloat16_is_for_processors_that_multiply_in_it(self):
        flags = Path("/proc/cpuinfo").read_text()
        assert is_quick_in_bfloat16("cpu") == ("avx512_bf16" in flags)


class TestCommand:
    def test_train_from_a_folder_to_a_network(self, tmp_path, monkeypatch):
        import nibabel as nib

        labels = tmp_path / "labels"
        labels.mkdir()
        half = np.zeros((40, 44, 48), np.uint8)
        half[4:20, 6:38, 8:40], half[20:36, 6:38, 8:40] = 1, 2
        for n in range(2):
            nib.save(nib.Nifti1Image(half, np.eye(4)), labels / f"{n}.nii.gz")
        monkeypatch.setattr(
            "anatwin.train.loop.fresh_state", lambda seed, _: fresh_state(seed, TINY)
        )
        command = TrainSegment(
            labels=labels,
            out=tmp_path / "out",
            steps=2,
            patches=(32,),
            shares=(1.0,),
            workers=0,
            threads=1,
        )
        command.run()
        assert (tmp_path / "out" / "head.onnx").stat().st_size > 10_000
        assert load_checkpoint(tmp_path / "out").step == 2
        replace(command, steps=3).run()
        assert load_checkpoint(tmp_path / "out").step == 3

    def test_an_empty_folder_is_refused(self, tmp_path):
        with pytest.raises(InputError, match="must hold label maps"):
            TrainSegment(labels=tmp_path, out=tmp_path / "out").run()

    def test_patches_must_fit_the_network(self, tmp_path):
        with pytest.raises(UsageError, match="multiples of 32"):
            TrainSegment(labels=tmp_path, out=tmp_path, patches=(48,), shares=(1.0,))
