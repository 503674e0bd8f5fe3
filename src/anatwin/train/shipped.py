"""The weights of a network inside the ONNX file that runs it: one file to run and to train on.

Tracing renames weights, so the file says which of its tensors every one of them became.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor, nn

from anatwin.core import InputError

_SHAPE, _WEIGHTS = "shape", "weights"


def note_weights(path: Path, model: nn.Module, shape: dict[str, object]) -> None:
    """Write into a network's ONNX file where its weights are, and the network's size.

    Parameters
    ----------
    path
        The file; replaced.
    model
        The network, its weights half-precision values.
    shape
        Its size, as plain values.
    """
    graph = onnx.load(path)
    stored = {_half(array).tobytes(): name for name, array in _arrays(graph)}
    place = {
        name: stored[_half(weight.detach().numpy()).tobytes()]
        for name, weight in model.named_parameters()
    }
    about = {entry.key: entry.value for entry in graph.metadata_props}
    about |= {_SHAPE: json.dumps(shape), _WEIGHTS: json.dumps(place)}
    helper.set_model_props(graph, about)
    partial = path.with_suffix(".part")
    onnx.save(graph, partial)
    partial.replace(path)


def shipped_weights(path: Path) -> tuple[dict[str, object], dict[str, Tensor]]:
    """Return the size and the weights of a network's ONNX file, weights flat.

    Raises
    ------
    InputError
        If the file does not say where its weights are.
    """
    graph = onnx.load(path)
    about = {entry.key: entry.value for entry in graph.metadata_props}
    if _SHAPE not in about or _WEIGHTS not in about:
        raise InputError(f"{path} is not a network that a training can start from.")
    stored = dict(_arrays(graph))
    place: dict[str, str] = json.loads(about[_WEIGHTS])
    weights = {name: torch.from_numpy(_half(stored[at]).ravel()) for name, at in place.items()}
    return json.loads(about[_SHAPE]), weights


def _arrays(graph: onnx.ModelProto) -> Iterator[tuple[str, NDArray[np.floating]]]:
    for tensor in graph.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype.kind == "f":
            yield tensor.name, array


def _half(array: NDArray[np.floating]) -> NDArray[np.float16]:
    # Tracing holds tensors that are equal for one, and 0 equals -0: adding 0 leaves one zero.
    return array.astype(np.float16) + np.float16(0)
