import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.phantoms.shapes import (
    Points,
    Ribbon,
    between,
    box_around,
    ellipsoid,
    tube,
    union,
    without,
)

SHAPE = (18, 22, 20)


def block(step: float = 2.0) -> Points:
    axes = (((np.arange(n) - n / 2) * step).astype(np.float32) for n in SHAPE)
    return Points(*np.meshgrid(*axes, indexing="ij"))


def place(x: float, y: float, z: float) -> Points:
    return Points(*(np.array([v], np.float32) for v in (x, y, z)))


def distance_to(points: Points, centre: tuple[float, float, float]) -> np.ndarray:
    return np.sqrt(sum((p - c) ** 2 for p, c in zip(points, centre, strict=True)))


@settings(deadline=None, max_examples=10)
@given(st.floats(3, 15), st.floats(-8, 8))
def test_round_shapes_give_the_true_distance(radius: float, x: float) -> None:
    points = block()
    expected = distance_to(points, (x, 1, 2)) - radius
    ball = ellipsoid(points, (x, 1, 2), (radius, radius, radius))
    away = distance_to(points, (x, 1, 2)) > 1
    assert ball[away] == pytest.approx(expected[away], abs=5e-3)
    assert tube(points, ((x, 1, 2), (x, 1, 2)), (radius, radius)) == pytest.approx(
        expected, abs=1e-3
    )


def test_ellipsoid_is_zero_on_its_surface_and_turns_towards_the_right() -> None:
    turn = np.linspace(0, 2 * np.pi, 50, dtype=np.float32)
    still = Points(5 * np.cos(turn), 12 * np.sin(turn), 0 * turn)
    assert ellipsoid(still, (0, 0, 0), (5, 12, 7)) == pytest.approx(0, abs=1e-4)
    tip = place(12 * np.sin(0.5), 12 * np.cos(0.5), 0)
    assert ellipsoid(tip, (0, 0, 0), (5, 12, 7), yaw=0.5) == pytest.approx(0, abs=1e-4)


def test_tube_follows_its_path_with_its_radii() -> None:
    points = block(1.0)
    along = tube(points, ((0, -6, 0), (0, 6, 0)), (1, 3))
    on_axis = along[9, 5:18, 10]
    assert on_axis == pytest.approx(-(1 + 2 * np.arange(13) / 12), abs=1e-5)


def test_ribbon_is_as_wide_and_as_thick_as_asked() -> None:
    belly = Ribbon(((0, 0, -20), (0, 0, 20)), (8, 8), (2, 2), (0.2, 1, 0.3))
    wide = np.array([0.2, 1, 0]) / np.hypot(0.2, 1)  # what of ``across`` is square to the path
    thin = np.array([1, -0.2, 0]) / np.hypot(0.2, 1)
    assert belly(place(*(8 * wide + [0, 0, 5]))) == pytest.approx(0, abs=1e-4)
    assert belly(place(*(2 * thin + [0, 0, -7]))) == pytest.approx(0, abs=1e-4)
    assert belly(place(*(10 * wide))) == pytest.approx(2, abs=0.3)
    assert belly(place(0, 0, 30))[0] > 0
    low, high = belly.box(1)
    inside = belly(block()) < 0
    for p, a, b in zip(block(), low, high, strict=True):
        assert a <= p[inside].min()
        assert p[inside].max() <= b


def test_union_keeps_both_and_a_seam_only_adds() -> None:
    points = block()
    a, b = ellipsoid(points, (-6, 0, 0), (8, 8, 8)), ellipsoid(points, (6, 0, 0), (8, 8, 8))
    assert np.array_equal(union(a, b) < 0, (a < 0) | (b < 0))
    assert np.array_equal(without(a, b) < 0, (a < 0) & (b > 0))
    soft = union(a, b, blend_mm=6)
    assert (soft <= np.minimum(a, b)).all()
    assert (soft >= np.minimum(a, b) - 1.5 - 1e-5).all()


def test_slab_lies_between_its_ends() -> None:
    assert between(np.array([-1.0, 2.0, 3.0, 6.0]), -1, 5) == pytest.approx([0, -3, -2, 1])


def test_mirrored_folded_and_tilted_points() -> None:
    points = block()
    assert np.array_equal(points.lateral(-1).x, -points.x)
    assert points.lateral(1) is points
    assert points.folded().x.min() >= 0
    assert np.array_equal(points.stretched(z=0.5).z, points.z / 2)
    ahead = place(1, 2 + np.cos(0.3), 3 + np.sin(0.3)).pitched(2, 3, 0.3)
    assert [float(v[0]) for v in ahead] == pytest.approx([1, 1, 0], abs=1e-6)


def test_box_holds_the_path_and_its_margin() -> None:
    assert box_around(((1, 2, 3), (-1, 5, 0)), 2) == ((-3, 0, -2), (3, 7, 5))
