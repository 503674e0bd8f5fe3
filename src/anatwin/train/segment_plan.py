"""The plan of a training on labelled images, and its file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from anatwin.core import InputError
from anatwin.segment.recipe import Channel
from anatwin.train.fingerprint import Fingerprint

Axes = tuple[int, int, int]
Spacing = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPlan:
    """Everything that a training on labelled images decides. Change what you like.

    Parameters
    ----------
    spacing_mm
        Voxel edges to the right, to the front and upwards.
    channels
        Images and how their values are scaled.
    patch
        Voxels that the network sees at once.
    batch
        Patches in a step.
    stem
        Edges of the blocks of voxels that become channels before the first layer.
    strides
        Pooling from every level to the one below.
    kernels
        Convolutions at every level.
    widths
        Channels at every level.
    steps
        Length of the training of one fold.
    rate, momentum, weight_decay
        Of stochastic gradient descent with Nesterov's momentum; the rate falls as (1 - t)^0.9.
    foreground
        Share of patches that are centred on a structure.
    turned_axes
        Axes that patches are turned about: all, or the coarse one alone.
    """

    spacing_mm: Spacing
    channels: tuple[Channel, ...]
    patch: Axes
    batch: int
    stem: Axes
    strides: tuple[Axes, ...]
    kernels: tuple[Axes, ...]
    widths: tuple[int, ...]
    steps: int
    rate: float
    momentum: float
    weight_decay: float = 3e-5
    foreground: float = 1 / 3
    turned_axes: tuple[int, ...] = (0, 1, 2)


def write_plan(plan: SegmentPlan, fingerprint: Fingerprint, path: Path) -> None:
    """Write the plan and what it follows from as readable JSON."""
    content = {"plan": asdict(plan), "fingerprint": asdict(fingerprint)}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_plan(path: Path) -> SegmentPlan:
    """Read the plan of a file that ``write_plan`` made, and a person perhaps changed.

    Raises
    ------
    InputError
        If it is no plan.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))["plan"]
        channels = tuple(Channel(**channel) for channel in fields.pop("channels"))
        return SegmentPlan(channels=channels, **{k: _tuples(v) for k, v in fields.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not a plan that can be read: {error!r}.") from error


def _tuples(value: Any) -> Any:  # noqa: ANN401
    """Return lists as tuples, inner ones too."""
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value
