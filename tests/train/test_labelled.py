"""Training on labelled images: patches, network, loss, and from a folder to labels."""

import csv
import json
from dataclasses import asdict, replace
from math import prod

import numpy as np
import pytest
import torch

from anatwin.cli import main
from anatwin.core import (
    Grid,
    InputError,
    Label,
    Labels,
    LabelTable,
    MissingPartError,
    QualityError,
    UsageError,
)
from anatwin.io.nifti import read_labels, read_volume, write_array
from anatwin.io.tables import read_table
from anatwin.measure import overlaps
from anatwin.segment import TrainedNetwork
from anatwin.segment.recipe import Channel, Recipe
from anatwin.train.alterations import alter
from anatwin.train.checkpoint import stored_about
from anatwin.train.dataset import read_dataset
from anatwin.train.folds import Score, summary
from anatwin.train.labelled import TrainLabelled
from anatwin.train.losses import deeply_supervised
from anatwin.train.patches import Patches, cut
from anatwin.train.planned_unet import (
    PlannedShape,
    PlannedUNet,
    blocks_to_channels,
    channels_to_blocks,
)
from anatwin.train.prepared import Prepared, labels_on, prepare_cases, split
from anatwin.train.segment_plan import SegmentPlan
from anatwin.train.supervised import SupervisedTraining, train_supervised

TABLE = LabelTable(
    (Label(1, "left_ball", (9, 0, 0), "left", 2), Label(2, "right_ball", (0, 9, 0), "right", 1))
)
PLAN = SegmentPlan(
    spacing_mm=(1.0, 1.0, 1.0),
    channels=(Channel("T1", "z-score", 0.0, 1.0, 0.5, 0.2),),
    patch=(24, 16, 20),
    batch=2,
    stem=(2, 2, 2),
    strides=((2, 1, 1),),
    kernels=((3, 3, 3), (3, 3, 1)),
    widths=(8, 16),
    steps=30,
    rate=0.1,
    momentum=0.9,
)
RECIPE = Recipe(PLAN.channels, TABLE, PLAN.spacing_mm, PLAN.patch)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Six people with a ball on either side, the right one brighter, in nnU-Net's layout."""
    folder = tmp_path_factory.mktemp("Dataset001_Balls")
    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir()
    for n in range(6):
        rng = np.random.default_rng(n)
        shape = (22 + n, 17, 21)
        middle = np.array(shape) / 2 + rng.uniform(-1, 1, 3)
        index = np.stack(np.indices(shape), -1)
        truth = np.zeros(shape, np.uint8)
        for label, side in ((1, -1), (2, 1)):
            far = np.linalg.norm(index - middle - [5.5 * side, 0, 0], axis=-1)
            truth[far < rng.uniform(3.5, 4.5)] = label
        image = (100 * truth + rng.normal(100, 12, shape)).astype(np.float32)
        grid = Grid.isotropic(shape, 1.0)
        write_array(image, grid, folder / "imagesTr" / f"p{n}_0000.nii.gz")
        write_array(truth, grid, folder / "labelsTr" / f"p{n}.nii.gz")
    return describe(folder, "left_ball", "right_ball")


def describe(folder, *names, channel="T1"):
    """Write the description; return the folder."""
    labels = {name: n for n, name in enumerate(("background", *names))}
    about = {"channel_names": {"0": channel}, "labels": labels, "file_ending": ".nii.gz"}
    (folder / "dataset.json").write_text(json.dumps(about))
    return folder


def linked(folder, to, n_cases):
    """Return a folder with some of the same cases, and no description yet."""
    (to / "labelsTr").mkdir(parents=True)
    (to / "imagesTr").symlink_to(folder / "imagesTr")
    for n in range(n_cases):
        (to / "labelsTr" / f"p{n}.nii.gz").symlink_to(folder / "labelsTr" / f"p{n}.nii.gz")
    return to


@pytest.fixture(scope="session")
def cases(folder, tmp_path_factory):
    return prepare_cases(read_dataset(folder), RECIPE, tmp_path_factory.mktemp("prepared"))


