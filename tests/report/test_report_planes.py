"""Pictures lie the way they say, whatever the order of the voxels in the file."""

from itertools import permutations, product

import numpy as np
import pytest

from anatwin.core import Grid
from anatwin.report import planes

SHAPE_RAS = (7, 9, 11)
SPACING_RAS = (2.0, 1.0, 3.0)


def stored(axes, flips):
    """Return a grid whose index axes are a shuffle of right, anterior, superior, and its marker.

    The marker is one voxel at the patient's right, front and bottom.
    """
    shape = tuple(SHAPE_RAS[world] for world in axes)
    matrix = np.eye(4)
    matrix[:3, :3] = 0
    marker = []
    for index_axis, world in enumerate(axes):
        n, step = SHAPE_RAS[world], SPACING_RAS[world]
        matrix[world, index_axis] = -step if flips[world] else step
        matrix[world, 3] = step * (n - 1) / 2 * (1 if flips[world] else -1)
        towards_plus = world != 2
        marker.append(n - 2 if towards_plus != flips[world] else 1)
    data = np.zeros(shape, np.float32)
    data[tuple(marker)] = 1
    return data, Grid.from_matrix(shape, matrix)


@pytest.mark.parametrize("axes", list(permutations(range(3))))
@pytest.mark.parametrize("flips", list(product((False, True), repeat=3)))
def test_every_orientation_gives_the_same_radiological_pictures(axes, flips):
    data, grid = stored(axes, flips)
    view = planes.towards_ras(data, grid)
    assert view.shape == SHAPE_RAS
    x, y, z = SHAPE_RAS[0] - 2, SHAPE_RAS[1] - 2, 1
    axial = planes.cut(view, planes.AXIAL, z)
    coronal = planes.cut(view, planes.CORONAL, y)
    sagittal = planes.cut(view, planes.SAGITTAL, x)
    assert np.argwhere(axial).tolist() == [[1, 1]]
    assert np.argwhere(coronal).tolist() == [[SHAPE_RAS[2] - 2, 1]]
    assert np.argwhere(sagittal).tolist() == [[SHAPE_RAS[2] - 2, 1]]
    assert planes.position_mm(grid, planes.SAGITTAL, x) == pytest.approx(4.0)
    assert planes.position_mm(grid, planes.AXIAL, z) == pytest.approx(-12.0)


def test_pictures_keep_the_true_proportions():
    grid = Grid.centred((40, 30, 20), (1.0, 2.0, 4.5))
    assert planes.pixels(grid, planes.CORONAL, 180) == (180, 80)
    assert planes.pixels(grid, planes.AXIAL, 180) == (120, 80)
    assert planes.pixels(grid, planes.SAGITTAL, 180) == (180, 120)


def test_cuts_go_where_the_structures_are():
    labels = np.zeros((6, 8, 50), np.uint8)
    labels[:, :, 10] = 1
    labels[0, 0, 30] = 2
    mass = planes.label_mass(labels, planes.AXIAL)
    assert planes.choose_cuts(mass, 2) == [10, 30]
    assert planes.choose_cuts(np.zeros(50), 3) == [12, 24, 36]


def test_tilt_of_an_oblique_grid():
    angle = np.radians(20)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    assert planes.tilt_deg(Grid.from_matrix((3, 4, 5), turn)) == pytest.approx(20)
