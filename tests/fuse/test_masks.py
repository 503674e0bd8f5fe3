"""Masks of several views become one."""

from functools import cache

import numpy as np
import pytest

from anatwin.acquire import ThickSlices
from anatwin.core import (
    GeometryError,
    Grid,
    InputError,
    Label,
    Labels,
    LabelTable,
    Transform,
    Volume,
)
from anatwin.fuse import (
    GaussianFusion,
    MajorityVote,
    MaskFuser,
    NearestFusion,
    Posed,
    Staple,
    Unanimity,
    fine_grid,
)

TABLE = LabelTable((Label(1, "outer", (200, 0, 0)), Label(3, "inner", (0, 200, 0))))
FUSERS: tuple[MaskFuser, ...] = (
    GaussianFusion(), GaussianFusion(between="linear"), GaussianFusion(between="nearest"),
    MajorityVote(), NearestFusion(), Staple(), Unanimity(),
)  # fmt: skip
_GRID = Grid.centred((48, 52, 50), (1.0, 1.0, 1.0))


def _truth() -> np.ndarray:
    i, j, k = (np.arange(n) - (n - 1) / 2 for n in _GRID.shape)
    tilted = i[:, None, None] + 0.4 * j[:, None] - 0.3 * k
    radius = np.sqrt((tilted / 16) ** 2 + (j[:, None] / 20) ** 2 + (k / 18) ** 2)
    return np.where(radius < 0.5, 3, np.where(radius < 1, 1, 0)).astype(np.uint8)


@cache
def _views() -> tuple[Posed, ...]:
    """Return three views of a person who moved, each labelled as a reader would."""
    truth = _truth()
    views = []
    for seed, direction in enumerate(("axial", "coronal", "sagittal")):
        turn = 0 if seed == 0 else 15
        method = ThickSlices(direction=direction, distance_mm=6, rotation_deg=turn, seed=seed)
        view = method(Volume((truth > 0).astype(np.float32), _GRID))
        inner = method(Volume((truth == 3).astype(np.float32), _GRID)).volume.data > 0.5
        data = np.where(inner, 3, view.volume.data > 0.5).astype(np.uint8)
        labels = Labels(data, view.volume.grid, TABLE)
        views.append(Posed(view.volume, view.transform.inverse(), labels))
    return tuple(views)


def _dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize("fuse", FUSERS, ids=repr)
def test_one_view_alone_gives_its_labels_exactly(fuse: MaskFuser) -> None:
    for view in _views():
        alone = Posed(view.volume, Transform.from_matrix(np.eye(4)), view.labels)
        fused = fuse([alone], view.volume.grid)
        np.testing.assert_array_equal(fused.data, view.require_labels().data)


@pytest.mark.parametrize("fuse", FUSERS, ids=repr)
def test_the_order_of_views_does_not_matter(fuse: MaskFuser) -> None:
    first, second, third = _views()
    one, other = fuse([first, second, third], _GRID), fuse([third, first, second], _GRID)
    assert (one.data != other.data).mean() < 2e-3  # views equally near or sure


def test_three_views_beat_one_and_every_simple_vote() -> None:
    truth = _truth() > 0
    scores = {repr(fuse): _dice(fuse(_views(), _GRID).data > 0, truth) for fuse in FUSERS}
    alone = _dice(GaussianFusion(between="nearest")(_views()[:1], _GRID).data > 0, truth)
    ours = scores.pop(repr(GaussianFusion()))
    assert ours > alone + 0.04
    assert ours > 0.95
    for simple in (MajorityVote(), NearestFusion(), Unanimity()):
        assert ours > scores[repr(simple)]


def test_fusion_says_where_it_is_unsure() -> None:
    fused = GaussianFusion()(_views(), _GRID)
    assert fused.uncertainty is not None
    assert fused.uncertainty[24, 26, 25] < 0.01
    assert fused.uncertainty.max() > 0.5


def test_what_cannot_be_fused_is_refused() -> None:
    view = _views()[0]
    with pytest.raises(InputError, match="at least one"):
        GaussianFusion()([], _GRID)
    with pytest.raises(GeometryError, match="without labels"):
        MajorityVote()([Posed(view.volume, view.transform)], _GRID)
    other = LabelTable((Label(1, "other", (0, 0, 0)), Label(3, "inner", (0, 200, 0))))
    labels = view.require_labels()
    changed = Posed(view.volume, view.transform, Labels(labels.data, labels.grid, other))
    with pytest.raises(InputError, match="one label table"):
        MajorityVote()([view, changed], _GRID)


def test_the_fine_grid_covers_the_first_view() -> None:
    grid = fine_grid(_views())
    assert grid.shape == (48, 52, 48)
    assert grid.spacing_mm == pytest.approx((1, 1, 1))
    assert fine_grid(_views(), 2.0).shape == (24, 26, 24)
    small = fine_grid(_views(), margin_mm=3)
    assert small.shape[1] == 46
    np.testing.assert_allclose(small.at(0, 0, 0)[1], -22.5, atol=1.01)