class TestPrepared:
    def test_cases_lie_on_the_networks_lattice(self, folder, cases):
        assert cases["p2"].image.shape == (1, 24, 17, 21)
        assert abs(float(cases["p2"].image.mean(dtype=np.float32))) < 1e-3
        truth = read_labels(folder / "labelsTr" / "p2.nii.gz", TABLE)
        np.testing.assert_array_equal(cases["p2"].labels, truth.data)
        index, *voxel = cases["p2"].places[-1]
        assert truth.data[tuple(voxel)] == index == 2

    def test_labels_keep_their_volume_at_other_voxel_sizes(self, folder):
        truth = read_labels(folder / "labelsTr" / "p0.nii.gz", TABLE)
        recipe = replace(RECIPE, spacing_mm=(1.5, 1.0, 0.8))
        coarse = labels_on(recipe.lattice(truth.grid), truth)
        ratio = np.bincount(coarse.ravel()) * 1.5 * 0.8 / np.bincount(truth.data.ravel())
        np.testing.assert_allclose(ratio, 1, atol=0.12)

    def test_folds_share_the_cases_among_them(self):
        names = [f"case{n}" for n in range(23)]
        folds = split(names, 5)
        assert sorted(sum(folds, ())) == sorted(names)
        assert {len(fold) for fold in folds} == {4, 5}
        assert split(names[::-1], 5) == folds


class TestPatches:
    def test_a_patch_is_a_box_of_the_case(self, cases):
        middle = np.array([10.5, 8.0, 10.5])
        image, labels = cut(cases["p2"], middle, (8, 9, 10), np.eye(3))
        np.testing.assert_array_equal(labels, cases["p2"].labels[7:15, 4:13, 6:16])
        np.testing.assert_array_equal(image[0], cases["p2"].image[0, 7:15, 4:13, 6:16])

    def test_beyond_the_edges_lies_nothing(self, cases):
        image, labels = cut(cases["p0"], np.array([10.5, 8.0, 10.0]), (28, 23, 27), np.eye(3))
        np.testing.assert_array_equal(labels[3:-3, 3:-3, 3:-3], cases["p0"].labels)
        assert not image[:, :3].any()

    def test_turning_by_a_right_angle_moves_voxels_exactly(self, cases):
        middle, quarter = (
            np.array([11.0, 8.0, 10.0]),
            np.array([[0, -1.0, 0], [1, 0, 0], [0, 0, 1]]),
        )
        plain, plain_labels = cut(cases["p1"], middle, (9, 9, 7), np.eye(3))
        image, labels = cut(cases["p1"], middle, (9, 9, 7), quarter)
        # A step along i of the patch is a step along j of the case.
        np.testing.assert_array_equal(labels, plain_labels.transpose(1, 0, 2)[:, ::-1].copy())
        expected = plain[0].transpose(1, 0, 2)[:, ::-1]
        np.testing.assert_allclose(image[0], expected, atol=1e-4)

    def test_the_same_number_gives_the_same_patch(self, cases):
        patches = Patches(list(cases.values()), PLAN, RECIPE, seed=4)
        for one, other in zip(patches[7], patches[7], strict=True):
            np.testing.assert_array_equal(one, other)
        assert patches[7][0].shape == (1, *PLAN.patch)
        assert patches[7][0].dtype == np.float32

    def test_left_stays_left_in_mirror_images(self, cases):
        patches = Patches(list(cases.values()), PLAN, RECIPE)
        means = []
        for n in range(40):
            labels = patches[n][1]
            if (labels == 1).any() and (labels == 2).any():
                means.append(np.nonzero(labels == 2)[0].mean() - np.nonzero(labels == 1)[0].mean())
        assert len(means) > 20
        assert min(means) > 0

    def test_structures_are_looked_for(self, cases):
        near = replace(PLAN, patch=(4, 4, 4), foreground=1.0)
        far = replace(near, foreground=0.0)
        shares = [
            np.mean(
                [Patches(list(cases.values()), p, RECIPE)[n][1][2, 2, 2] > 0 for n in range(60)]
            )
            for p in (near, far)
        ]
        assert shares[0] > 0.85 > 0.5 > shares[1]

    def test_altered_images_keep_shape_type_and_range(self):
        image = np.random.default_rng(0).normal(size=(2, 9, 8, 7)).astype(np.float32)
        altered = [alter(image, np.random.default_rng(n)) for n in range(60)]
        assert all(a.shape == image.shape and a.dtype == np.float32 for a in altered)
        assert max(np.abs(a).max() for a in altered) < 20
        assert 0.3 < np.mean([not np.array_equal(a, image) for a in altered]) < 0.95


