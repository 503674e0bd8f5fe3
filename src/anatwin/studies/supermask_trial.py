"""One person's three views in one pose: what every method makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anatwin.acquire import ThickSlices
from anatwin.align import Aligner, GlobalRigid
from anatwin.core import Grid, Labels, QualityError, Transform, Volume
from anatwin.fuse import (
    GaussianFusion,
    MajorityVote,
    MaskFuser,
    NearestFusion,
    Posed,
    Unanimity,
)
from anatwin.fuse.sampling import indicators
from anatwin.measure import segmentation_errors
from anatwin.ops.morphology import bounding_box
from anatwin.ops.rigid_motion import turn_between
from anatwin.studies.correlation import correlated

if TYPE_CHECKING:
    from anatwin.train.align_net import AlignNet
    from anatwin.train.planned_unet import PlannedUNet

ONE_VIEW = "U-Net, one view"
OURS = "ours, three views"
WHOLE = "U-Net, high resolution"
IMAGES, MASKS, NETWORK, GLOBAL, BOTH, TRUE = (
    "correlation of images",
    "correlation of masks",
    "AlignNet",
    "GlobalRigid",
    "GlobalRigid, then AlignNet",
    "true poses",
)

_HERE = Transform.from_matrix(np.eye(4))
_MARGIN_MM = 16
_REPEATED = GaussianFusion(between="nearest")
_OURS = GaussianFusion()

Poses = Sequence[Transform | None]


@dataclass(frozen=True, eq=False, slots=True)
class Methods:
    """A fold's segmentation after each phase, its alignment after both, and our alignment."""

    alone: "PlannedUNet"
    together: "PlannedUNet"
    align: "AlignNet"
    rigid: GlobalRigid


