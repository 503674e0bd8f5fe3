"""Topology optimisation against the literature's beam and its own laws."""

from dataclasses import replace

import numpy as np
import pytest

from anatwin.core import Body, GeometryError, InputError, UsageError, Volume
from anatwin.simulate import Design, Topology, beam, pressed

HALF = Topology(volume_fraction=0.5, radius=2.4, iterations=400)


@pytest.mark.parametrize(("filtered", "expected"), [("sensitivity", 216.81), ("density", 233.71)])
def test_the_classic_beam(filtered, expected):
    """Compliances of Andreassen et al. 2011, doi:10.1007/s00158-010-0594-7."""
    design = replace(HALF, filter=filtered)(beam(60, 20))
    assert round(design.compliance_uj[0], 2) == 1007.02
    assert design.compliance_uj[-1] == pytest.approx(expected, rel=1e-3)
    assert design.density.data.mean() == pytest.approx(0.5, abs=1e-6)
    assert design.cases_uj[0] == pytest.approx(design.compliance_uj[-1], rel=1e-6)


@pytest.mark.parametrize("filtered", ["sensitivity", "density"])
def test_one_step_of_conjugate_gradients_ends_where_exact_solves_end(filtered):
    body = beam(72, 26)
    method = replace(HALF, radius=2.9, filter=filtered, iterations=70)
    exact = replace(method, cycles=500, tolerance=1e-9)(body)
    quick = replace(method, cycles=1)(body)
    assert quick.compliance_uj[-1] == pytest.approx(exact.compliance_uj[-1], rel=1e-3)
    assert sum(quick.steps) < sum(exact.steps) / 4
    assert exact.unbalanced < 1e-8
    assert quick.unbalanced < 1e-2


def test_a_solid_beam_grows_stiffer_and_keeps_its_mass():
    method = replace(HALF, volume_fraction=0.3, radius=1.5, iterations=15, enough=1e-9)
    design = method(beam(16, 8, 6))
    assert design.density.grid.shape == (16, 8, 6)
    assert design.density.data.mean() == pytest.approx(0.3, abs=1e-6)
    assert design.compliance_uj[-1] < design.compliance_uj[0] / 4


def test_a_thick_plane_is_a_solid_with_nowhere_to_go():
    """Without Poisson's effect one layer of solid elements answers like the plane."""
    flat, thick = (replace(beam(12, 6, depth), poisson=0.0) for depth in (1, 2))
    even = replace(HALF, iterations=1)
    plane, solid = (even(b).compliance_uj[0] for b in (flat, thick))
    assert solid == pytest.approx(plane / 2, rel=0.05)


def test_asymptotes_reach_what_criteria_reach():
    ends = [
        replace(HALF, update=u, filter="density", iterations=80)(beam(60, 20)).compliance_uj[-1]
        for u in ("criteria", "asymptotes")
    ]
    assert ends[1] == pytest.approx(ends[0], rel=0.01)


def test_projection_with_continuation_gives_a_crisp_design_of_the_right_mass():
    soft = replace(HALF, filter="density", iterations=80)
    crisp = replace(soft, sharpness=16.0, penalty_start=1.0, continuation=60)
    grey, design = (method(beam(60, 20)) for method in (soft, crisp))
    halfness = [np.mean(4 * d.density.data * (1 - d.density.data)) for d in (grey, design)]
    assert halfness[1] < halfness[0] / 2
    assert design.density.data.mean() == pytest.approx(0.5, abs=1e-3)


def test_every_block_keeps_its_mass():
    body = beam(40, 20)
    density = np.random.default_rng(3).uniform(0.3, 0.7, (4, 2, 1)).repeat(10, 0).repeat(10, 1)
    body = replace(body, density=density)
    design = Topology(keep="blocks", radius=1.5, iterations=40)(body)
    found = design.density.data.reshape(4, 10, 2, 10).mean(axis=(1, 3))
    np.testing.assert_allclose(found, density[::10, ::10, 0], atol=1e-6)
    assert design.compliance_uj[-1] < design.compliance_uj[0] / 2
    assert np.mean(4 * design.density.data * (1 - design.density.data)) < 0.5