class TestNetwork:
    def test_blocks_and_back(self):
        x = torch.rand(2, 3, 4, 6, 5)
        there = blocks_to_channels(x, (2, 3, 1))
        assert there.shape == (2, 18, 2, 2, 5)
        assert torch.equal(channels_to_blocks(there, (2, 3, 1)), x)

    @pytest.mark.parametrize("stem", [(1, 1, 1), (2, 2, 1)])
    def test_scores_at_every_supervised_level(self, stem):
        shape = PlannedShape(
            channels=2,
            classes=3,
            stem=stem,
            widths=(8, 8, 16, 16),
            strides=((2, 2, 1), (2, 2, 2), (1, 2, 2)),
            kernels=((3, 3, 1), (3, 3, 1), (3, 3, 3), (3, 3, 3)),
        )
        i, j, k = shape.multiple
        assert (i, j, k) == (4 * stem[0], 8 * stem[1], 4 * stem[2])
        scores = PlannedUNet(shape).supervised(torch.rand(2, 2, 2 * i, j, 3 * k))
        assert [tuple(s.shape[:2]) for s in scores] == [(2, 3)] * 2
        assert scores[0].shape[2:] == (2 * i, j, 3 * k)
        assert prod(scores[1].shape[2:]) == 2 * i * j * 3 * k // (4 * prod(stem))

    def test_a_level_is_enough(self):
        shape = PlannedShape(1, 3, (2, 1, 1), (8,), (), ((3, 3, 1),))
        scores = PlannedUNet(shape).supervised(torch.rand(1, 1, 4, 5, 3))
        assert [tuple(s.shape) for s in scores] == [(1, 3, 4, 5, 3)]

    def test_a_perfect_answer_costs_nothing_and_a_wrong_one_much(self):
        target = torch.zeros(1, 8, 8, 8, dtype=torch.uint8)
        target[:, 2:6, 4:] = 2
        full = 50.0 * torch.nn.functional.one_hot(target.long(), 3).movedim(-1, 1).float()
        coarse = full[:, :, 1::2, 1::2, 1::2]
        assert deeply_supervised([full, coarse], target) < 1e-3
        assert deeply_supervised([full, -coarse], target) > 5
        assert deeply_supervised([-full, coarse], target) > 10


class TestTraining:
    def training(self, cases, out, **changes):
        return SupervisedTraining(replace(PLAN, **changes), RECIPE, list(cases.values()), out)

    def test_resuming_is_exact(self, cases, tmp_path):
        whole = train_supervised(self.training(cases, tmp_path / "whole", steps=4))
        out, plan = tmp_path / "parts", replace(PLAN, steps=4)
        first = SupervisedTraining(plan, RECIPE, list(cases.values()), out)
        stopped = _stop_after(first, 2)
        assert stopped == 2
        again = train_supervised(first)
        assert again.step == whole.step == 4
        for name, weight in whole.averaged.items():
            assert torch.equal(weight, again.averaged[name]), name

    def test_minutes_end_it_too(self, cases, tmp_path):
        training = replace(self.training(cases, tmp_path), minutes=1e-5)
        assert train_supervised(training).step == 1

    def test_a_loss_that_is_not_finite_ends_it(self, cases, tmp_path):
        with pytest.raises(QualityError, match="not finite"):
            train_supervised(self.training(cases, tmp_path, rate=1e30))


def _stop_after(training, steps):
    """Interrupt a training as a person would, and keep what it had saved."""
    from anatwin.core import listening

    def stop(_what, done, _total):
        if done == steps:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), listening(stop):
        train_supervised(replace(training, save_minutes=0.0))
    return stored_about(training.out / "checkpoint.safetensors")["step"]


