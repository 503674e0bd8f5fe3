"""From a training on labelled images to the files that ship: ONNX to run, safetensors to train."""

import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from anatwin.segment.recipe import Recipe
from anatwin.segment.trained_network import NETWORK, RECIPE
from anatwin.train.export import save_weights, write_checked
from anatwin.train.planned_unet import PlannedShape, PlannedUNet


def write_planned(
    shape: PlannedShape, weights: dict[str, Tensor], recipe: Recipe, folder: Path
) -> float:
    """Write ``network.onnx`` and ``network.safetensors``; return the difference that was seen.

    The ONNX file takes windows of the recipe's size and carries the recipe, so that it can be run
    without anything beside it.

    Raises
    ------
    QualityError
        If onnxruntime and torch differ too much; nothing is written then.
    """
    model = PlannedUNet(shape)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(weights[name].half().float())
    model.eval()
    size = (1, len(recipe.channels), *recipe.patch)
    difference = write_checked(
        folder / NETWORK,
        {RECIPE: recipe.to_json()},
        trace=lambda path: _trace(model, size, path),
        difference=lambda path: _difference(model, size, path),
    )
    save_weights(shape, weights, folder / "network.safetensors")
    return difference


def _trace(model: PlannedUNet, size: tuple[int, ...], path: Path) -> None:
    with warnings.catch_warnings():
        # That it traces, and that there is a newer exporter, is known; the parity check finds
        # what tracing breaks.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (torch.zeros(size),),
            path,
            input_names=["image"],
            output_names=["logits"],
            opset_version=18,
            dynamo=False,
        )


def _difference(model: PlannedUNet, size: tuple[int, ...], path: Path) -> float:
    """Return the largest difference of a score, relative to the largest score."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).standard_normal(size, np.float32)
    ours = session.run(["logits"], {"image": image})[0]
    with torch.no_grad():
        theirs = model(torch.from_numpy(image)).numpy()
    return float(np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max()))
