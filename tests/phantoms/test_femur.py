import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import GeometryError, QualityError, Surface, UsageError
from anatwin.io.surfaces import read_stl
from anatwin.phantoms import (
    DAILY_LOADS,
    REGIONS,
    Femur,
    FemurOutline,
    LoadCase,
    femora,
    femur_section,
    nodal_forces,
    parametric_outline,
)

DATA = Path(os.environ.get("ANATWIN_DATA", Path(__file__).parents[2] / "../shared/data"))
STL = DATA / "femur/LHDL_CT_femur_r.stl"
needs_femur = pytest.mark.skipif(not STL.exists(), reason=f"needs {STL}")


@pytest.fixture(scope="module")
def real() -> Surface:
    return read_stl(STL)


class TestOutline:
    @settings(deadline=None, max_examples=6)
    @given(st.integers(0, 10**6))
    def test_every_seed_draws_a_bone_that_fits_its_picture(self, seed):
        outline = parametric_outline(seed)
        grid = outline.grid(0.5)
        inside = outline.inside(grid)
        assert grid.shape == (188, 208, 1)
        border = np.concatenate([inside[0], inside[-1], inside[:, -1]])
        assert not border.any()
        assert inside[:, 0].any(), "the shaft must leave the picture at its lower edge"
        assert 0.3 < inside.mean() < 0.6

    def test_full_size(self):
        assert parametric_outline().grid(0.05).shape == (1883, 2080, 1)

    def test_area_does_not_depend_on_resolution(self):
        outline = parametric_outline(3)
        areas = [outline.inside(outline.grid(s)).sum() * s**2 for s in (0.5, 0.1)]
        assert areas[0] == pytest.approx(areas[1], rel=2e-3)

    def test_landmarks_in_the_wrong_order_are_refused(self):
        outline = parametric_outline()
        with pytest.raises(GeometryError, match="left to right"):
            replace(outline, head=outline.trochanter, trochanter=outline.head)
        with pytest.raises(GeometryError, match="curve"):
            FemurOutline(np.zeros((2, 2)), (3, 0), 1, (2, 0), (1, 0), (0, 0))


@needs_femur
class TestSection:
    def test_landmarks_of_a_real_femur_are_anatomical(self, real):
        outline = femur_section(real)
        across = np.subtract(outline.head, outline.neck)
        angle = 90 + np.degrees(np.arctan2(across[1], across[0]))
        assert 20 < outline.head_radius_mm < 26
        assert 115 < angle < 140
        assert 0.8 < np.hypot(*across) / outline.head_radius_mm < 1.6
        assert outline.trochanter[1] > outline.neck[1]

    def test_neither_position_nor_side_matters(self, real):
        rng = np.random.default_rng(0)
        turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]  # a turn or a mirror image
        turn[:, 0] *= -np.sign(np.linalg.det(turn))
        moved = Surface(real.vertices @ turn.T + [40, -90, 7], real.faces[:, ::-1])
        here, there = femur_section(real), femur_section(moved)
        assert there.head == pytest.approx(here.head, abs=0.05)
        assert there.neck == pytest.approx(here.neck, abs=0.05)
        assert there.inside(there.grid(0.5)).sum() == pytest.approx(
            here.inside(here.grid(0.5)).sum(), rel=1e-3
        )

    def test_a_femur_in_other_units_is_refused(self, real):
        with pytest.raises(QualityError, match="mm"):
            femur_section(Surface(real.vertices / 10, real.faces))


