import json
import os
import subprocess
import sys
from dataclasses import replace

import nibabel as nib
import numpy as np
import onnxruntime
import pytest
import torch

from anatwin.core import InputError, QualityError, UsageError
from anatwin.train import cascade_export, export
from anatwin.train.batches import Simulation
from anatwin.train.cascade import Cascade, CascadeShape
from anatwin.train.cascade_loop import (
    CascadeTraining,
    start_or_resume_cascade,
    summary,
    train_cascade,
)
from anatwin.train.cascade_progress import gain_db, mean_gains, watched_batches
from anatwin.train.cascade_state import averaged_model, cascade_state, stored_cascade
from anatwin.train.images import cut
from anatwin.train.reconstruct import TrainReconstruct
from anatwin.train.schedule import Schedule

TINY = CascadeShape(cascades=2, convolutions=2, features=8, strides=(2, 1))
SMALL = Simulation(line_shapes=((24, 40),), point_shapes=((32, 28),), pixels=2000)


def head(shape=(44, 40, 6)):
    """Return a few discs inside one another, of several brightnesses."""
    i, j = (np.linspace(-1.2, 1.2, n) for n in shape[:2])
    radius = np.hypot(i[:, None], 1.2 * j[None])
    image = sum(level * (radius < edge) for level, edge in ((1.0, 0.9), (-0.6, 0.8), (0.4, 0.4)))
    image = np.repeat(image[..., None], shape[2], 2) * np.linspace(0.8, 1.2, shape[2])
    return image.astype(np.float32)


STACKS = cut(head(), (1.0, 1.0, 4.0), name="discs")


def training(out, *, steps, **changes):
    schedule = Schedule(steps=steps, warm_up=2, floor=1.0, rate=3e-3)
    made = CascadeTraining(
        STACKS, schedule, out, watched=STACKS, simulation=SMALL, bfloat16=False, log_every=5
    )
    return replace(made, **changes)


class TestTraining:
    @pytest.mark.parametrize("loss", ["mse", "rmse", "decibels"])
    def test_the_gain_over_zero_filled_grows(self, tmp_path, loss):
        run = training(tmp_path, steps=40, loss=loss)
        train_cascade(run, start_or_resume_cascade(run, TINY))
        entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
        assert [entry["step"] for entry in entries if "loss" in entry] == list(range(5, 41, 5))
        assert entries[-1]["gain_4x_db"] > 0.3

    def test_losses_weigh_hard_slices_differently(self):
        shares = []
        for loss in ("mse", "rmse", "decibels"):
            errors = torch.tensor([0.005, 0.02], requires_grad=True)
            summary(errors, loss).backward()
            assert errors.grad[0] == pytest.approx(0.5)
            shares.append(float(errors.grad[1]))
        assert shares == pytest.approx([0.5, 0.25, 0.125])

    def test_resuming_is_exact(self, tmp_path):
        whole, parts = (tmp_path / name for name in ("whole", "parts"))
        run = training(whole, steps=6)
        theirs = train_cascade(run, start_or_resume_cascade(run, TINY))
        for steps, shape in ((3, TINY), (6, CascadeShape())):
            run = training(parts, steps=steps)
            ours = train_cascade(run, start_or_resume_cascade(run, shape))
        assert (ours.step, ours.model.shape) == (theirs.step, TINY)
        for name, weight in ours.averaged.items():
            assert torch.equal(weight, theirs.averaged[name]), name

    def test_all_weights_are_trained(self, tmp_path):
        state = cascade_state(TINY, seed=1)
        before = {name: x.detach().clone() for name, x in state.model.named_parameters()}
        often = replace(SMALL, several_coils=0.5)
        train_cascade(training(tmp_path, steps=4, simulation=often), state)
        for name, weight in state.model.named_parameters():
            assert not torch.equal(weight, before[name]), name

    def test_a_loss_that_is_not_finite_stops_the_training(self, tmp_path):
        state = cascade_state(TINY)
        with torch.no_grad():
            next(state.model.blocks.parameters()).fill_(float("nan"))
        with pytest.raises(QualityError, match="not finite"):
            train_cascade(training(tmp_path, steps=40, watched=()), state)

    def test_networks_that_change_nothing_gain_nothing(self):
        model = Cascade(TINY)
        with torch.no_grad():
            for weight in model.blocks.parameters():
                weight.zero_()
        watched = {4: watched_batches(STACKS, 4, count=3), 8: ()}
        assert len(watched[4]) == 3
        assert gain_db(model, watched[4][0]) == pytest.approx(0.0, abs=1e-3)
        assert mean_gains(model, watched) == {"gain_4x_db": pytest.approx(0.0, abs=0.01)}
        assert watched_batches((), 4) == []


