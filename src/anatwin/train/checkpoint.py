"""Training states on disk, as safetensors: nothing in them can run."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from anatwin.train.shipped import shipped_weights
from anatwin.train.state import Model, State, new_state
from anatwin.train.unet import STRIDE, UNet, UNetShape

CHECKPOINT = "checkpoint.safetensors"

_MOMENTS = ("step", "exp_avg", "exp_avg_sq", "momentum_buffer")
"""What optimisers remember of a weight: Adam's, then that of gradient descent with momentum."""


def save_checkpoint(folder: Path, state: State[Any]) -> Path:
    """Write the state to ``checkpoint.safetensors``, replacing an older one only when complete."""
    tensors: dict[str, Tensor] = {}
    for name, weight in state.model.named_parameters():
        tensors[f"weight/{name}"] = weight.detach()
        tensors[f"average/{name}"] = state.averaged[name]
        for key, value in state.optimiser.state.get(weight, {}).items():
            tensors[f"{key}/{name}"] = torch.as_tensor(value)
    about = {"step": state.step, "seconds": state.seconds, "shape": state.model.shape.as_dict()}
    partial = folder / f"{CHECKPOINT}.part"
    plain = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(plain, partial, metadata={"training": json.dumps(about)})
    return partial.replace(folder / CHECKPOINT)


def load_checkpoint(folder: Path) -> State[UNet]:
    """Return the state of ``checkpoint.safetensors`` in a folder."""
    path = folder / CHECKPOINT
    return restore(new_state(_shape(stored_about(path)["shape"])), path)


def stored_about(path: Path) -> dict[str, Any]:
    """Return what a file says of itself: ``step``, ``seconds`` and the network's ``shape``."""
    with safe_open(path, framework="pt") as stored:
        about: dict[str, Any] = json.loads(stored.metadata()["training"])
    return about


def restore(state: State[Model], path: Path) -> State[Model]:
    """Bring a state with a network of the stored size to where a checkpoint was; return it."""
    about = stored_about(path)
    state.step, state.seconds = int(about["step"]), float(about["seconds"])
    with safe_open(path, framework="pt") as stored, torch.no_grad():
        names = set(stored.keys())
        for name, weight in state.model.named_parameters():
            weight.copy_(stored.get_tensor(f"weight/{name}"))
            state.averaged[name].copy_(stored.get_tensor(f"average/{name}"))
            kept = [key for key in _MOMENTS if f"{key}/{name}" in names]
            if kept:
                state.optimiser.state[weight] = {
                    key: stored.get_tensor(f"{key}/{name}").to(
                        "cpu" if key == "step" else weight.device,
                        copy=True,
                        memory_format=torch.preserve_format,
                    )
                    for key in kept
                }
    return state


def load_weights(path: Path) -> tuple[UNetShape, dict[str, Tensor]]:
    """Return the network's size and its averaged weights, of a checkpoint or of a network's ONNX.

    Raises
    ------
    InputError
        If an ONNX file does not say where its weights are.
    """
    if path.suffix != ".onnx":
        return _shape(stored_about(path)["shape"]), averaged_weights(path)
    fields, flat = shipped_weights(path)
    shape = _shape(fields)
    sizes = {name: weight.shape for name, weight in UNet(shape).named_parameters()}
    return shape, {name: weight.reshape(sizes[name]) for name, weight in flat.items()}


def averaged_weights(path: Path) -> dict[str, Tensor]:
    """Return the averaged weights of a checkpoint, or shipped ones."""
    with safe_open(path, framework="pt") as stored:
        names = [name for name in stored.keys() if name.startswith("average/")]  # noqa: SIM118
        return {name.removeprefix("average/"): stored.get_tensor(name) for name in names}


def state_from_weights(path: Path, *, parents: Sequence[int] | None = None) -> State[UNet]:
    """Return a state at step 0 whose weights are those of a file.

    Parameters
    ----------
    path
        A network's ONNX file or a checkpoint.
    parents
        Where the new network has other classes: for each of them, the class of the stored one
        that it is part of.
    """
    shape, weights = load_weights(path)
    if parents is not None:
        weights = _parted_head(weights, parents, gain=shape.gain)
        shape = replace(shape, classes=len(parents))
    return _begin(new_state(shape), weights)


def _parted_head(
    weights: dict[str, Tensor], parents: Sequence[int], *, gain: float
) -> dict[str, Tensor]:
    """Return weights whose classes share the probability of the one that they are part of."""
    parts = torch.tensor(parents)
    siblings = torch.bincount(parts)[parts].float()
    weight, bias = weights["head.weight"].float(), weights["head.bias"].float()
    weight = weight.reshape(STRIDE**3, -1, *weight.shape[1:])[:, parts].flatten(0, 1)
    bias = (bias.reshape(STRIDE**3, -1)[:, parts] - siblings.log() / gain).flatten()
    return weights | {"head.weight": weight, "head.bias": bias}


def begin_with(state: State[Model], path: Path) -> State[Model]:
    """Give a state with a network of the stored size the averaged weights of a file."""
    return _begin(state, averaged_weights(path))


def _begin(state: State[Model], weights: dict[str, Tensor]) -> State[Model]:
    """Give a state these weights."""
    with torch.no_grad():
        for name, weight in state.model.named_parameters():
            weight.copy_(weights[name].float())
            state.averaged[name].copy_(weight)
    return state


def _shape(fields: dict[str, object]) -> UNetShape:
    """Return the network's size from its stored fields."""
    widths = fields["widths"]
    assert isinstance(widths, list)
    return UNetShape(**{**fields, "widths": tuple(widths)})  # type: ignore[arg-type]
