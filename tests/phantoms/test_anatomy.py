import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import Grid
from anatwin.phantoms.anatomy import JOINT_MM, random_anatomy
from anatwin.phantoms.canvas import Canvas
from anatwin.phantoms.outline import outline
from anatwin.phantoms.shapes import Points, ellipsoid
from anatwin.phantoms.waves import bent_points, isotropic_waves, wave_sum


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 50), st.tuples(*[st.floats(-60, 90)] * 3))
def test_an_open_jaw_is_the_closed_jaw_moved(seed: int, at: tuple[float, float, float]) -> None:
    person = random_anatomy(seed)
    moved = Points(*(np.array([v], np.float32) for v in person.jaw((at,))[0]))
    assert [float(v[0]) for v in person.closed(moved)] == pytest.approx(at, abs=1e-3)


def test_people_differ_in_jaw_teeth_discs_and_throat() -> None:
    people = [random_anatomy(seed) for seed in range(40)]
    assert min(p.jaw_rad for p in people) == 0
    assert max(p.jaw_rad for p in people) > 0.08
    assert len({round(p.airway, 6) for p in people}) == 40
    halves = [half for p in people for half in p.halves]
    assert {bool(h.lost_upper | h.lost_lower) for h in halves} == {True, False}
    slipped = sum(h.disc_shift_rad > 0.4 for h in halves)
    assert 2 < slipped < 40
    opened = max(people, key=lambda p: p.jaw_rad)
    chin = opened.jaw(((0.0, 90.0, -135.0), JOINT_MM))
    assert chin[0][2] < -136
    assert chin[1][1] > JOINT_MM[1]  # the condyle glides forward


def test_a_mirror_image_of_a_mirror_image_is_the_person() -> None:
    person = random_anatomy(4)
    twice = person.mirrored().mirrored()
    assert np.array_equal(twice.to_head, person.to_head)
    assert np.array_equal(twice.bend.vectors, person.bend.vectors)
    assert [h.lost_upper for h in twice.halves] == [h.lost_upper for h in person.halves]
    assert person.mirrored().halves[0].muscle == person.halves[1].muscle


def test_a_voxel_has_one_position_in_whatever_block() -> None:
    waves = isotropic_waves(np.random.default_rng(0), 5, 100, 1.0, channels=3)
    matrix = np.diag([0.7, 0.8, 0.9, 1.0])
    whole = bent_points(matrix, (np.arange(6), np.arange(7), np.arange(20)), waves)
    part = bent_points(matrix, (np.arange(2, 6), np.arange(7), np.arange(11, 17, 2)), waves)
    for a, b in zip(whole, part, strict=True):
        assert np.array_equal(a[2:6, :, 11:17:2], b)
    assert abs(whole.x[3, 3, 3] - 2.1) < 6


def test_waves_have_the_amplitude_and_slope_they_say() -> None:
    waves = isotropic_waves(np.random.default_rng(1), 9, 30, 2.0)
    axes = (np.arange(n, dtype=np.float32) * 3 for n in (24, 25, 26))
    points = Points(*np.meshgrid(*axes, indexing="ij"))
    total, slope = wave_sum(points, waves)
    assert total.std() == pytest.approx(2, rel=0.3)
    step = Points(points.x + np.float32(0.1), points.y, points.z)
    assert np.abs((wave_sum(step, waves)[0] - total) / 0.1).max() < slope.max() * 1.05


@pytest.mark.parametrize("name", ["skin", "brain_case", "vault"])
def test_outlines_are_closed_smooth_and_symmetric(name: str) -> None:
    surface = outline(name)  # type: ignore[arg-type]
    rng = np.random.default_rng(2)
    ray = rng.standard_normal((3, 400)).astype(np.float32)
    ray /= np.linalg.norm(ray, axis=0)
    (i, j), _ = surface.direction(
        Points(*(r * 50 + m for r, m in zip(ray, surface.middle, strict=True)))
    )
    radius = surface.radii[i, j]
    on_it = Points(*(r * radius + m for r, m in zip(ray, surface.middle, strict=True)))
    assert np.abs(surface(on_it)).max() < 0.8
    assert surface(on_it) == pytest.approx(surface(on_it.lateral(-1)), abs=0.8)
    near = Points(*(r * (radius - 3) + m for r, m in zip(ray, surface.middle, strict=True)))
    assert ((surface(near) < -0.5) & (surface(near) > -3.9)).all()
    assert radius.min() > 35
    assert radius.max() < 135


def test_fields_on_a_coarser_lattice_do_not_depend_on_the_block() -> None:
    person, grid = random_anatomy(0), Grid.isotropic((30, 34, 40), 0.3)

    def painted(slices: range) -> np.ndarray:
        canvas = Canvas(grid, slices, person, {"a": 1})
        canvas.start((("a", 0.0),), lambda p: ellipsoid(p, (0, 3, -27), (5.5, 4, 6)))
        return canvas.tissue

    whole = painted(range(40))
    assert 0.1 < whole.mean() < 0.6
    assert np.array_equal(whole[:, :, 7:19], painted(range(7, 19)))
    assert np.array_equal(whole[:, :, 19:20], painted(range(19, 20)))
