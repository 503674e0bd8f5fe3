"""From averaged weights to the files that ship: ONNX to run, safetensors to train on."""

import json
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import Tensor

from anatwin.core import QualityError
from anatwin.train.unet import UNet, UNetShape


class NetworkShape(Protocol):
    """Size of a network, as plain values."""

    def as_dict(self) -> dict[str, object]:
        """Return the fields as plain values."""
        ...


TOLERANCE = 1e-4
"""Largest accepted difference of a score between torch and onnxruntime."""


def network(shape: UNetShape, weights: dict[str, Tensor]) -> UNet:
    """Return the network with these weights, rounded to half precision as they ship."""
    model = UNet(shape)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(weights[name].half().float())
    return model.eval()


def export_network(model: UNet, onnx_path: Path, *, about: dict[str, str] | None = None) -> float:
    """Write the network as ONNX; return the largest difference to torch that was seen.

    Weights are stored in half precision and computed with in single precision.

    Parameters
    ----------
    model
        Network whose weights are half-precision values.
    onnx_path
        File to write; an older one is replaced once the new one has passed.
    about
        Entries of the file's metadata.

    Raises
    ------
    QualityError
        If onnxruntime and torch differ by more than ``TOLERANCE``; nothing is written then.
    """
    return write_checked(
        onnx_path,
        about or {},
        trace=lambda path: _trace(model, path),
        difference=lambda path: largest_difference(model, path),
    )


def write_checked(
    path: Path,
    about: dict[str, str],
    *,
    trace: Callable[[Path], None],
    difference: Callable[[Path], float],
) -> float:
    """Write a traced network, its weights in half precision, if it agrees with torch.

    Parameters
    ----------
    path
        File to write; an older one is replaced once the new one has passed.
    about
        Entries of the file's metadata.
    trace
        Writes the network as ONNX in single precision.
    difference
        Returns how far a file's output is from torch's.

    Raises
    ------
    QualityError
        If they differ by more than ``TOLERANCE``; nothing is written then.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        raw, small = Path(folder) / "raw.onnx", Path(folder) / "small.onnx"
        trace(raw)
        graph = onnx.load(raw)
        store_half(graph)
        helper.set_model_props(graph, about)
        onnx.checker.check_model(graph)
        onnx.save(graph, small)
        worst = difference(small)
        if worst > TOLERANCE:
            raise QualityError(
                f"The exported network must agree with torch to {TOLERANCE}, got {worst:.2g}; "
                "nothing was written."
            )
        small.chmod(0o644)
        small.replace(path)
    return worst


def write_network(
    shape: UNetShape, weights: dict[str, Tensor], folder: Path, *, name: str = "head"
) -> float:
    """Write ``NAME.onnx`` and ``NAME.safetensors``; return the difference that was seen."""
    about = {"classes": str(shape.classes), "multiple": str(shape.multiple)}
    difference = export_network(network(shape, weights), folder / f"{name}.onnx", about=about)
    save_weights(shape, weights, folder / f"{name}.safetensors")
    return difference


def largest_difference(model: UNet, onnx_path: Path) -> float:
    """Return the largest difference of a score, relative to the largest score, on two shapes."""
    session = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
    step, worst = model.shape.multiple, 0.0
    for seed, edges in enumerate(((2, 1, 1), (1, 2, 3))):
        i, j, k = (step * n for n in edges)
        image = np.random.default_rng(seed).random((1, 1, i, j, k), np.float32)
        ours = session.run(["logits"], {"image": image})[0]
        with torch.no_grad():
            theirs = model(torch.from_numpy(image)).numpy()
        worst = max(worst, float(np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max())))
    return worst


def save_weights(shape: NetworkShape, weights: dict[str, Tensor], path: Path) -> None:
    """Write the weights in half precision, to continue training from."""
    about = {"step": 0, "seconds": 0.0, "shape": shape.as_dict()}
    halves = {f"average/{name}": weight.half().contiguous() for name, weight in weights.items()}
    partial = path.with_suffix(".part")
    save_file(halves, partial, metadata={"training": json.dumps(about)})
    partial.chmod(0o644)
    partial.replace(path)


def _trace(model: UNet, path: Path) -> None:
    """Write the network as ONNX with single-precision weights."""
    edge = model.shape.multiple * 2
    image = torch.zeros((1, 1, edge, edge, edge))
    with warnings.catch_warnings():
        # That it traces, and that there is a newer exporter (which does not yet take blocks
        # whose number is left open), is known; the parity check finds what tracing breaks.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (image,),
            path,
            input_names=["image"],
            output_names=["logits"],
            opset_version=18,
            dynamo=False,
            dynamic_axes={name: {2: "i", 3: "j", 4: "k"} for name in ("image", "logits")},
        )


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
