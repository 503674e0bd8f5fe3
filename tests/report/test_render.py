"""Surfaces are drawn from the side that the title names."""

import numpy as np
import pytest
import trimesh

from anatwin.core import Surface
from anatwin.report import render

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def sphere(centre, radius, colour, name="sphere"):
    mesh = trimesh.creation.icosphere(subdivisions=3, radius=radius)
    return Surface((mesh.vertices + centre).astype(np.float32), mesh.faces, name, colour)


def centre_of(picture, channel):
    strongest = picture.argmax(axis=2) == channel
    where = np.argwhere(strongest & (picture.max(axis=2) > 60))
    return where.mean(axis=0)


SPHERES = (
    sphere((30, 0, -8), 10, RED, "at the right"),
    sphere((-30, 0, 8), 10, GREEN, "at the left"),
    sphere((0, 35, 0), 10, BLUE, "in front"),
)


@pytest.mark.parametrize("view", [render.FRONT, render.ABOVE])
def test_left_and_right_are_where_the_letters_say(view):
    picture = render.draw(SPHERES, view, 120)
    red, green = centre_of(picture, 0), centre_of(picture, 1)
    right_is_left_of_picture = view.letters[0] == "R"
    assert (red[1] < green[1]) == right_is_left_of_picture


def test_from_the_left_the_nose_is_on_the_left_and_the_left_side_in_front():
    picture = render.draw(SPHERES, render.LEFT, 120)
    assert centre_of(picture, 2)[1] < centre_of(picture, 1)[1]
    both = render.draw((SPHERES[0], sphere((-30, 0, -8), 10, GREEN)), render.LEFT, 120)
    assert both[..., 1].max() > 60
    assert both[..., 0].max() < 60


def test_a_round_surface_has_a_round_outline_without_holes():
    picture = render.draw([sphere((0, 0, 0), 50, RED)], render.FRONT, 108).max(axis=2)
    row, column = np.indices(picture.shape) - 54
    radius = np.hypot(row, column)
    assert (picture[radius < 48] > 0).all()
    assert (picture[radius > 52] == 0).all()


def test_what_encloses_the_others_is_glass():
    outer = sphere((0, 0, 0), 60, GREEN, "outer")
    assert render.enclosing([*SPHERES, outer]) == [False, False, False, True]
    picture = render.draw([*SPHERES, outer], render.FRONT, 120)
    red = centre_of(picture, 0)
    assert red[1] < 60
    assert render.enclosing(SPHERES[:2]) == [False, False]
