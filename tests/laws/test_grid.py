"""Laws of Grid: what it is, when two are the same, where it points."""

import json
from dataclasses import asdict, replace
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from anatwin.core import GeometryError, Grid, InputError, Volume

LAW = settings(max_examples=60, deadline=None)
ORIENTATIONS = list(product(permutations(range(3)), product((1, -1), repeat=3)))
CODES = {axis: {1: "RAS"[axis], -1: "LPI"[axis]} for axis in range(3)}


@st.composite
def grids(draw):
    """Draw a grid of any shape, spacing, direction (sheared a little) and position."""
    shape = draw(st.tuples(*[st.integers(1, 40)] * 3))
    spacing = draw(st.tuples(*[st.floats(0.2, 5.0)] * 3))
    turn = np.random.default_rng(draw(st.integers(0, 999))).normal(size=(3, 3))
    direction, _ = np.linalg.qr(turn)
    direction += draw(st.floats(0, 0.1)) * turn / np.abs(turn).max()
    assume(abs(np.linalg.det(direction)) > 0.3)
    matrix = np.eye(4)
    matrix[:3, :3] = direction * spacing
    matrix[:3, 3] = draw(st.tuples(*[st.floats(-300, 300)] * 3))
    return Grid.from_matrix(shape, matrix)


@LAW
@given(grids())
def test_a_grid_is_a_value(grid):
    again = Grid.from_matrix(grid.shape, grid.matrix, grid.frame)
    assert again == grid
    assert hash(again) == hash(grid)
    assert grid.matches(again)
    written = json.loads(json.dumps(asdict(grid)))
    rows = tuple(map(tuple, written["affine"]))
    assert Grid(tuple(written["shape"]), rows, written["frame"]) == grid


@LAW
@given(grids(), st.integers(0, 2), st.sampled_from([-1, 1]))
def test_one_more_or_fewer_voxel_never_matches(grid, axis, more):
    shape = list(grid.shape)
    shape[axis] += more
    assume(shape[axis] > 0)
    other = replace(grid, shape=tuple(shape))
    assert not grid.matches(other)
    assert not other.matches(grid)


@LAW
@given(grids(), st.integers(0, 2), st.integers(0, 3), st.sampled_from([-1.0, 1.0]))
def test_any_entry_of_the_affine_matters(grid, row, column, sign):
    matrix = grid.matrix
    matrix[row, column] += sign * 0.01
    other = Grid.from_matrix(grid.shape, matrix)
    assert not grid.matches(other)
    assert not other.matches(grid)
    with pytest.raises(GeometryError, match="image and labels must lie on one grid"):
        grid.require_match(other, "image and labels")


@LAW
@given(grids(), st.text(min_size=1).filter(lambda text: text != "scanner"))
def test_another_frame_never_matches(grid, frame):
    assert not grid.matches(grid.with_frame(frame))
    assert grid.with_frame(frame).with_frame("scanner") == grid


@LAW
@given(grids(), st.floats(0, 2e-4))
def test_rounding_by_a_file_format_still_matches(grid, shift_mm):
    matrix = grid.matrix.astype(np.float32).astype(np.float64)
    matrix[:3, 3] += shift_mm
    assert grid.matches(Grid.from_matrix(grid.shape, matrix))


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_axis_codes_of_every_orientation(order, signs):
    matrix = np.eye(4)
    matrix[:3, :3] = 0
    for axis, (world, sign) in enumerate(zip(order, signs, strict=True)):
        matrix[world, axis] = sign * (axis + 1)
    grid = Grid.from_matrix((4, 5, 6), matrix)
    assert grid.axis_codes() == "".join(CODES[w][s] for w, s in zip(order, signs, strict=True))
    assert grid.spacing_mm == (1.0, 2.0, 3.0)
    assert grid.voxel_mm3 == pytest.approx(6.0)


