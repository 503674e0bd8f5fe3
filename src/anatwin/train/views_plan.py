"""The plan of a small segmentation network for simulated views."""

from math import ceil, prod

from anatwin.segment.recipe import Channel, Recipe
from anatwin.train.segment_plan import SegmentPlan
from anatwin.train.subjects import OBJECT

VIEW = Channel("view", "percentiles", 2.0, 98.0, 0.0, 1.0)
"""Scaled as in SuperMask."""


def views_plan(distance_mm: float, *, edge_mm: float, steps: int) -> SegmentPlan:
    """Return the plan of a network for slices of 1 mm pixels.

    Parameters
    ----------
    distance_mm
        From slice to slice, which is the last axis; up to 2 mm all axes are alike.
    edge_mm
        Of the patch that the network sees.
    steps
        Of the training.
    """
    is_thick = distance_mm > 2
    multiple = (16, 16, 4) if is_thick else (16, 16, 16)
    # Slices are few: all of them are seen at once.
    lengths = (edge_mm, edge_mm, 1.5 * edge_mm / distance_mm if is_thick else edge_mm)
    i, j, k = (ceil(n / m) * m for n, m in zip(lengths, multiple, strict=True))
    return SegmentPlan(
        spacing_mm=(1.0, 1.0, distance_mm),
        channels=(VIEW,),
        patch=(i, j, k),
        batch=2,
        stem=(2, 2, 1) if is_thick else (2, 2, 2),
        strides=((2, 2, 1) if is_thick else (2, 2, 2), (2, 2, 2), (2, 2, 2)),
        kernels=((3, 3, 1) if is_thick else (3, 3, 3), *[(3, 3, 3)] * 3),
        widths=(16, 32, 64, 96),
        steps=steps,
        rate=2e-3,
        momentum=0.9,
        foreground=1.0,
        turned_axes=(2,) if is_thick else (0, 1, 2),
    )


def views_recipe(plan: SegmentPlan) -> Recipe:
    """Return what the plan's network expects and names."""
    i, j, k = (prod(steps) for steps in zip(plan.stem, *plan.strides, strict=True))
    return Recipe(plan.channels, OBJECT, plan.spacing_mm, (i, j, k), is_of_views=True)
