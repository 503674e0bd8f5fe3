"""From a training on labelled images to the files that ship: ONNX to run, safetensors to train."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from anatwin.segment.recipe import Recipe
from anatwin.segment.trained_network import NETWORK, RECIPE
from anatwin.train.export import OPEN, blocks, noise, rounded, save_weights, write_checked
from anatwin.train.planned_unet import PlannedShape, PlannedUNet

WEIGHTS = "network.safetensors"


def write_planned(
    shape: PlannedShape, weights: Mapping[str, Tensor], recipe: Recipe, folder: Path
) -> float:
    """Write ``network.onnx`` and ``network.safetensors``; return the difference that was seen.

    The ONNX file takes windows of the recipe's size, or whole views, and carries the recipe, so
    that it can be run without anything beside it.

    Raises
    ------
    QualityError
        If onnxruntime and torch differ too much; nothing is written then.
    """
    channels = len(recipe.channels)
    difference = write_checked(
        rounded(PlannedUNet(shape), weights),
        folder / NETWORK,
        {RECIPE: recipe.to_json()},
        examples=blocks(channels, recipe.patch)
        if recipe.is_of_views
        else noise((1, channels, *recipe.patch)),
        outputs=("logits",),
        axes=OPEN if recipe.is_of_views else None,
    )
    save_weights(shape, weights, folder / WEIGHTS)
    return difference
