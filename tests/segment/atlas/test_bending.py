"""Bending one set of channels onto another."""

import numpy as np
from scipy.ndimage import map_coordinates

from anatwin.segment.atlas.bending import bent, smooth, step

SHAPE = (20, 22, 24)


def ball(centre, radius=6.0):
    index = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"))
    away = np.sqrt(sum((x - c) ** 2 for x, c in zip(index, centre, strict=True)))
    inside = np.clip(radius - away + 0.5, 0, 1).astype(np.float32)
    return np.stack([1 - inside, inside])


def moved(channels, field):
    index = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"))
    return np.stack([map_coordinates(x, index + field, order=1, mode="nearest") for x in channels])


def test_steps_carry_a_ball_onto_another():
    here, wanted = ball((9, 10, 12)), ball((11, 12, 12), 7.0)
    field = np.zeros((3, *SHAPE), np.float32)
    for _ in range(25):
        field = smooth(field + step(moved(here, field), wanted, np.ones(2)), 1.0)
    now = moved(here, field)
    before, after = (2 * np.minimum(x[1], wanted[1]).sum() / (x[1] + wanted[1]).sum()
                     for x in (here, now))  # fmt: skip
    assert before < 0.8
    assert after > 0.9


def test_what_agrees_and_what_is_unknown_stays():
    here = ball((9, 10, 12))
    assert not step(here, here, np.ones(2)).any()
    unknown = np.zeros(SHAPE, np.float32)
    assert not step(here, ball((11, 12, 12)), np.ones(2), unknown).any()


def test_a_field_bends_far_in_steps_that_neighbours_take_together():
    here, wanted = ball((9, 10, 12)), ball((14, 10, 12))
    field = np.zeros((3, *SHAPE), np.float32)
    for _ in range(40):
        field = bent(field, step(moved(here, field), wanted, np.ones(2)))
    assert field[0, 14, 10, 12] < -3
    assert np.abs(np.diff(field[0], axis=0)).max() < 1
