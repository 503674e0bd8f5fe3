"""Training states on disk, as safetensors: nothing in them can run."""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from anatwin.train.state import State, new_state
from anatwin.train.unet import UNetShape

CHECKPOINT = "checkpoint.safetensors"


def save_checkpoint(folder: Path, state: State) -> Path:
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


def load_checkpoint(folder: Path) -> State:
    """Return the state of ``checkpoint.safetensors`` in a folder."""
    with safe_open(folder / CHECKPOINT, framework="pt") as stored:
        about = json.loads(stored.metadata()["training"])
        state = new_state(_shape(about["shape"]))
        state.step, state.seconds = int(about["step"]), float(about["seconds"])
        names = set(stored.keys())
        with torch.no_grad():
            for name, weight in state.model.named_parameters():
                weight.copy_(stored.get_tensor(f"weight/{name}"))
                state.averaged[name].copy_(stored.get_tensor(f"average/{name}"))
                if f"exp_avg/{name}" in names:
                    state.optimiser.state[weight] = {
                        key: stored.get_tensor(f"{key}/{name}").clone(
                            memory_format=torch.preserve_format
                        )
                        for key in ("step", "exp_avg", "exp_avg_sq")
                    }
    return state


def load_weights(path: Path) -> tuple[UNetShape, dict[str, Tensor]]:
    """Return the network's size and its averaged weights, of a checkpoint or of shipped weights."""
    with safe_open(path, framework="pt") as stored:
        about = json.loads(stored.metadata()["training"])
        names = [name for name in stored.keys() if name.startswith("average/")]  # noqa: SIM118
        weights = {name.removeprefix("average/"): stored.get_tensor(name) for name in names}
    return _shape(about["shape"]), weights


def state_from_weights(path: Path) -> State:
    """Return a state at step 0 whose weights are those of a file."""
    shape, weights = load_weights(path)
    state = new_state(shape)
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
