"""nnU-Net itself trains and labels: a whole round on blocks that it learns to find."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from anatwin.core import Grid, InputError, Labels, MissingPartError, UsageError, Volume
from anatwin.io.nifti import read_labels, write_labels, write_volume
from anatwin.io.orientation import reoriented
from anatwin.io.tables import numbered_table
from anatwin.nets.nnunet import run_nnunet
from anatwin.segment import Nnunet
from anatwin.train.dataset import read_dataset
from anatwin.train.nnunet import TrainNnunet, export

SHAPE = (16, 18, 20)
TABLE = numbered_table({"background": 0, "block_left": 1, "block_right": 2})
INSTALLED = (
    shutil.which("nnUNetv2_train") or Path(sys.executable).with_name("nnUNetv2_train").exists()
)


def person(seed, codes):
    """Return a noisy image with a bright and a dark block, stored in some order, and its labels."""
    rng = np.random.default_rng(seed)
    grid = Grid.centred(SHAPE, (1.0, 1.2, 0.9))
    data = np.zeros(SHAPE, np.uint8)
    low = rng.integers(1, 4, 3)
    data[low[0] : low[0] + 5, low[1] : low[1] + 6, low[2] : low[2] + 7] = 1
    data[10:14, 5:12, 8:16] = 2
    image = np.choose(data, (100, 200, 10)) + rng.normal(0, 5, SHAPE)
    image = reoriented(Volume(image.astype(np.float32), grid), codes)
    labels = reoriented(Volume(data, grid), codes)
    return image, Labels(labels.data, labels.grid, TABLE)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "Dataset007_Blocks"
    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True)
    for n in range(5):
        image, labels = person(n, ("RAS", "LPS")[n % 2])
        write_volume(image, folder / "imagesTr" / f"block_{n}_0000.nii.gz")
        write_labels(labels, folder / "labelsTr" / f"block_{n}.nii.gz")
    about = {
        "channel_names": {"0": "T1"},
        "labels": {"background": 0, "block_left": 1, "block_right": 2},
        "numTraining": 5,
        "file_ending": ".nii.gz",
    }
    (folder / "dataset.json").write_text(json.dumps(about))
    return folder


def smaller(plans):
    """Return nnU-Net's plan with a network that a processor trains in seconds."""
    plan = json.loads(plans)
    shape = plan["configurations"]["3d_fullres"]["architecture"]["arch_kwargs"]
    shape["features_per_stage"] = [4 for _ in shape["features_per_stage"]]
    return json.dumps(plan)


@pytest.fixture(scope="module")
def model(dataset, tmp_path_factory):
    """Return what one epoch leaves: 250 steps, enough for blocks of one grey each."""
    home = tmp_path_factory.mktemp("nnunet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("nnUNet_compile", "false")
        training = TrainNnunet(
            dataset=dataset,
            out=home,
            folds=(0,),
            trainer="nnUNetTrainer_1epoch",
            device="cpu",
            processes=1,
        )
        plans = home / "preprocessed" / training.plan() / "nnUNetPlans.json"
        plans.write_text(smaller(plans.read_text()))
        found = training.run()
        changed = {p: p.stat().st_mtime_ns for p in found.rglob("*.pth")}
        assert training.run() == found
        assert changed == {p: p.stat().st_mtime_ns for p in found.rglob("*.pth")}
        yield found


class TestExport:
    def test_every_image_is_stored_in_one_order_with_its_labels(self, dataset, tmp_path):
        export(read_dataset(dataset), tmp_path)
        exported = read_dataset(tmp_path)
        assert (len(exported.cases), exported.channels) == (5, ("T1",))
        assert exported.table == read_dataset(dataset).table
        for case, n in zip(exported.cases, range(5), strict=True):
            (image,), labels = case.read(exported.table)
            expected = person(n, "RAS")[1]
            assert image.grid.axis_codes() == "RAS"
            np.testing.assert_array_equal(labels.data, expected.data)


@pytest.fixture(scope="module")
def found(model):
    """Return what it says of another person."""
    return Nnunet(model=model, device="cpu", mirror=False)(person(9, "RAS")[0])


@pytest.mark.skipif(not INSTALLED, reason="nnU-Net is not installed")
class TestItself:
    def test_labels_are_those_of_nnunet_and_lie_on_the_scan(self, model, found, tmp_path):
        image, truth = person(9, "RAS")
        (tmp_path / "in").mkdir()
        write_volume(image, tmp_path / "in" / "scan_0000.nii.gz")
        arguments = ["-i", tmp_path / "in", "-o", tmp_path / "out", "-m", model, "-f", 0]
        run_nnunet(
            "predict_from_modelfolder", *arguments, "-device", "cpu", "--disable_tta", quiet=True
        )
        expected = read_labels(tmp_path / "out" / "scan.nii.gz", TABLE)
        assert found.grid == image.grid
        assert [x.side for x in found.table.labels] == ["left", "right"]
        np.testing.assert_array_equal(found.data, expected.data)
        # One epoch from random weights: enough to find one of the blocks, not always the other.
        assert (truth.data == found.data)[found.data > 0].mean() > 0.5

    def test_the_order_of_voxels_makes_no_difference(self, model, found):
        stored = reoriented(person(9, "RAS")[0], "IPL")
        turned = Nnunet(model=model, device="cpu", mirror=False)(stored)
        back = reoriented(Volume(turned.data, turned.grid), "RAS")
        np.testing.assert_array_equal(back.data, found.data)

    def test_what_fails_is_said_in_one_line(self, model, tmp_path):
        copy = tmp_path / "model"
        shutil.copytree(model, copy)
        (copy / "plans.json").write_text("{}")
        with pytest.raises(InputError, match="nnUNetv2_predict_from_modelfolder failed"):
            Nnunet(model=copy, device="cpu")(person(9, "RAS")[0])

    def test_the_number_of_images_must_fit(self, model, tmp_path):
        image, _ = person(9, "RAS")
        write_volume(image, tmp_path / "other.nii.gz")
        method = Nnunet(model=model, others=(tmp_path / "other.nii.gz",))
        with pytest.raises(InputError, match="needs 1 images, got 2"):
            method(image)


class TestRefused:
    def test_a_folder_that_is_no_model(self, tmp_path):
        with pytest.raises(InputError, match="folder of a trained nnU-Net model"):
            Nnunet(model=tmp_path)(person(1, "RAS")[0])

    @pytest.mark.parametrize("axes", ["RA", "RAX", "RLS", "ras"])
    def test_axes_that_are_none(self, tmp_path, axes):
        with pytest.raises(UsageError, match="axes must be"):
            Nnunet(model=tmp_path, axes=axes)

    def test_folds_that_are_none(self, tmp_path):
        for folds in ((), (5,)):
            with pytest.raises(UsageError, match="folds"):
                TrainNnunet(dataset=tmp_path, out=tmp_path, folds=folds)

    def test_without_nnunet_it_says_what_to_install(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
        with pytest.raises(MissingPartError, match="pip install nnunetv2"):
            run_nnunet("train", quiet=True)
