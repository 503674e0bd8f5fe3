"""Training of a segmentation and an alignment of thick-slice views, apart and then in turns."""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from anatwin.core import QualityError, track
from anatwin.train.align_net import AlignNet, AlignShape
from anatwin.train.checkpoint import CHECKPOINT, begin_with, restore, save_checkpoint
from anatwin.train.intertwined import (
    Pair,
    Weights,
    align_loss,
    align_loss_with_masks,
    segment_loss_across,
)
from anatwin.train.loop import average_weights
from anatwin.train.pairs import draw_pair
from anatwin.train.planned_unet import PlannedUNet
from anatwin.train.segment_plan import SegmentPlan
from anatwin.train.state import State
from anatwin.train.supervised import SupervisedTraining, planned_shape, train_supervised
from anatwin.train.thick_views import Example
from anatwin.train.views_plan import views_recipe

SEGMENT, ALIGN, TOGETHER = "segment", "align", "together"
"""Folders of the first phase, and of the second with one for each network."""

_RATE, _LATER_RATE = 1e-3, 1e-4
_BATCH = 2
_NEARLY = 0.1
"""Share of the largest motion that is left when both are trained in turns."""
_CLIP = 1.0
_AVERAGE = 0.999
_SAVE_EVERY = 50

Loss = Callable[[Pair], Tensor]


@dataclass(frozen=True, kw_only=True)
class ViewsTraining:
    """A training on simulated views.

    Parameters
    ----------
    views
        By person.
    plan
        Of the segmentation network.
    out
        Folder of the checkpoints.
    align_steps, together_steps
        Steps of the alignment alone, and of each network when both are trained in turns.
    seed
        Of first weights and of what is drawn.
    weights
        Of the losses.
    """

    views: Mapping[str, Sequence[Example]]
    plan: SegmentPlan
    out: Path
    align_steps: int
    together_steps: int
    seed: int = 0
    weights: Weights = field(default_factory=Weights)

    def pair(self, step: int, *, reach: float) -> Pair:
        """Return the pair of a step; the same step gives the same pair."""
        rng = np.random.default_rng((self.seed, step))
        person = sorted(self.views)[int(rng.integers(len(self.views)))]
        multiple = planned_shape(self.plan, views_recipe(self.plan)).multiple
        return draw_pair(self.views[person], rng, reach=reach, multiple=multiple)


def train_views(training: ViewsTraining) -> tuple[PlannedUNet, AlignNet]:
    """Train both networks apart and then in turns, on from checkpoints; return them averaged.

    Raises
    ------
    QualityError
        If a loss is not finite.
    """
    train_segmentation(training)
    if training.together_steps == 0:
        align = train_alignment(training)
        return load_segmentor(training.plan, training.out / SEGMENT), _averaged(align)
    train_alignment(training)
    return train_together(training)


def train_segmentation(training: ViewsTraining) -> None:
    """Train the segmentation alone."""
    cases = [view.prepared for views in training.views.values() for view in views]
    recipe = views_recipe(training.plan)
    home = training.out / SEGMENT
    train_supervised(SupervisedTraining(training.plan, recipe, cases, home, seed=training.seed))


def train_alignment(training: ViewsTraining) -> State[AlignNet]:
    """Train the alignment alone."""
    home = training.out / ALIGN
    state = resumed(_new_alignment(training.seed), home)
    rest = range(state.step, training.align_steps)
    for step in track(rest, "alignment"):
        pairs = [training.pair(_BATCH * step + n, reach=1.0) for n in range(_BATCH)]
        rate = _RATE * (1 - step / training.align_steps) ** 0.9
        loss = one_step(state, pairs, lambda p: align_loss(state.model, p, training.weights)[0],
                        rate=rate)  # fmt: skip
        keep(state, home, loss, is_last=step + 1 == training.align_steps)
    return state


def train_together(training: ViewsTraining) -> tuple[PlannedUNet, AlignNet]:
    """Train both in turns, from what each learned alone."""
    homes = [training.out / TOGETHER / name for name in (SEGMENT, ALIGN)]
    seg = _state(load_segmentor(training.plan, training.out / SEGMENT), weight_decay=0.0)
    net = begin_with(_new_alignment(training.seed), training.out / ALIGN / CHECKPOINT)
    resumed(net, homes[1]), resumed(seg, homes[0])
    weights = training.weights
    for step in track(range(net.step, training.together_steps), "both in turns"):
        pair = training.pair(10**6 + step, reach=_NEARLY)
        rate = _LATER_RATE * 0.9 ** (step // 200)
        last = step + 1 == training.together_steps
        loss = one_step(
            seg, [pair], lambda p: segment_loss_across(net.model, seg.model, p, weights), rate=rate
        )
        keep(seg, homes[0], loss, is_last=last)
        loss = one_step(
            net, [pair], lambda p: align_loss_with_masks(net.model, seg.model, p, weights),
            rate=rate,
        )  # fmt: skip
        keep(net, homes[1], loss, is_last=last)
    return _averaged(seg), _averaged(net)


def one_step(state: State[Any], pairs: Iterable[Pair], loss: Loss, *, rate: float) -> float:
    """Change one network's weights by the mean loss of some pairs; return it.

    Raises
    ------
    QualityError
        If it is not finite.
    """
    began = time.monotonic()
    state.model.train()
    state.optimiser.zero_grad(set_to_none=True)
    values = torch.stack([loss(pair) for pair in pairs]).mean()
    values.backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(state.model.parameters(), _CLIP)
    if not math.isfinite(float(norm)):
        raise QualityError(f"The loss was not finite at step {state.step}; start with new weights.")
    for group in state.optimiser.param_groups:
        group["lr"] = rate
    state.optimiser.step()
    average_weights(state, _AVERAGE)
    state.step += 1
    state.seconds += time.monotonic() - began
    return float(values.detach())


def keep(state: State[Any], home: Path, loss: float, *, is_last: bool) -> None:
    """Log the loss; write a checkpoint now and then, and at the end."""
    if not is_last and state.step % _SAVE_EVERY:
        return
    home.mkdir(parents=True, exist_ok=True)
    entry = {"step": state.step, "seconds": round(state.seconds, 1), "loss": round(loss, 4)}
    with (home / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
    save_checkpoint(home, state)


def resumed(state: State[Any], home: Path) -> State[Any]:
    """Return a state brought to its checkpoint, if there is one."""
    path = home / CHECKPOINT
    return restore(state, path) if path.exists() else state


def load_segmentor(plan: SegmentPlan, home: Path) -> PlannedUNet:
    """Return a plan's network with the averaged weights of a checkpoint."""
    model = PlannedUNet(planned_shape(plan, views_recipe(plan)))
    model = model.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return begin_with(_state(model), home / CHECKPOINT).model


def _new_alignment(seed: int) -> State[AlignNet]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _state(AlignNet(AlignShape()))


def _state(model: nn.Module, *, weight_decay: float = 0.01) -> State[Any]:
    averaged = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    optimiser = torch.optim.AdamW(model.parameters(), _RATE, weight_decay=weight_decay)
    return State(model, averaged, optimiser)


def _averaged(state: State[Any]) -> Any:  # noqa: ANN401
    """Return the network with its averaged weights, ready to be used."""
    with torch.no_grad():
        for name, weight in state.model.named_parameters():
            weight.copy_(state.averaged[name])
    return state.model.eval()
