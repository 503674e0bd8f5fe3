"""From the deep cascade's averaged weights to the files that ship."""

import json
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from anatwin.train.cascade import Cascade
from anatwin.train.cascade_state import averaged_model
from anatwin.train.export import save_weights, write_checked
from anatwin.train.state import State


class Blocks(nn.Module):
    """The networks of a cascade side by side: image after image in, image after image out."""

    def __init__(self, model: Cascade) -> None:
        super().__init__()
        self.blocks = model.blocks

    def forward(self, *images: Tensor) -> tuple[Tensor, ...]:
        """Return what every network makes of its own image."""
        return tuple(block(image) for block, image in zip(self.blocks, images, strict=True))


def write_cascade(state: State[Cascade], folder: Path) -> float:
    """Write ``cascade.onnx`` and ``cascade.safetensors``; return the difference to torch.

    Weights are rounded to half precision, as they ship.
    """
    model = averaged_model(state).cpu()
    with torch.no_grad():
        for block in model.blocks:
            for weight in block.parameters():
                weight.copy_(weight.half().float())
    difference = export_cascade(model, folder / "cascade.onnx")
    weights = {name: weight.detach() for name, weight in model.named_parameters()}
    save_weights(model.shape, weights, folder / "cascade.safetensors")
    return difference


def export_cascade(model: Cascade, path: Path) -> float:
    """Write the networks as ONNX: inputs ``image_n``, outputs ``refined_n``, one pair a network.

    The file's metadata holds what the data consistency between them needs.

    Parameters
    ----------
    model
        Network whose weights are half-precision values.
    path
        File to write; an older one is replaced once the new one has passed.

    Raises
    ------
    QualityError
        If onnxruntime and torch differ by more than ``TOLERANCE``; nothing is written then.
    """
    about = {
        "trust": json.dumps(model.trust().tolist()),
        "coil_trust": json.dumps(model.trust(coils=True).tolist()),
        "coil_steps": str(model.shape.coil_steps),
        "neighbours": str(model.shape.neighbours),
        "multiple": str(model.shape.multiple),
        "networks": " ".join(
            str(0 if model.shape.shared else n) for n in range(model.shape.cascades)
        ),
    }
    return write_checked(
        path,
        about,
        trace=lambda raw: _trace(model, raw),
        difference=lambda small: _largest_difference(model, small),
    )


def _example(model: Cascade, rows: int, columns: int) -> list[Tensor]:
    channels, multiple = 2 * (1 + model.shape.neighbours), model.shape.multiple
    shape = (1, channels, rows * multiple, columns * multiple)
    chance = torch.Generator().manual_seed(rows)
    return [torch.randn(shape, generator=chance) for _ in model.blocks]


def _trace(model: Cascade, path: Path) -> None:
    """Write the networks as ONNX with single-precision weights."""
    count = range(len(model.blocks))
    inputs, outputs = [f"image_{n}" for n in count], [f"refined_{n}" for n in count]
    with warnings.catch_warnings():
        # That it traces, and that there is a newer exporter, is known; the parity check finds
        # what tracing breaks.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Blocks(model),
            tuple(_example(model, 16, 24)),
            path,
            input_names=inputs,
            output_names=outputs,
            opset_version=18,
            dynamo=False,
            dynamic_axes={
                name: {0: f"slice_{n}", 2: f"row_{n}", 3: f"column_{n}"}
                for pair in zip(count, inputs, outputs, strict=True)
                for n, name in zip((pair[0],) * 2, pair[1:], strict=True)
            },
        )


def _largest_difference(model: Cascade, path: Path) -> float:
    """Return the largest difference of a pixel, relative to the largest, on another shape."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    images = _example(model, 21, 10)
    ours = session.run(None, {f"image_{n}": x.numpy() for n, x in enumerate(images)})
    with torch.no_grad():
        theirs = Blocks(model)(*images)
    return max(
        float(np.abs(one - other.numpy()).max() / other.abs().max())
        for one, other in zip(ours, theirs, strict=True)
    )
