import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.apparent import (
    apparent_moduli,
    apparent_stiffness,
    engineering_moduli,
    kinematic_fields,
    mixed_uniaxial_moduli,
    shear_pairs,
    uniform_strains,
)
from anatwin.ops.elasticity import Elastic, stiffness_product
from anatwin.ops.periodic import periodic_displacement

CONDITIONS = ("KUBC", "PBC", "SUBC")


def block(modulus, poisson=0.3):
    spacing = (0.5, 0.4, 0.7)[: modulus.ndim]
    return Elastic(modulus, poisson, spacing)


@pytest.mark.parametrize("shape", [(6, 9), (4, 6, 5)])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_homogeneous_blocks_show_their_own_moduli(shape, condition):
    moduli = apparent_moduli(block(np.full(shape, 70.0)), condition)
    shear = 70 / 2.6
    expected = [70] * len(shape) + [shear] * len(shear_pairs(len(shape)))
    assert moduli == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("shape", [(6, 9), (4, 6, 5)])
def test_homogeneous_blocks_between_platens(shape):
    moduli = mixed_uniaxial_moduli(block(np.full(shape, 70.0)))
    expected = [70] * len(shape) + [70 / 2.6] * len(shear_pairs(len(shape)))
    assert moduli == pytest.approx(expected, rel=1e-5)


@settings(deadline=None, max_examples=5)
@given(st.floats(0.2, 0.8), st.floats(2, 500))
def test_laminates_are_exact(share, contrast):
    """Layers in series across, in parallel along; without lateral contraction both are exact."""
    layers = np.where(np.arange(20) < round(20 * share), 1.0, contrast)
    body = block(np.repeat(layers[:, None], 8, axis=1), poisson=0.0)
    series, parallel = 1 / np.mean(1 / layers), np.mean(layers)
    for moduli in (
        apparent_moduli(body, "PBC"),
        mixed_uniaxial_moduli(body),
    ):
        assert moduli[:2] == pytest.approx([series, parallel], rel=1e-4)
    shear = engineering_moduli(apparent_stiffness(body, "PBC"))[2]
    assert shear == pytest.approx(series / 2, rel=1e-4)


@settings(deadline=None, max_examples=4)
@given(st.integers(0, 10**6), st.sampled_from([(12, 10), (6, 5, 7)]))
def test_conditions_are_in_order(seed, shape):
    body = block(np.where(np.random.default_rng(seed).random(shape) < 0.5, 1.0, 50.0))
    stiff, middle, soft = (apparent_stiffness(body, condition) for condition in CONDITIONS)
    size = np.linalg.norm(stiff)
    assert np.linalg.eigvalsh(stiff - middle).min() > -1e-6 * size
    assert np.linalg.eigvalsh(middle - soft).min() > -1e-6 * size
    voigt = np.mean(body.modulus_kpa)
    assert (engineering_moduli(stiff)[: len(shape)] <= voigt * (1 + 1e-6)).all()
    softest = engineering_moduli(soft)
    assert (mixed_uniaxial_moduli(body) >= softest * (1 - 1e-6)).all()


@settings(deadline=None, max_examples=4)
@given(st.integers(0, 10**6), st.integers(1, 11), st.integers(1, 9))
def test_a_periodic_block_may_be_cut_anywhere(seed, di, dj):
    modulus = np.where(np.random.default_rng(seed).random((12, 10)) < 0.6, 1e-3, 1.0)
    here = apparent_stiffness(block(modulus), "PBC")
    there = apparent_stiffness(block(np.roll(modulus, (di, dj), (0, 1))), "PBC")
    assert there == pytest.approx(here, rel=1e-4, abs=1e-6 * np.linalg.norm(here))


def test_periodic_displacements_are_in_balance():
    body = block(np.random.default_rng(0).random((9, 7)) + 0.1)
    strain = uniform_strains(body)[2]
    u = periodic_displacement(body, strain)
    force = stiffness_product(body, u)
    assert np.abs(force[:, 1:-1, 1:-1]).max() < 1e-7 * np.abs(force).max()
    assert (u - strain)[:, 0] == pytest.approx((u - strain)[:, -1])


def test_kinematic_displacements_follow_the_strain_at_the_edges_and_rest_within():
    """An island that no face carries is left out."""
    modulus = np.random.default_rng(1).random((9, 7)) + 0.1
    modulus[2:7, 2:5] = 0
    modulus[4, 3] = 1
    body, fields = kinematic_fields(block(modulus))
    assert body.modulus_kpa[4, 3] == 0
    for field, strain in zip(fields, uniform_strains(body), strict=True):
        for axis in (1, 2):
            edge = np.take(field, (0, -1), axis)
            assert edge == pytest.approx(np.take(strain, (0, -1), axis))
        force = stiffness_product(body, field)
        assert np.abs(force[:, 1:-1, 1:-1]).max() < 1e-5 * np.abs(force).max()