@dataclass(frozen=True, slots=True)
class Row:
    """What one method reached.

    Parameters
    ----------
    table
        ``masks``, ``views`` or ``poses``.
    method
        Its name.
    values
        Of that table's columns.
    """

    table: str
    method: str
    values: tuple[float, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Truth:
    """The person's object, and the box in which masks are fused.

    Parameters
    ----------
    labels
        On the whole cube.
    grid
        Of the box.
    box
        Where it lies in the cube.
    """

    labels: Labels
    grid: Grid
    box: tuple[slice, ...]

    @classmethod
    def of(cls, image: Volume, labels: Labels) -> "Truth":
        """Return the truth, with a box about what the image shows."""
        shown = bounding_box(image.data > 0.01 * image.data.max()) or (slice(0, 1),) * 3
        box = tuple(
            slice(max(part.start - _MARGIN_MM, 0), min(part.stop + _MARGIN_MM, n))
            for part, n in zip(shown, image.grid.shape, strict=True)
        )
        matrix = image.grid.matrix
        matrix[:3, 3] = image.grid.at(*(part.start for part in box))
        shape = [part.stop - part.start for part in box]
        return cls(labels, Grid.from_matrix(shape, matrix), box)

    def errors(self, mask: Labels) -> tuple[float, ...]:
        """Return DSC, US, OS, RMS and mBA of a mask in the box."""
        data = np.zeros(self.labels.grid.shape, np.uint8)
        data[self.box] = mask.data
        whole = Labels(data, self.labels.grid, mask.table)
        return tuple(row.value for row in segmentation_errors(whole, self.labels))


def scan_views(image: Volume, scan: ThickSlices, seed: int) -> tuple[list[Volume], list[Transform]]:
    """Return an axial view at rest, a coronal and a sagittal one after moving; and true poses."""
    from anatwin.train.thick_views import DIRECTIONS

    views, poses = [], []
    for n, direction in enumerate(DIRECTIONS):
        method = replace(scan, direction=direction, seed=3 * seed + n)
        if n == 0:
            method = replace(method, rotation_deg=0.0, shift_mm=0.0)
        view = method(image)
        views.append(Volume(np.maximum(view.volume.data, 0), view.volume.grid))
        poses.append(view.transform.inverse())
    return views, poses


def run_trial(
    image: Volume, truth: Truth, methods: Methods, scan: ThickSlices, seed: int
) -> list[Row]:
    """Return what every method makes of one person's views.

    Parameters
    ----------
    image
        At high resolution.
    truth
        The object in it.
    methods
        Networks that never saw the person, and how views are aligned.
    scan
        How views are made.
    seed
        Of the poses.
    """
    from anatwin.train.views_apply import labelled

    views, true = scan_views(image, scan, seed)
    alone = [labelled(methods.alone, view) for view in views]
    together = [labelled(methods.together, view) for view in views]
    poses = _aligned(views, alone, methods) | {TRUE: true}
    rows = []
    for method, found in poses.items():
        labels = alone if method in (IMAGES, MASKS) else together
        rows.append(Row("views", method, _agreement(_posed(views, labels, found), truth)))
        if method != TRUE:
            rows.append(Row("poses", method, _pose_errors(found, true, truth)))
    for name, (fuse, posed) in _fusions(views, alone, together, poses).items():
        rows.append(Row("masks", name, truth.errors(fuse(posed, truth.grid))))
    return rows


def _aligned(
    views: Sequence[Volume], labels: Sequence[Labels], methods: Methods
) -> dict[str, Poses]:
    """Return each method's transforms from the first view's world; None where it refuses."""
    from anatwin.train.views_apply import refined

    net, fixed, moving = methods.align, views[0], views[1:]
    masks = [Volume(mask.data.astype(np.float32), mask.grid) for mask in labels]
    found = [_found(methods.rigid, view, fixed) for view in moving]
    return {
        IMAGES: [_HERE, *(correlated(view, fixed) for view in moving)],
        MASKS: [_HERE, *(_masks_correlated(mask, masks[0]) for mask in masks[1:])],
        NETWORK: [_HERE, *(refined(net, view, fixed) for view in moving)],
        GLOBAL: [_HERE, *found],
        BOTH: [
            _HERE,
            *(
                refined(net, view, fixed, start=start, steps=1) if start else None
                for view, start in zip(moving, found, strict=True)
            ),
        ],
    }


def _found(align: Aligner, moving: Volume, fixed: Volume) -> Transform | None:
    try:
        return align(moving, fixed)
    except QualityError:
        return None


def _masks_correlated(moving: Volume, fixed: Volume) -> Transform | None:
    if not moving.data.any() or not fixed.data.any():
        return None
    return correlated(moving, fixed)


def _posed(views: Sequence[Volume], labels: Sequence[Labels], poses: Poses) -> list[Posed]:
    """Return the views that were aligned, with their labels."""
    return [
        Posed(view, pose, mask)
        for view, mask, pose in zip(views, labels, poses, strict=True)
        if pose is not None
    ]


def _fusions(
    views: Sequence[Volume],
    alone: Sequence[Labels],
    together: Sequence[Labels],
    poses: Mapping[str, Poses],
) -> dict[str, tuple[MaskFuser, list[Posed]]]:
    """Return every way to a mask: how views are fused, and which."""
    ours = _posed(views, together, poses[GLOBAL])
    axial_sagittal = _posed(views[::2], together[::2], poses[GLOBAL][::2])
    ways: dict[str, tuple[MaskFuser, list[Posed]]] = {
        ONE_VIEW: (_REPEATED, _posed(views[:1], alone[:1], [_HERE])),
        "ours, one view": (_OURS, ours[:1]),
        "ours, two views": (_OURS, axial_sagittal),
        OURS: (_OURS, ours),
        "ours, one stage": (_OURS, _posed(views, alone, poses[GLOBAL])),
        "ours, nearest": (NearestFusion(), ours),
        "ours, majority": (MajorityVote(), ours),
        "ours, unanimity": (Unanimity(), ours),
        "ours, AlignNet alone": (_OURS, _posed(views, together, poses[NETWORK])),
        "ours, AlignNet after GlobalRigid": (_OURS, _posed(views, together, poses[BOTH])),
        "ours, true poses": (_OURS, _posed(views, together, poses[TRUE])),
    }
    for method in (IMAGES, MASKS):
        posed = _posed(views, alone, poses[method])
        ways[f"{method}, nearest"] = (NearestFusion(), posed)
        ways[f"{method}, unanimity"] = (Unanimity(), posed)
        ways[f"{method}, majority"] = (MajorityVote(), posed)
    return ways


def _pose_errors(found: Poses, true: Sequence[Transform], truth: Truth) -> tuple[float, ...]:
    """Return the mean rotation [degree] and target error [mm] of the views that moved."""
    index = np.argwhere(truth.labels.data > 0)[::101]
    grid = truth.labels.grid.matrix
    points = index @ grid[:3, :3].T + grid[:3, 3]
    turns, targets = [], []
    for pose, right in zip(found[1:], true[1:], strict=True):
        if pose is not None:
            apart = pose.apply(points) - right.apply(points)
            turns.append(np.degrees(turn_between(pose.matrix, right.matrix)))
            targets.append(np.linalg.norm(apart, axis=1).mean())
    return (float(np.mean(turns)), float(np.mean(targets))) if turns else (np.nan, np.nan)


def _agreement(views: Sequence[Posed], truth: Truth) -> tuple[float, ...]:
    """Return the Dice of views 1 and 2, 1 and 3, 2 and 3, 2 and the truth, 3 and the truth."""
    masks = [indicators(view, truth.grid, 1, between="nearest") > 0 for view in views]
    if len(masks) < 3:
        return (np.nan,) * 5
    masks.append(truth.labels.data[truth.box] > 0)
    pairs = ((0, 1), (0, 2), (1, 2), (1, 3), (2, 3))
    return tuple(_dice(masks[a], masks[b]) for a, b in pairs)


def _dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    size = np.count_nonzero(first) + np.count_nonzero(second)
    return float(2 * np.count_nonzero(first & second) / size) if size else np.nan
