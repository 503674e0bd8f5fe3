"""Everything that a training must remember."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from anatwin.train.unet import UNet, UNetShape

Model = TypeVar("Model", bound=nn.Module)


@dataclass(eq=False, slots=True)
class State(Generic[Model]):
    """Network, averaged weights, optimiser and what is behind us. Changed in place by the loop.

    Parameters
    ----------
    model
        The network.
    averaged
        Exponential moving average of its weights: what is shipped.
    optimiser
        Adam, AdamW or gradient descent, with its moments.
    step
        Steps taken.
    seconds
        Time spent.
    """

    model: Model
    averaged: dict[str, Tensor]
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0


def new_state(shape: UNetShape, *, weight_decay: float = 0.01) -> State[UNet]:
    """Return a state around a network with random weights."""
    model = UNet(shape).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    groups = [{"params": [weight], "share": step_share(weight)} for weight in model.parameters()]
    optimiser = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), weight_decay=weight_decay)
    return started(model, optimiser)


def started(model: Model, optimiser: torch.optim.Optimizer) -> State[Model]:
    """Return the state before the first step of an optimiser."""
    averaged = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    return State(model, averaged, optimiser)


def step_share(weight: Tensor) -> float:
    """Return a weight's share of the learning rate: the size that such a weight starts with.

    A step of Adam has the same size for every weight, but the weights of wide layers are small:
    one rate for all would turn the deep layers over in a few steps.
    """
    if weight.ndim < 2:
        return 0.05
    return float((3 * weight[0].numel()) ** -0.5)


def fresh_state(seed: int, shape: UNetShape | None = None) -> State[UNet]:
    """Return the state before the first step; the same seed gives the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return new_state(shape or UNetShape())


def move(state: State[Any], device: str) -> None:
    """Put the network, its average and the optimiser's moments on a device."""
    state.model.to(device)
    state.averaged = {name: weight.to(device) for name, weight in state.averaged.items()}
    for moments in state.optimiser.state.values():
        for key in ("exp_avg", "exp_avg_sq"):
            moments[key] = moments[key].to(device)