@pytest.mark.parametrize("filtered", ["sensitivity", "density"])
def test_what_stays_full_stays_and_outside_stays_empty(filtered):
    body = beam(30, 12)
    density, solid = np.ones((30, 12, 1)), np.zeros((30, 12, 1), bool)
    density[18:24, 4:8] = 0
    solid[5:8, 4:8] = True
    design = replace(HALF, filter=filtered, iterations=10)(
        replace(body, density=density, solid=solid)
    )
    assert (design.density.data[solid] == 1).all()
    assert (design.density.data[density == 0] == 0).all()
    assert design.density.data.sum() == pytest.approx(0.5 * density.sum(), rel=1e-3)


def test_load_cases_add_up():
    body = beam(24, 8)
    both = replace(
        body, forces_mn=np.concatenate([body.forces_mn, 2 * body.forces_mn]), weights=(1.0, 0.5)
    )
    one = replace(HALF, iterations=1)
    single, double = one(body), one(both)
    assert double.compliance_uj[0] == pytest.approx(3 * single.compliance_uj[0])
    np.testing.assert_allclose(double.cases_uj, np.multiply(single.cases_uj[0], (1, 4)))


def test_an_image_is_pressed_between_its_ends():
    mask = np.zeros((7, 5, 6))
    mask[1:6, 1:4, 1:5] = 3  # a label
    image = Volume(mask, beam(7, 5, 6).grid)
    body = pressed(image, axis="k", pushes=("compression", "shear"), force_mn=5.0)
    assert isinstance(body, Body)
    assert body.density.max() == 1
    np.testing.assert_allclose(body.forces_mn[0].sum(axis=(1, 2, 3)), [0, 0, -5])
    np.testing.assert_allclose(body.forces_mn[1].sum(axis=(1, 2, 3)), [-5, 0, 0])
    assert np.argwhere(body.fixed[0])[:, 2].tolist() == [1] * 24
    assert {place[2] for place in np.argwhere(body.forces_mn[0, 2])} == {5}
    design = Topology(volume_fraction=0.5, radius=1.5, iterations=5)(body)
    assert isinstance(design, Design)
    with pytest.raises(InputError, match="0 everywhere"):
        pressed(Volume(np.zeros((7, 5, 6)), image.grid))
    with pytest.raises(UsageError, match="along the axis"):
        pressed(Volume(np.ones((7, 5, 1)), beam(7, 5).grid))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"volume_fraction": 0.0}, "volume_fraction"),
        ({"penalty_start": 4.0}, "penalty_start"),
        ({"iterations": 0}, "1 or more"),
        ({"radius": 0.0}, "radius"),
        ({"sharpness": 4.0}, "density filter"),
        ({"keep": "blocks", "filter": "density"}, "mixes blocks"),
    ],
)
def test_settings_that_make_no_sense(settings, complaint):
    with pytest.raises(UsageError, match=complaint):
        Topology(**settings)


def test_bodies_that_make_no_sense():
    body = beam(6, 4)
    with pytest.raises(GeometryError, match="shape"):
        replace(body, fixed=body.fixed[:, 1:])
    with pytest.raises(InputError, match="0 to 1"):
        replace(body, density=2 * body.density)
    with pytest.raises(InputError, match="fixed node"):
        replace(body, fixed=np.zeros_like(body.fixed))
    with pytest.raises(UsageError, match="weight"):
        replace(body, weights=())
    with pytest.raises(InputError, match="no force"):
        HALF(replace(body, forces_mn=0 * body.forces_mn))
    with pytest.raises(UsageError, match="nothing to move"):
        HALF(replace(body, solid=np.ones((6, 4, 1), bool)))
    with pytest.raises(UsageError, match="voxels along"):
        beam(0, 4)
    with pytest.raises(InputError, match="held"):
        HALF(replace(body, fixed=body.fixed & (np.arange(2).reshape(2, 1, 1) == 0)))


def test_a_loose_part_is_left_out():
    body = beam(20, 9)
    density = np.ones((20, 9, 1))
    density[8:13, 2:7] = 0
    density[10, 4] = 1
    design = replace(HALF, iterations=2)(replace(body, density=density))
    assert design.density.data[10, 4, 0] == 0
    assert design.unbalanced < 0.1