@LAW
@given(grids(), st.sampled_from(ORIENTATIONS))
def test_flips_and_permutations_keep_the_world_but_never_match(grid, orientation):
    order, signs = orientation
    matrix, shape = np.eye(4), tuple(grid.shape[axis] for axis in order)
    matrix[:3, 3] = grid.matrix[:3, 3]
    for new, (old, sign) in enumerate(zip(order, signs, strict=True)):
        matrix[:3, new] = sign * grid.matrix[:3, old]
        if sign < 0:
            matrix[:3, 3] += (grid.shape[old] - 1) * grid.matrix[:3, old]
    turned = Grid.from_matrix(shape, matrix)
    assert turned.n_voxels == grid.n_voxels
    assert turned.voxel_mm3 == pytest.approx(grid.voxel_mm3)
    old_index = tuple(n // 3 for n in grid.shape)
    new_index = [
        old_index[a] if s > 0 else grid.shape[a] - 1 - old_index[a]
        for a, s in zip(order, signs, strict=True)
    ]
    assert turned.at(*new_index) == pytest.approx(grid.at(*old_index), abs=1e-6)
    is_same = order == (0, 1, 2) and signs == (1, 1, 1)
    assert turned.matches(grid) == is_same


@LAW
@given(grids())
def test_positions_follow_the_affine(grid):
    index = np.array([*(n - 1 for n in grid.shape), 1])
    assert grid.at(*index[:3]) == pytest.approx(tuple((grid.matrix @ index)[:3]), abs=1e-9)
    assert grid.at(0, 0, 0) == tuple(grid.matrix[:3, 3])
    steps = [np.subtract(grid.at(*np.eye(3)[axis]), grid.at(0, 0, 0)) for axis in range(3)]
    assert np.linalg.norm(steps, axis=1) == pytest.approx(grid.spacing_mm)


@LAW
@given(st.tuples(*[st.integers(1, 50)] * 3), st.tuples(*[st.floats(0.1, 9)] * 3))
def test_a_centred_grid_has_the_origin_in_its_middle(shape, spacing_mm):
    grid = Grid.centred(shape, spacing_mm)
    assert grid.at(*((n - 1) / 2 for n in shape)) == pytest.approx((0, 0, 0), abs=1e-9)
    assert grid.spacing_mm == pytest.approx(spacing_mm)
    assert grid.axis_codes() == "RAS"


IDENTITY = Grid.isotropic((2, 3, 4), 1.0).affine


@pytest.mark.parametrize(
    ("shape", "affine"),
    [
        ((2, 3), IDENTITY),
        ((2, 0, 4), IDENTITY),
        ((2, 3, 4), (*IDENTITY[:3], (0.0, 0.0, 0.0, 2.0))),
        ((2, 3, 4), ((0.0, 0.0, 0.0, 0.0), *IDENTITY[1:])),
        ((2, 3, 4), ((1.0, 0.0, 0.0, float("nan")), *IDENTITY[1:])),
        ((2, 3, 4), ((float("inf"), 0.0, 0.0, 0.0), *IDENTITY[1:])),
    ],
)
def test_what_cannot_be_a_grid(shape, affine):
    with pytest.raises(GeometryError):
        Grid(shape, affine)


@LAW
@given(grids(), st.sampled_from([np.nan, np.inf, -np.inf]), st.sampled_from(["f4", "c8"]))
def test_a_volume_is_finite_and_fits_its_grid(grid, bad, dtype):
    data = np.ones(grid.shape, dtype)
    assert Volume(data, grid).magnitude().data.dtype == np.float32
    with pytest.raises(GeometryError):
        Volume(data[None], grid)
    data[-1, -1, -1] = bad
    with pytest.raises(InputError, match="got 1 NaN or infinite"):
        Volume(data, grid)


def test_one_voxel_turned_does_not_match():
    matrix = np.diag([1.0, 2.0, 3.0, 1.0])
    swapped = matrix[:, [0, 2, 1, 3]]
    assert not Grid.from_matrix((1, 1, 1), matrix).matches(Grid.from_matrix((1, 1, 1), swapped))
