from dataclasses import replace

import numpy as np
import pytest

from anatwin.core import GeometryError, InputError, UsageError
from anatwin.nets import find
from anatwin.ops.blocks import block_mean, spread_inside
from anatwin.phantoms import femora
from anatwin.simulate import Restoration, beam
from anatwin.simulate.bone_guess import guessed
from anatwin.simulate.coarse_mechanics import CHANNELS, coarse_channels, coarse_strains
from anatwin.simulate.femur_growth import apparent_density, grown_femur
from anatwin.simulate.kept_femora import kept_femur, whole_blocks


@pytest.fixture(scope="module")
def femur():
    return femora(0)[7]


@pytest.fixture(scope="module")
def grid(femur):
    return whole_blocks(femur, 0.5, 10)


@pytest.fixture(scope="module")
def truth(femur, grid):
    return grown_femur(femur, grid, iterations=4, seed=7)


@pytest.fixture(scope="module")
def body(femur, grid, truth):
    return femur.body(grid, spread_inside(block_mean(truth, 10), femur.outline.inside(grid)))


def test_the_apparent_density_keeps_the_bone_fraction(femur):
    density, grid = apparent_density(femur, iterations=2)
    inside = femur.outline.inside(grid) & ~femur.cortex(grid)
    assert density[inside].mean() == pytest.approx(femur.bone_fraction, abs=0.03)
    assert 0.1 < density.min() < density.max() < 0.65


def test_a_grown_femur_has_its_cortex_and_its_share_of_trabeculae(femur, grid, truth):
    assert grid.shape == (180, 200, 1)
    cortex, inside = femur.cortex(grid), femur.outline.inside(grid)
    assert truth[cortex].mean() > 0.99
    assert not truth[~inside].any()
    assert truth[inside & ~cortex].mean() == pytest.approx(femur.bone_fraction, abs=0.04)


def test_a_kept_femur_is_grown_once(femur, grid, truth, tmp_path):
    first = kept_femur(7, femur, grid, folder=tmp_path / "kept", iterations=4)
    assert np.array_equal(first, truth)
    again = kept_femur(7, femur, grid, folder=tmp_path / "kept", iterations=1)
    assert np.array_equal(again, truth)
    assert not np.array_equal(grown_femur(femur, grid, iterations=4, seed=8), truth)


def test_a_kept_femur_of_another_size_or_outline_is_refused(femur, grid, truth, tmp_path):
    path = tmp_path / "femur_07.npz"
    np.savez_compressed(path, bone=np.packbits(truth), shape=truth.shape)
    with pytest.raises(InputError, match="another"):
        kept_femur(7, femur, whole_blocks(femur, 0.4, 10), folder=tmp_path)
    np.savez_compressed(path, bone=np.packbits(~truth), shape=truth.shape)
    with pytest.raises(InputError, match="another"):
        kept_femur(7, femur, grid, folder=tmp_path)
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="holds no bone"):
        kept_femur(7, femur, grid, folder=tmp_path)


def test_coarse_channels_tell_density_room_and_strain(body):
    channels = coarse_channels(body, 10)
    assert channels.shape == (CHANNELS, 18, 20)
    share, room, size, *products = channels
    inside = room > 0
    assert share == pytest.approx(block_mean(body.density[..., 0], 10))
    assert room == pytest.approx(block_mean(body.density[..., 0] > 0, 10))
    assert (channels[:, ~inside] == 0).all()
    assert np.abs(size).max() <= 4
    assert sum(products[n] for n in (0, 3, 5))[inside] == pytest.approx(1)


def test_coarse_strains_are_those_of_a_pulled_strip():
    """A uniform stress on a homogeneous strip: strains are exact, shear is none."""
    strip = beam(20, 40)
    fixed = np.zeros(strip.fixed.shape, bool)
    fixed[1, :, 0] = fixed[0, 0, 0] = True
    forces = np.zeros((1, *fixed.shape))
    forces[0, 1, :, -1] = 1 / 20
    forces[0, 1, (0, -1), -1] /= 2
    strip = replace(strip, density=np.ones((20, 40, 1)), fixed=fixed, forces_mn=forces,
                    weights=(1.0,))  # fmt: skip
    xx, yy, xy = coarse_strains(strip, 10)[0]
    modulus = strip.modulus_kpa * (1 + 1e-5)
    assert yy == pytest.approx(np.full((2, 4), 10 / 20 / modulus), rel=1e-6)
    assert xx == pytest.approx(-strip.poisson * yy, rel=1e-6)
    assert np.abs(xy).max() < 1e-6 * yy.max()
    with pytest.raises(GeometryError, match="plane"):
        coarse_channels(beam(10, 10, 10), 10)


def test_restored_bone_keeps_what_was_measured(femur, grid, truth, body):
    found = Restoration(start="even", iterations=4)(body).data[..., 0] > 0.5
    inside = femur.outline.inside(grid)
    assert not found[~inside].any()
    shares = block_mean(truth, 10)
    assert np.abs(block_mean(found, 10) - shares).max() <= 0.011
    wrong = np.mean(found[inside] != truth[inside])
    shuffled = np.random.default_rng(0).permutation(truth[inside])
    assert wrong < 0.6 * np.mean(shuffled != truth[inside])


def test_a_network_for_other_bone_is_refused(body):
    with pytest.raises(InputError, match="10-fold"):
        guessed(body, find("head"))
    with pytest.raises(UsageError, match="iterations"):
        Restoration(start="even", iterations=0)
    with pytest.raises(UsageError, match="blocks"):
        Restoration(block=1)