class TestLoads:
    @settings(deadline=None, max_examples=8)
    @given(st.integers(0, 10), st.sampled_from([0.5, 1.0]))
    def test_resultants_are_exact_at_every_resolution(self, number, spacing):
        femur = femora(1)[number]
        for case in femur.loads:
            forces = nodal_forces(femur.outline, case, femur.outline.grid(spacing))
            expected = [
                case.abductor_mn * np.sin(case.abductor_rad)
                - case.joint_mn * np.sin(case.joint_rad),
                case.abductor_mn * np.cos(case.abductor_rad)
                - case.joint_mn * np.cos(case.joint_rad),
            ]
            assert forces.sum(axis=(1, 2)) == pytest.approx(expected, rel=1e-9)

    def test_forces_act_on_the_bone(self):
        outline = parametric_outline(5)
        grid = outline.grid(0.5)
        inside = np.pad(outline.inside(grid), 1)
        touches = inside[:-1, :-1] | inside[1:, :-1] | inside[:-1, 1:] | inside[1:, 1:]
        loaded = nodal_forces(outline, DAILY_LOADS[0], grid).any(axis=0)
        assert loaded.sum() > 40
        assert not (loaded & ~touches).any()

    def test_stance_is_the_heaviest_and_most_frequent(self):
        stance = DAILY_LOADS[0]
        assert all(stance.joint_mn > case.joint_mn for case in DAILY_LOADS[1:])
        assert all(stance.cycles > case.cycles for case in DAILY_LOADS[1:])

    def test_a_negative_force_is_refused(self):
        with pytest.raises(UsageError):
            LoadCase(name="x", cycles=1, joint_mn=-1, joint_rad=0, abductor_mn=0, abductor_rad=0)


class TestFemora:
    def test_eleven_that_differ_in_mass_and_load(self):
        eleven = femora(2)
        assert len({f.bone_fraction for f in eleven}) == 11
        assert len({f.loads[0].joint_mn for f in eleven}) == 11

    @pytest.mark.parametrize("name", REGIONS)
    def test_regions_lie_inside_the_cortex(self, name):
        for femur in femora(0):
            grid = femur.outline.grid(0.5)
            square = femur.region(name, grid)
            assert femur.outline.inside(grid)[square].shape == (24, 24)
            assert femur.outline.inside(grid)[square].all()
            assert not femur.cortex(grid)[square].any()

    @needs_femur
    @pytest.mark.parametrize("name", REGIONS)
    def test_regions_of_a_real_femur_lie_inside_it(self, real, name):
        femur = Femur(femur_section(real), 0.4)
        grid = femur.outline.grid(0.5)
        assert femur.outline.inside(grid)[femur.region(name, grid)].all()

    def test_cortex_is_thick_in_the_shaft_and_open_at_the_cut(self):
        femur = femora(0)[0]
        grid = femur.outline.grid(0.25)
        cortex = femur.cortex(grid)
        runs = np.flatnonzero(np.diff(np.pad(cortex[:, 0], 1).astype(int)))
        assert len(runs) == 4, "a wall on either side and the canal between them"
        assert (runs[1] - runs[0]) * 0.25 == pytest.approx(4.5, abs=0.5)
        assert not (cortex & ~femur.outline.inside(grid)).any()

    def test_the_body_holds_what_the_femur_says(self):
        femur = femora(0)[3]
        grid = femur.outline.grid(0.5)
        body = femur.body(grid)
        inside = femur.outline.inside(grid) & ~femur.cortex(grid)
        assert body.density[..., 0][inside] == pytest.approx(femur.bone_fraction)
        assert np.array_equal(body.density[..., 0] == 1, femur.cortex(grid))
        assert body.weights == pytest.approx((0.6, 0.2, 0.2))
        assert not body.fixed[:, :, 1:].any()

    def test_a_coarse_image_takes_the_place_of_cortex_and_spread(self):
        femur = femora(0)[3]
        grid = femur.outline.grid(0.5)
        body = femur.body(grid, np.full(grid.shape[:2], 0.25))
        assert set(np.unique(body.density)) == {0.0, 0.25}
        assert body.solid is None

    def test_a_bone_without_loads_is_refused(self):
        with pytest.raises(UsageError):
            Femur(parametric_outline(), 0.4, ())
        with pytest.raises(UsageError):
            Femur(parametric_outline(), 1.4)
