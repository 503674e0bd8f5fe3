"""Everything that the training of a cascade must remember."""

from pathlib import Path

import torch

from anatwin.train.cascade import Cascade, CascadeShape
from anatwin.train.checkpoint import stored_about
from anatwin.train.state import State, started


def cascade_state(shape: CascadeShape, *, seed: int = 0) -> State[Cascade]:
    """Return the state before the first step; the same seed gives the same weights.

    The weight of the samples is a logarithm of order one and the other weights are small numbers,
    so its learning rate is ten times as high.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Cascade(shape)
    groups = [
        {"params": [weight], "share": 10.0 if name.startswith("log_") else 1.0}
        for name, weight in model.named_parameters()
    ]
    return started(model, torch.optim.Adam(groups, lr=1e-4, betas=(0.9, 0.99)))


def stored_cascade(path: Path) -> CascadeShape:
    """Return the size of the network in a checkpoint or in shipped weights."""
    fields = stored_about(path)["shape"]
    return CascadeShape(**{**fields, "strides": tuple(fields["strides"])})


def averaged_model(state: State[Cascade]) -> Cascade:
    """Return a network with the averaged weights."""
    model = Cascade(state.model.shape)
    model.load_state_dict(state.averaged)
    return model.to(next(iter(state.averaged.values())).device).eval()
