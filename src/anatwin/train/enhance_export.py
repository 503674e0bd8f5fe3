"""From the averaged weights of the network that enhances bone to the files that ship."""

import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from anatwin.train.enhance_network import FACTOR, EnhanceNetwork
from anatwin.train.export import save_weights, write_checked
from anatwin.train.state import State

FILE = "enhance.onnx"


def write_enhance(state: State[EnhanceNetwork], folder: Path, *, patch: int = 0) -> float:
    """Write ``enhance.onnx`` and ``enhance.safetensors``; return the difference to torch.

    Weights are rounded to half precision, as they ship.

    Parameters
    ----------
    state
        The training.
    folder
        Where the files go.
    patch
        Blocks along the edge of the patches that the network knows; 0 if it sees whole images.

    Raises
    ------
    QualityError
        If onnxruntime and torch differ; nothing is written then.
    """
    model = EnhanceNetwork(state.model.shape).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(state.averaged[name].half().float())
    difference = write_checked(
        folder / FILE,
        {"factor": str(FACTOR), "patch": str(patch)},
        trace=lambda path: _trace(model, path),
        difference=lambda path: _difference(model, path),
    )
    weights = {name: weight.detach() for name, weight in model.named_parameters()}
    save_weights(model.shape, weights, folder / "enhance.safetensors")
    return difference


def _trace(model: EnhanceNetwork, path: Path) -> None:
    """Write the network as ONNX with single-precision weights."""
    with warnings.catch_warnings():
        # That it traces, and that there is a newer exporter, is known.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (torch.zeros((1, model.shape.channels, 8, 9)),),
            path,
            input_names=["channels"],
            output_names=["logits"],
            opset_version=18,
            dynamo=False,
            dynamic_axes={name: {0: "n", 2: "i", 3: "j"} for name in ("channels", "logits")},
        )


def _difference(model: EnhanceNetwork, path: Path) -> float:
    """Return the largest difference of a logit, relative to the largest, on another shape."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    shape = (2, model.shape.channels, 7, 12)
    channels = np.random.default_rng(0).standard_normal(shape, np.float32)
    ours = session.run(["logits"], {"channels": channels})[0]
    with torch.no_grad():
        theirs = model(torch.from_numpy(channels)).numpy()
    return float(np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max()))
