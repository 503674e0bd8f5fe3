"""From the deep cascade's averaged weights to the files that ship."""

import json
from pathlib import Path

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
    count = range(len(model.blocks))
    inputs, outputs = [f"image_{n}" for n in count], [f"refined_{n}" for n in count]
    names = [*zip(count, inputs, strict=True), *zip(count, outputs, strict=True)]
    return write_checked(
        Blocks(model),
        path,
        about,
        examples=[_example(model, rows, columns) for rows, columns in ((16, 24), (21, 10))],
        outputs=outputs,
        axes={name: {0: f"slice_{n}", 2: f"row_{n}", 3: f"column_{n}"} for n, name in names},
    )


def _example(model: Cascade, rows: int, columns: int) -> dict[str, Tensor]:
    channels, multiple = 2 * (1 + model.shape.neighbours), model.shape.multiple
    shape = (1, channels, rows * multiple, columns * multiple)
    chance = torch.Generator().manual_seed(rows)
    return {f"image_{n}": torch.randn(shape, generator=chance) for n in range(len(model.blocks))}
