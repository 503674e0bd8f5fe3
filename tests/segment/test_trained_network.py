"""Networks of one's own, run by the real onnxruntime."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from anatwin.core import GeometryError, Grid, InputError, Label, LabelTable, UsageError, Volume
from anatwin.io.nifti import write_volume
from anatwin.pipeline import stage_keys
from anatwin.plan import Plan
from anatwin.segment import TrainedNetwork
from anatwin.segment.recipe import Channel, Recipe

TABLE = LabelTable(
    (
        Label(1, "left_bright", (200, 0, 0), "left", 2),
        Label(2, "right_bright", (0, 200, 0), "right", 1),
        Label(3, "dark", (0, 0, 200)),
    )
)
PATCH = (16, 12, 20)


def channel(name, scaling="fixed"):
    return Channel(name, scaling, low=0.0, high=200.0, mean=100.0, deviation=50.0)


def save_network(path, *, channels=1, spacing=(1.0, 1.0, 1.0), bias=0.0, table=TABLE):
    """Write a pointwise network: bright is left, dark is dark, in the last channel."""
    weight = np.zeros((4, channels, 1, 1, 1), np.float32)
    weight[1, -1], weight[3, -1] = 50, -50
    offset = np.array([0, -50 + bias, -1000, -50], np.float32)
    node = helper.make_node("Conv", ["image", "weight", "bias"], ["logits"])
    sizes = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, n, *PATCH])
        for name, n in (("image", channels), ("logits", 4))
    ]
    graph = helper.make_graph(
        [node],
        "pointwise",
        sizes[:1],
        sizes[1:],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(offset, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    recipe = Recipe(tuple(channel(f"T{n}") for n in range(channels)), table, spacing, PATCH)
    helper.set_model_props(model, {"recipe": recipe.to_json()})
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


@pytest.fixture(scope="session")
def pointwise(tmp_path_factory):
    return save_network(tmp_path_factory.mktemp("own") / "network.onnx")


def blocks(shape=(23, 30, 9), spacing=(1.0, 1.0, 1.0)):
    """A dark and a bright block on grey."""
    data = np.full(shape, 100, np.float32)
    data[2:9, 3:20, 1:8], data[12:20, 3:20, 1:8] = 180, 20
    return Volume(data, Grid.centred(shape, spacing))


def truth(volume):
    return np.select([volume.data > 150, volume.data < 50], [1, 3], 0)


@pytest.mark.parametrize("overlap", [0.0, 0.5])
def test_windows_leave_no_trace(pointwise, overlap):
    volume = blocks()
    labels = TrainedNetwork(model=pointwise, mirror=False, overlap=overlap, threads=1)(volume)
    np.testing.assert_array_equal(labels.data, truth(volume))
    assert labels.grid is volume.grid
    assert labels.table == TABLE
    assert float(labels.uncertainty.max()) < 0.01


def test_the_mirror_image_swaps_the_sides(pointwise):
    labels = TrainedNetwork(model=pointwise, threads=1)(blocks())
    bright = blocks().data > 150
    # Of its mirror image the network says left too, which is right: it cannot decide.
    np.testing.assert_allclose(labels.uncertainty[bright], 0.5, atol=1e-2)


def test_storage_order_does_not_matter(pointwise):
    volume = blocks()
    matrix = volume.grid.matrix[:, [2, 0, 1, 3]]
    matrix[:3, 3] += matrix[:3, 0] * 8
    matrix[:3, 0] *= -1
    data = np.ascontiguousarray(volume.data.transpose(2, 0, 1)[::-1])
    turned = Volume(data, Grid.from_matrix(data.shape, matrix))
    labels = TrainedNetwork(model=pointwise, mirror=False, threads=1)(turned)
    np.testing.assert_array_equal(labels.data, truth(turned))


def test_other_voxel_sizes_are_brought_to_the_networks(tmp_path):
    path = save_network(tmp_path / "network.onnx", spacing=(2.0, 1.0, 1.5))
    volume = blocks((40, 30, 36), (1.0, 1.0, 0.5))
    labels = TrainedNetwork(model=path, mirror=False, threads=1)(volume)
    assert np.mean(labels.data != truth(volume)) < 0.05
    assert labels.data[5, 10, 4] == 1


def test_several_networks_are_averaged(tmp_path):
    for fold, bias in enumerate((-8.0, 2.0)):  # the second one alone would say left
        save_network(tmp_path / f"fold_{fold}" / "network.onnx", bias=bias)
    volume = Volume(np.full(PATCH, 149.5, np.float32), Grid.isotropic(PATCH, 1.0))
    volume.data[0] = 20
    both = TrainedNetwork(model=tmp_path, mirror=False, threads=1)(volume)
    second = TrainedNetwork(model=tmp_path / "fold_1" / "network.onnx", mirror=False, threads=1)(
        volume
    )
    assert (both.data[1:] == 0).all()
    assert (second.data[1:] == 1).all()


def test_other_channels_are_read_from_files(tmp_path):
    path = save_network(tmp_path / "network.onnx", channels=2)
    volume = blocks()
    write_volume(volume, tmp_path / "second.nii.gz")
    first = Volume(np.random.default_rng(0).random(volume.data.shape, np.float32), volume.grid)
    method = TrainedNetwork(
        model=path, others=(tmp_path / "second.nii.gz",), mirror=False, threads=1
    )
    np.testing.assert_array_equal(method(first).data, truth(volume))
    with pytest.raises(InputError, match=r"needs 2 images \(T0, T1\), got 1"):
        TrainedNetwork(model=path)(first)
    with pytest.raises(GeometryError, match="images of one person"):
        method(blocks((23, 30, 11)))


def test_a_case_is_labelled_again_when_the_networks_change(tmp_path):
    path = save_network(tmp_path / "fold_0" / "network.onnx")
    plan = Plan(segment=TrainedNetwork(model=tmp_path))
    first = dict(stage_keys(plan, Volume, "a"))
    assert dict(stage_keys(plan, Volume, "a")) == first
    save_network(path, bias=1.0)
    other = dict(stage_keys(plan, Volume, "a"))
    assert (other["read"], other["segment"] == first["segment"]) == (first["read"], False)


def test_what_cannot_be_run_is_refused_in_one_line(tmp_path, two_class_model):
    save_network(tmp_path / "a" / "network.onnx")
    save_network(tmp_path / "b" / "network.onnx", spacing=(1.0, 1.0, 2.0))
    flat = Volume(np.ones((9, 8, 7), np.float32), Grid.isotropic((9, 8, 7), 1.0))
    for model, volume, complaint in (
        (tmp_path / "nowhere", blocks(), "must be or hold a network"),
        (two_class_model, blocks(), "does not say how images become its input"),
        (tmp_path, blocks(), "different plans"),
        (tmp_path / "a", flat, "same value everywhere"),
    ):
        with pytest.raises(InputError, match=complaint) as refused:
            TrainedNetwork(model=model)(volume)
        assert "\n" not in str(refused.value)
    with pytest.raises(UsageError, match="overlap"):
        TrainedNetwork(model=tmp_path, overlap=0.9)
    with pytest.raises(UsageError, match="threads"):
        TrainedNetwork(model=tmp_path, threads=-1)


def test_a_recipe_can_be_read_again():
    recipe = Recipe((channel("CT"), channel("T1", "z-score")), TABLE, (0.5, 0.5, 2.0), PATCH)
    assert Recipe.from_json(recipe.to_json()) == recipe
    with pytest.raises(InputError, match="recipe that cannot be read"):
        Recipe.from_json('{"patch": 3}')


def test_values_are_scaled_as_the_channel_says():
    image = np.array([0, 0, 40, 60, 500], np.float32)
    z = channel("T1", "z-score").scale(image)
    assert (z.mean(), z.std()) == (pytest.approx(0, abs=1e-6), pytest.approx(1, abs=1e-6))
    inside = channel("T1", "z-score of the non-zero").scale(image)[2:]
    assert (inside.mean(), inside.std()) == (pytest.approx(0, abs=1e-6), pytest.approx(1, abs=1e-6))
    np.testing.assert_allclose(channel("CT").scale(image), [-2, -2, -1.2, -0.8, 2], atol=1e-6)
    view = Channel("view", "percentiles", 0.0, 50.0, 0.0, 1.0)  # 40 to 60, of what is not dark
    np.testing.assert_allclose(view.scale(image), [0, 0, 0, 1, 1], atol=1e-6)
