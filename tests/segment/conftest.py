"""Real networks, small enough to reason about, run by the real onnxruntime."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

N_CLASSES = 21
SHARPNESS = 4000.0


def save_convolution(path, weight, bias):
    """Write a network of one padded 3-D convolution, ``class 1 i j k`` weights."""
    axes = ["i", "j", "k"]
    node = helper.make_node(
        "Conv", ["image", "weight", "bias"], ["logits"], pads=[n // 2 for n in weight.shape[2:]] * 2
    )
    graph = helper.make_graph(
        [node],
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, *axes])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(bias), *axes])],
        [
            numpy_helper.from_array(weight.astype(np.float32), "weight"),
            numpy_helper.from_array(bias.astype(np.float32), "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


@pytest.fixture
def two_class_model(tmp_path):
    """A network made for another table."""
    return save_convolution(tmp_path / "two.onnx", np.ones((2, 1, 1, 1, 1)), np.zeros(2))


@pytest.fixture(scope="session")
def levels_model(tmp_path_factory):
    """Label a voxel by its brightness: class c where 20 times the value is nearest to c."""
    level = np.arange(N_CLASSES) / (N_CLASSES - 1)
    weight = (2 * SHARPNESS * level).reshape(-1, 1, 1, 1, 1)
    return save_convolution(
        tmp_path_factory.mktemp("nets") / "levels.onnx", weight, -SHARPNESS * level**2
    )


@pytest.fixture(scope="session")
def edges_model(tmp_path_factory):
    """Label edges by where they face: eye_left (16) where it brightens to the right, eye_right
    (17) where it darkens; cord (14) where it brightens upwards, stem (13) to the front."""
    weight, bias = np.zeros((N_CLASSES, 1, 3, 3, 3)), np.full(N_CLASSES, -1000.0)
    bias[0] = 0
    for index, offset in ((16, (1, 0, 0)), (17, (-1, 0, 0)), (13, (0, 1, 0)), (14, (0, 0, 1))):
        ahead, behind = (1 + sign * np.array(offset) for sign in (1, -1))
        weight[(index, 0, *ahead)], weight[(index, 0, *behind)] = 100, -100
        bias[index] = -3
    return save_convolution(tmp_path_factory.mktemp("nets") / "edges.onnx", weight, bias)
