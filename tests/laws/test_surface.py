"""Laws of surfaces: their files give them back."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.core import Surface
from anatwin.io.surfaces import read_glb, read_stl, read_vtp, write_glb, write_stl, write_vtp

COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=24).filter(
    lambda name: not name.startswith("_") and not name.endswith("_")
)


@st.composite
def surfaces(draw):
    """Draw triangles between points anywhere within a metre of the isocentre."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(3, 40))
    vertices = rng.uniform(-1000, 1000, (n, 3)).astype(np.float32)
    faces = np.stack([rng.permutation(n)[:3] for _ in range(draw(st.integers(1, 60)))])
    return Surface(vertices, faces, draw(NAMES), draw(COLOURS))


def there_and_back(write, read, value):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "surface.file"
        write(value, path)
        return read(path)


@settings(deadline=None, max_examples=25)
@given(surfaces())
def test_vtp_gives_the_surface_back(surface):
    again = there_and_back(write_vtp, read_vtp, surface)
    assert (again.name, again.colour) == (surface.name, surface.colour)
    np.testing.assert_array_equal(again.vertices, surface.vertices)
    np.testing.assert_array_equal(again.faces, surface.faces)


@settings(deadline=None, max_examples=25)
@given(st.lists(surfaces(), min_size=1, max_size=4))
def test_glb_gives_the_surfaces_back(several):
    again = there_and_back(write_glb, read_glb, several)
    assert [(a.name, a.colour) for a in again] == [(s.name, s.colour) for s in several]
    for one, other in zip(again, several, strict=True):
        np.testing.assert_array_equal(one.vertices, other.vertices)
        np.testing.assert_array_equal(one.faces, other.faces)


@settings(deadline=None, max_examples=25)
@given(surfaces())
def test_stl_gives_every_triangle_back(surface):
    again = there_and_back(write_stl, read_stl, surface)
    assert (again.name, again.colour) == (surface.name, surface.colour)
    np.testing.assert_array_equal(again.vertices[again.faces], surface.vertices[surface.faces])
    assert len(again.vertices) == len(np.unique(surface.vertices[surface.faces.ravel()], axis=0))
