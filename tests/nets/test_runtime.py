from typing import get_args

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from anatwin.core import InputError, MissingPartError
from anatwin.nets import Device, Network, load


@pytest.fixture
def doubling(tmp_path):
    """A network that returns twice its input and its negative."""
    weight = np.array([2, -1], np.float32).reshape(2, 1, 1, 1, 1)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "weight"], ["logits"])],
        "doubling",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, "i", "j", "k"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2, "i", "j", "k"])],
        [numpy_helper.from_array(weight, "weight")],
    )
    path = tmp_path / "doubling.onnx"
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path
    )
    return path


def test_arrays_in_arrays_out(doubling):
    image = np.arange(24, dtype=np.float64).reshape(1, 1, 2, 3, 4)
    network = load(doubling, device="cpu", threads=1)
    output = network(image.transpose(0, 1, 4, 2, 3))
    assert output.dtype == np.float32
    expected = np.concatenate([2 * image, -image], axis=1).transpose(0, 1, 4, 2, 3)
    np.testing.assert_array_equal(output, expected)


def test_wrong_shape_is_one_clear_error(doubling):
    with pytest.raises(InputError, match="cannot take"):
        load(doubling)(np.zeros((1, 1, 4, 5), np.float32))


def test_file_that_is_no_network(tmp_path):
    path = tmp_path / "text.onnx"
    path.write_text("not a network")
    with pytest.raises(InputError, match="not a network that can run") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="not a network that can run"):
        load(tmp_path / "none.onnx")


def test_a_graphics_card_is_insisted_on_or_optional(doubling):
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime can use a graphics card")
    assert load(doubling, device="auto").device == "cpu"
    with pytest.raises(MissingPartError, match="onnxruntime-gpu"):
        load(doubling, device="cuda")


def test_a_network_and_the_devices_that_it_can_run_on(doubling):
    assert isinstance(load(doubling, device="cpu"), Network)
    assert get_args(Device) == ("auto", "cpu", "cuda")
