"""From averaged weights to the files that ship: ONNX to run, and weights to train on."""

import json
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import Tensor, nn

from anatwin.core import QualityError
from anatwin.train.shipped import note_weights
from anatwin.train.unet import UNet, UNetShape

Model = TypeVar("Model", bound=nn.Module)
Example = Mapping[str, Tensor]
"""A network's inputs by name."""

Axes = dict[str, dict[int, str]]
"""Names of the axes of inputs and outputs whose length is left open."""

OPEN: Axes = {name: {2: "i", 3: "j", 4: "k"} for name in ("image", "logits")}
"""Of a network for volumes of any size."""


class NetworkShape(Protocol):
    """Size of a network, as plain values."""

    def as_dict(self) -> dict[str, object]:
        """Return the fields as plain values."""
        ...


TOLERANCE = 1e-4
"""Largest accepted difference of a score between torch and onnxruntime."""

_SIZES = ((2, 1, 1), (1, 2, 3))


def rounded(model: Model, weights: Mapping[str, Tensor]) -> Model:
    """Return the network with these weights, rounded to half precision as they ship."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(weights[name].half().float())
    return model.eval()


def write_checked(
    model: nn.Module,
    path: Path,
    about: dict[str, str],
    *,
    examples: Sequence[Example],
    outputs: Sequence[str],
    axes: Axes | None = None,
) -> float:
    """Write a network as ONNX, its weights in half precision, if it agrees with torch.

    It computes in single precision. Returned is the largest difference of an output, relative to
    the largest value of that output and to 1 at least.

    Parameters
    ----------
    model
        Network whose weights are half-precision values.
    path
        File to write; an older one is replaced once the new one has passed.
    about
        Entries of the file's metadata.
    examples
        Inputs by name that both are compared on; the first is also traced.
    outputs
        Names of the outputs.
    axes
        Whose length is left open, and what they are called; all are as traced otherwise.

    Raises
    ------
    QualityError
        If they differ by more than ``TOLERANCE``; nothing is written then.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        raw, small = Path(folder) / "raw.onnx", Path(folder) / "small.onnx"
        _trace(model, examples[0], outputs, raw, axes)
        graph = onnx.load(raw)
        store_half(graph)
        helper.set_model_props(graph, about)
        onnx.checker.check_model(graph)
        onnx.save(graph, small)
        worst = max(_difference(model, example, small) for example in examples)
        if not worst <= TOLERANCE:  # nor may it be NaN
            raise QualityError(
                f"The exported network must agree with torch to {TOLERANCE}, got {worst:.2g}; "
                "nothing was written."
            )
        small.chmod(0o644)
        small.replace(path)
    return worst


def noise(*shapes: Sequence[int], name: str = "image") -> list[dict[str, Tensor]]:
    """Return an example of each shape, for a network of one input."""
    drawn = (np.random.default_rng(seed) for seed in range(len(shapes)))
    return [
        {name: torch.from_numpy(rng.standard_normal(shape, np.float32))}
        for rng, shape in zip(drawn, shapes, strict=True)
    ]


def blocks(channels: int, multiple: Sequence[int]) -> list[dict[str, Tensor]]:
    """Return examples ``n channel i j k`` of two sizes, each a multiple of three numbers."""
    sizes = ([s * m for s, m in zip(some, multiple, strict=True)] for some in _SIZES)
    return noise(*((1, channels, *size) for size in sizes))


def write_network(
    shape: UNetShape, weights: dict[str, Tensor], folder: Path, *, name: str = "head"
) -> float:
    """Write ``NAME.onnx``, to run and to train on; return the difference that was seen."""
    model = network(shape, weights)
    path = folder / f"{name}.onnx"
    difference = write_checked(
        model,
        path,
        {"classes": str(shape.classes), "multiple": str(shape.multiple)},
        examples=blocks(1, (shape.multiple,) * 3),
        outputs=("logits",),
        axes=OPEN,
    )
    note_weights(path, model, shape.as_dict())
    return difference


def network(shape: UNetShape, weights: Mapping[str, Tensor]) -> UNet:
    """Return the network of heads with these weights, rounded as they ship."""
    return rounded(UNet(shape), weights)


def save_weights(shape: NetworkShape, weights: Mapping[str, Tensor], path: Path) -> None:
    """Write the weights in half precision, to continue training from."""
    about = {"step": 0, "seconds": 0.0, "shape": shape.as_dict()}
    halves = {f"average/{name}": weight.half().contiguous() for name, weight in weights.items()}
    partial = path.with_suffix(".part")
    save_file(halves, partial, metadata={"training": json.dumps(about)})
    partial.chmod(0o644)
    partial.replace(path)


def _trace(
    model: nn.Module, example: Example, outputs: Sequence[str], path: Path, axes: Axes | None
) -> None:
    """Write the network as ONNX with single-precision weights."""
    with warnings.catch_warnings():
        # That it traces, and that there is a newer exporter (which does not yet take blocks
        # whose number is left open), is known; the parity check finds what tracing breaks.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            tuple(example.values()),
            path,
            input_names=list(example),
            output_names=list(outputs),
            opset_version=18,
            dynamo=False,
            dynamic_axes=axes,
        )


def _difference(model: nn.Module, example: Example, path: Path) -> float:
    """Return the largest difference of an output, relative to its largest value."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    ours = session.run(None, {name: value.numpy() for name, value in example.items()})
    with torch.no_grad():
        found = model(*example.values())
    theirs = found if isinstance(found, tuple) else (found,)
    pairs = [(one, other.numpy()) for one, other in zip(ours, theirs, strict=True)]
    return max(float(np.abs(a - b).max() / max(1.0, np.abs(b).max())) for a, b in pairs)


def store_half(model: onnx.ModelProto) -> None:
    """Replace every large weight by a half-precision one and a cast."""
    graph, casts = model.graph, []
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < 64:
            continue
        graph.initializer.remove(weight)
        name = f"{weight.name}_half"
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), name))
        casts.append(helper.make_node("Cast", [name], [weight.name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
