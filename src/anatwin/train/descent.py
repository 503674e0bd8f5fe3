"""One step of a training: down the gradient of a loss, and on with the averaged weights."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from anatwin.train.state import State


def descend(
    state: State[Any],
    loss: Tensor,
    *,
    clip: float,
    average: float,
    meet: Callable[[nn.Module], None] | None = None,
) -> bool:
    """Change the weights by the gradient of a loss; leave them alone where it is not finite.

    Parameters
    ----------
    state
        Its network is changed, and with it the average of its weights.
    loss
        What shall become smaller.
    clip
        Largest norm of the gradient.
    average
        Decay of the average of the weights.
    meet
        Called with the network between gradient and step: processes average their gradients here.

    Returns
    -------
    Whether the gradient was finite.
    """
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if meet is not None:
        meet(state.model)
    norm = torch.nn.utils.clip_grad_norm_(state.model.parameters(), clip)
    if not torch.isfinite(norm):
        return False
    state.optimiser.step()
    average_weights(state, average)
    return True


@torch.no_grad()
def average_weights(state: State[Any], decay: float) -> None:
    """Move the averaged weights towards the weights: about the mean of the last fiftieth."""
    keep = min(decay, (1 + state.step) / (50 + state.step))
    for name, weight in state.model.named_parameters():
        state.averaged[name].lerp_(weight, 1 - keep)
