"""Pictures say what the data say."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from anatwin.core import Grid, KSpace, Volume, head_table
from anatwin.report import figures


def decoded(picture):
    return np.asarray(Image.open(BytesIO(base64.b64decode(picture.uri.split(",")[1]))))


def kspace(mask_shape, readout_axis, slice_axis):
    grid = Grid.isotropic((6, 9, 12), 1.0)
    rng = np.random.default_rng(3)
    mask = rng.random(mask_shape) < 0.5
    mask[mask.shape[0] // 2, mask.shape[1] // 2, mask.shape[2] // 2] = True
    data = (rng.random((2, *grid.shape)) * mask).astype(np.complex64)
    return KSpace(data, mask, grid, readout_axis, slice_axis)


def test_the_mask_of_a_3d_scan_is_seen_across_the_readout():
    scan = kspace((6, 1, 12), 1, None)
    shown = decoded(figures.mask_picture(scan))
    np.testing.assert_array_equal(shown[..., 0] > 0, scan.mask[:, 0])


def test_the_mask_of_slices_is_seen_in_the_slice():
    scan = kspace((1, 9, 1), 0, 2)
    shown = decoded(figures.mask_picture(scan))
    np.testing.assert_array_equal(shown[..., 0] > 0, np.repeat(scan.mask[0], 6, axis=1))


def test_log_magnitude_spans_five_decades():
    grid = Grid.isotropic((1, 3, 4), 1.0)
    data = np.full((1, 1, 3, 4), 1e-9, np.complex64)
    data[0, 0, :, 0] = [1, 10**-2.5, 1e-5]
    shown = decoded(figures.magnitude_picture(KSpace(data, np.ones((1, 3, 4), bool), grid)))
    assert np.allclose(shown[:, 0, 0], [255, 127, 0], atol=8)


def test_structures_are_outlined_in_their_colour_at_their_place():
    table = head_table()
    values = np.zeros((20, 30), np.uint16)
    values[5:15, 5:15] = table["eye_left"].index
    shown = figures.outlines(values, table, (200, 300))
    assert tuple(shown[100, 100]) == (*table["eye_left"].colour, round(figures.FILL * 255 - 0.5))
    assert shown[100, 50:56, 3].max() == 255
    assert shown[100, 200, 3] == 0
    filled = shown[..., 3] > 0
    assert filled.sum() == pytest.approx(100 * 100, rel=0.03)


def test_one_structure_does_not_paint_over_its_neighbour():
    table = head_table()
    values = np.ones((10, 12), np.uint16)
    values[:, 6:] = 2
    shown = figures.outlines(values, table, (100, 120))
    assert tuple(shown[50, 20, :3]) == table[1].colour
    assert tuple(shown[50, 100, :3]) == table[2].colour
    assert (shown[..., 3] > 0).all()


def test_grey_window_of_any_image():
    grid = Grid.isotropic((4, 5, 6), 1.0)
    flat = figures.grey_window(Volume(np.zeros(grid.shape), grid))
    assert flat[1] > flat[0]
    ramp = np.linspace(-500, 1500, 120).reshape(grid.shape)
    low, high = figures.grey_window(Volume(ramp, grid))
    assert low == pytest.approx(-490, abs=20)
    assert high == pytest.approx(1494, abs=20)
    complex_image = figures.grey_window(Volume(np.full(grid.shape, 3 + 4j), grid))
    assert complex_image[0] <= 5 <= complex_image[1] + 1e-6


def test_errors_get_brighter_up_to_the_top():
    error = np.tile(np.linspace(0, 2, 9), (9, 1))
    shown = figures.heat(error, 1.0, (9, 9)).astype(int).sum(axis=2)[4]
    assert (np.diff(shown[:5]) > 0).all()
    assert len(set(shown[5:])) == 1
    assert shown[0] < 10