class TestExport:
    def test_files_hold_the_averaged_weights(self, tmp_path):
        state = cascade_state(TINY, seed=4)
        assert cascade_export.write_cascade(state, tmp_path) < 1e-4
        again = start_or_resume_cascade(
            training(tmp_path / "out", steps=1), TINY, start=tmp_path / "cascade.safetensors"
        )
        assert stored_cascade(tmp_path / "cascade.safetensors") == TINY
        for name, weight in state.averaged.items():
            assert torch.equal(again.averaged[name], weight.half().float()), name

    def test_networks_are_apart(self, tmp_path):
        model = averaged_model(cascade_state(TINY))
        with torch.no_grad():
            for weight in model.parameters():
                weight.copy_(weight.half().float())
        cascade_export.export_cascade(model, tmp_path / "cascade.onnx")
        session = onnxruntime.InferenceSession(tmp_path / "cascade.onnx")
        images = [np.ones((1, 2, 6, 10), np.float32), np.zeros((1, 2, 2, 2), np.float32)]
        feed = {f"image_{n}": image for n, image in enumerate(images)}
        ours = session.run(["refined_0", "refined_1"], feed)
        theirs = cascade_export.Blocks(model)(*(torch.from_numpy(x) for x in images))
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other.detach().numpy(), atol=1e-5)

    def test_networks_that_disagree_are_not_written(self, tmp_path, monkeypatch):
        monkeypatch.setattr(export, "TOLERANCE", -1.0)
        with pytest.raises(QualityError, match="nothing was written"):
            cascade_export.write_cascade(cascade_state(TINY), tmp_path)
        assert list(tmp_path.iterdir()) == []


class TestCommand:
    def command(self, tmp_path, **changes):
        for name in ("one", "two_left_out"):
            (tmp_path / "images").mkdir(exist_ok=True)
            path = tmp_path / "images" / f"{name}.nii.gz"
            nib.save(nib.Nifti1Image(head((96, 100, 3)), np.diag([1, 1, 4, 1])), path)
        plain = TrainReconstruct(
            images=(tmp_path / "images",),
            out=tmp_path / "out",
            exclude=("left_out",),
            steps=2,
            cascades=2,
            convolutions=2,
            features=4,
            pixels=9000,
        )
        return replace(plain, **changes)

    def test_from_a_folder_to_a_network_and_on(self, tmp_path):
        command = self.command(tmp_path)
        command.run()
        assert (tmp_path / "out" / "cascade.onnx").stat().st_size > 3000
        replace(command, steps=3, watch=(tmp_path / "images" / "one.nii.gz",)).run()
        last = (tmp_path / "out" / "log.jsonl").read_text().splitlines()[-1]
        assert json.loads(last)["step"] == 3
        assert "gain_8x_db" in last
        start = tmp_path / "out" / "cascade.safetensors"
        replace(command, out=tmp_path / "tuned", start=start, features=9).run()
        assert stored_cascade(tmp_path / "tuned" / "cascade.safetensors").features == 4

    def test_processes_of_torchrun_end_alike(self, tmp_path):
        command = self.command(tmp_path)
        script = tmp_path / "run.py"
        words = (
            "from pathlib import Path\n"
            "from anatwin.train.reconstruct import TrainReconstruct\n"
            f"TrainReconstruct(images=(Path({str(tmp_path / 'images')!r}),), "
            f"out=Path({str(tmp_path / 'out')!r}), steps=2, cascades=2, convolutions=2, "
            "features=4, pixels=9000).run()\n"
        )
        script.write_text(words)
        launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", script]
        # Over the loopback: a machine's own name may lead nowhere where tests run.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
        ended = subprocess.run(
            [sys.executable, *launch], env=environment, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr
        assert (command.out / "cascade.onnx").is_file()
        steps = [
            json.loads(x)["step"] for x in (command.out / "log.jsonl").read_text().splitlines()
        ]
        assert steps == [2]

    def test_what_makes_no_sense_is_refused(self, tmp_path):
        for changes, words in (
            ({"steps": 0}, "length"),
            ({"features": 0}, "1 or more"),
            ({"strides": (0,)}, "1 or more"),
            ({"strides": ()}, "1 or more"),
            ({"convolutions": 1}, "2 or more"),
            ({"weight": 0.0}, "above 0"),
            ({"shared": True}, "one stride"),
            ({"neighbours": -1}, "0 or more"),
        ):
            with pytest.raises(UsageError, match=words):
                self.command(tmp_path, **changes)

    def test_a_folder_without_images_is_refused(self, tmp_path):
        with pytest.raises(InputError, match="needs images"):
            self.command(tmp_path, images=(tmp_path / "nowhere",)).run()
