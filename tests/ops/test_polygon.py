import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatwin.ops.polygon import area_and_centroid, filled, plane_section


def box(size):
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * size
    quads = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    return corners, np.array([[q[0], q[a], q[a + 1]] for q in quads for a in (1, 2)])


@settings(deadline=None, max_examples=15)
@given(st.floats(0.05, 0.95), st.integers(0, 2))
def test_sections_of_a_box_are_its_rectangles(share, axis):
    size = np.array([3.0, 5.0, 7.0])
    normal = np.eye(3)[axis]
    vertices, faces = box(size)
    (curve,) = plane_section(vertices, faces, (normal * share * size[axis], normal))
    area, centroid = area_and_centroid(curve)
    assert area == pytest.approx(np.prod(size) / size[axis])
    expected = size / 2
    expected[axis] = share * size[axis]
    assert centroid == pytest.approx(expected)


def test_a_plane_beside_the_mesh_cuts_nothing():
    vertices, faces = box(np.ones(3))
    assert plane_section(vertices, faces, (np.array([0, 0, 4.0]), np.array([0, 0, 1.0]))) == ()


@settings(deadline=None, max_examples=15)
@given(st.integers(3, 9), st.floats(0, 6))
def test_filled_area_is_the_polygons(corners, turn):
    angles = turn + np.arange(corners) * 2 * np.pi / corners
    curve = np.column_stack([10 + 4 * np.cos(angles), 9 + 4 * np.sin(angles)])
    x, y = np.arange(0.025, 20, 0.05), np.arange(0.025, 18, 0.05)
    area, centroid = area_and_centroid(curve)
    inside = filled(curve, x, y)
    assert inside.sum() * 0.05**2 == pytest.approx(area, rel=0.01)
    where = np.argwhere(inside).mean(axis=0) * 0.05 + 0.025
    assert where == pytest.approx(centroid, abs=0.03)