def test_from_a_folder_to_labels(folder, tmp_path, capsys):
    # Structures without sides: what is brighter in one person is so in the mirror image too.
    balls = describe(linked(folder, tmp_path / "Dataset002_Balls", 6), "dim", "bright")
    out = tmp_path / "model"
    command = TrainLabelled(dataset=balls, out=out, fold="1", steps=1, device="cpu", threads=1)
    command.run()
    plan = json.loads((out / "plan.json").read_text())
    small = {"widths": [8, 16], "patch": [24, 20, 24], "strides": [[2, 2, 2]]}
    small |= {"kernels": [[3, 3, 3]] * 2}
    (out / "plan.json").write_text(json.dumps({"plan": plan["plan"] | small}))
    table = replace(command, fold="0", steps=100).run()
    assert "| dim | 3 |" in table  # two cases of fold 0, one of fold 1
    with (out / "fold_0" / "dice.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert np.mean([float(row["dice"]) for row in rows]) > 0.7
    assert "95 % CI" in (out / "model-card.md").read_text()

    case = rows[0]["case"]
    image, model = folder / "imagesTr" / f"{case}_0000.nii.gz", out / "fold_0"
    words = ["segment", str(image), "-o", str(tmp_path / "labels.nii.gz")]
    words += ["method:trained-network", "--method.model", str(model)]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0, capsys.readouterr().err
    table = read_table(tmp_path / "labels.tsv")
    assert [label.name for label in table.labels] == ["dim", "bright"]
    labels = read_labels(tmp_path / "labels.nii.gz", table)
    truth = read_labels(folder / "labelsTr" / f"{case}.nii.gz", table)
    assert overlaps(labels, truth)[0].value == pytest.approx(float(rows[0]["dice"]), abs=1e-6)
    again = TrainedNetwork(model=model)(read_volume(image))
    np.testing.assert_array_equal(again.data, labels.data)
    assert isinstance(again, Labels)


def test_what_cannot_be_trained_is_refused(folder, tmp_path):
    with pytest.raises(UsageError, match="steps or minutes"):
        TrainLabelled(dataset=folder, out=tmp_path, steps=3, minutes=1.0)
    with pytest.raises(UsageError, match="more than 0"):
        TrainLabelled(dataset=folder, out=tmp_path, steps=0)
    with pytest.raises(UsageError, match="workers and threads"):
        TrainLabelled(dataset=folder, out=tmp_path, threads=-1)
    few = describe(linked(folder, tmp_path / "few", 4), "left_ball", "right_ball")
    out = tmp_path / "out"
    with pytest.raises(InputError, match="5 cases or more"):
        TrainLabelled(dataset=few, out=out, device="cpu").run()
    assert not out.exists()
    other = linked(folder, tmp_path / "other", 5)
    describe(other, "left_ball", "right_ball", channel="T2")
    out.mkdir()
    (out / "plan.json").write_text(json.dumps({"plan": asdict(PLAN)}))
    with pytest.raises(UsageError, match="name another output folder"):
        TrainLabelled(dataset=other, out=out, device="cpu").run()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card")
def test_a_graphics_card_that_is_not_there_is_named(folder, tmp_path):
    with pytest.raises(MissingPartError, match="use --device cpu"):
        TrainLabelled(dataset=folder, out=tmp_path, device="cuda").run()


def test_the_summary_counts_cases_and_leaves_out_what_is_in_neither():
    scores = [Score(0, "a", "x", 0.8), Score(0, "a", "y", 0.6), Score(0, "b", "x", 0.9)]
    scores.append(Score(0, "b", "y", float("nan")))
    rows = {name: (n, mean) for name, n, mean, _, _ in summary(scores)}
    assert rows["x"] == (2, pytest.approx(0.85))
    assert rows["y"] == (1, pytest.approx(0.6))
    assert rows["mean of structures"] == (2, pytest.approx(0.8))


def test_arrays_stay_on_disk(cases):
    assert isinstance(Prepared(cases["p0"].folder).image, np.memmap)
