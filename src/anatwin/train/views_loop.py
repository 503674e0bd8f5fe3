"""Training of a segmentation and an alignment of thick-slice views, apart and then in turns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from anatwin.core import QualityError, track
from anatwin.train.align_net import AlignNet, AlignShape
from anatwin.train.checkpoint import CHECKPOINT, begin_with, restore, save_checkpoint
from anatwin.train.descent import descend
from anatwin.train.intertwined import (
    Pair,
    Weights,
    align_loss,
    align_loss_with_masks,
    segment_loss_across,
)
from anatwin.train.losses import deeply_supervised
from anatwin.train.pairs import draw_pair
from anatwin.train.patches import Patches
from anatwin.train.planned_unet import PlannedUNet
from anatwin.train.record import write_log
from anatwin.train.segment_plan import SegmentPlan
from anatwin.train.state import State, started
from anatwin.train.supervised import planned_shape
from anatwin.train.thick_views import Example
from anatwin.train.views_plan import views_recipe

SEGMENT, ALIGN, TOGETHER = "segment", "align", "together"
"""Folders of the first phase, and of the second with one for each network."""

_RATE, _LATER_RATE = 1e-3, 1e-4
_WARM_UP = 20
_BATCH = 2
_NEARLY = 0.1
"""Share of the largest motion that is left when both are trained in turns."""
_CLIP = 1.0
_AVERAGE = 0.999
_SAVE_EVERY = 50


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
    views = [view for some in training.views.values() for view in some]
    train_segmentation(views, training.plan, training.out / SEGMENT, seed=training.seed)
    train_alignment(training)
    return train_together(training)


def train_segmentation(
    views: Iterable[Example], plan: SegmentPlan, home: Path, *, seed: int
) -> None:
    """Train a segmentation alone, on from its checkpoint.

    Parameters
    ----------
    views
        What it is trained on.
    plan
        Its network, patches and number of steps.
    home
        Folder of its checkpoint.
    seed
        Of its first weights and of the patches.
    """
    patches = Patches([view.prepared for view in views], plan, views_recipe(plan), seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = resumed(_state(_new_segmentor(plan)), home)
    for step in track(range(state.step, plan.steps), "segmentation"):
        drawn = [patches[plan.batch * step + n] for n in range(plan.batch)]
        image, target = (torch.from_numpy(np.stack(part)) for part in zip(*drawn, strict=True))
        rate = plan.rate * min(1, (step + 1) / _WARM_UP) * _decay(step, plan.steps)
        loss = deeply_supervised(state.model.supervised(image), target)
        keep(state, home, one_step(state, loss, rate=rate), is_last=step + 1 == plan.steps)


def train_alignment(training: ViewsTraining) -> None:
    """Train the alignment alone."""
    home = training.out / ALIGN
    state = resumed(_new_alignment(training.seed), home)
    rest = range(state.step, training.align_steps)
    for step in track(rest, "alignment"):
        pairs = [training.pair(_BATCH * step + n, reach=1.0) for n in range(_BATCH)]
        losses = [align_loss(state.model, pair, training.weights)[0] for pair in pairs]
        rate = _RATE * _decay(step, training.align_steps)
        loss = one_step(state, torch.stack(losses).mean(), rate=rate)
        keep(state, home, loss, is_last=step + 1 == training.align_steps)


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
        across = segment_loss_across(net.model, seg.model, pair, weights)
        keep(seg, homes[0], one_step(seg, across, rate=rate), is_last=last)
        masks = align_loss_with_masks(net.model, seg.model, pair, weights)
        keep(net, homes[1], one_step(net, masks, rate=rate), is_last=last)
    return _averaged(seg), _averaged(net)


def one_step(state: State[Any], loss: Tensor, *, rate: float) -> float:
    """Change one network's weights by a loss; return it.

    Raises
    ------
    QualityError
        If it is not finite.
    """
    for group in state.optimiser.param_groups:
        group["lr"] = rate
    if not descend(state, loss, clip=_CLIP, average=_AVERAGE):
        raise QualityError(f"The loss was not finite at step {state.step}; start with new weights.")
    state.step += 1
    return float(loss.detach())


def keep(state: State[Any], home: Path, loss: float, *, is_last: bool) -> None:
    """Log the loss; write a checkpoint now and then, and at the end."""
    if not is_last and state.step % _SAVE_EVERY:
        return
    home.mkdir(parents=True, exist_ok=True)
    write_log(home, {"step": state.step, "loss": round(loss, 4)})
    save_checkpoint(home, state)


def resumed(state: State[Any], home: Path) -> State[Any]:
    """Return a state brought to its checkpoint, if there is one."""
    path = home / CHECKPOINT
    return restore(state, path) if path.exists() else state


def load_segmentor(plan: SegmentPlan, home: Path) -> PlannedUNet:
    """Return a plan's network with the averaged weights of a checkpoint."""
    return begin_with(_state(_new_segmentor(plan)), home / CHECKPOINT).model


def _new_segmentor(plan: SegmentPlan) -> PlannedUNet:
    model = PlannedUNet(planned_shape(plan, views_recipe(plan)))
    return model.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]


def _decay(step: int, steps: int) -> float:
    return (1 - step / steps) ** 0.9


def _new_alignment(seed: int) -> State[AlignNet]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _state(AlignNet(AlignShape()))


def _state(model: nn.Module, *, weight_decay: float = 0.01) -> State[Any]:
    optimiser = torch.optim.AdamW(
        model.parameters(), _RATE, betas=(0.9, 0.99), weight_decay=weight_decay
    )
    return started(model, optimiser)


def _averaged(state: State[Any]) -> Any:  # noqa: ANN401
    """Return the network with its averaged weights, ready to be used."""
    with torch.no_grad():
        for name, weight in state.model.named_parameters():
            weight.copy_(state.averaged[name])
    return state.model.eval()
