import numpy as np
import pytest
from scipy import ndimage

from anatwin.core import Grid, Labels, Volume, head_table
from anatwin.segment.borders import follow_borders

TABLE = head_table()
SPACING = (1.0, 1.3, 0.8)
GRID = Grid.centred((64, 52, 78), SPACING)
RADII = {"bone": 30.0, "csf": 26.0, "cortex_left": 23.0, "white_matter_left": 19.0}
GREYS = {
    "T1": {"bone": 5, "csf": 20, "cortex_left": 60, "white_matter_left": 100},
    "T2": {"bone": 10, "csf": 100, "cortex_left": 70, "white_matter_left": 45},
}


def shells(shift=0.0, radii=RADII):
    """Return balls in one another, the inner ones too large by a shift [mm]."""
    places = np.moveaxis(np.indices(GRID.shape), 0, -1) @ GRID.matrix[:3, :3].T + GRID.matrix[:3, 3]
    radius = np.linalg.norm(places, axis=-1) + 1.5 * np.sin(places[..., 2] / 3)
    data = np.zeros(GRID.shape, np.uint8)
    for name, size in radii.items():
        data[radius < size + (shift if name != "bone" else 0)] = TABLE[name].index
    return Labels(data, GRID, TABLE)


def scan(truth, greys, seed=1):
    """Return an image with noise, and brighter on one side by a third."""
    values = np.zeros(max(TABLE.indices) + 1, np.float32)
    for name, grey in greys.items():
        values[TABLE[name].index] = grey
    shading = np.linspace(0.85, 1.15, GRID.shape[0])[:, None, None]
    noise = np.random.default_rng(seed).normal(0, 3, GRID.shape)
    image = ndimage.gaussian_filter(values[truth.data], 0.4) * shading + noise
    return Volume(image.astype(np.float32), GRID)


def followed(volume, labels):
    data = labels.data.copy()
    follow_borders(volume, data, labels.table)
    return data


def dice(a, b, name):
    x, y = a == TABLE[name].index, b == TABLE[name].index
    return 2 * (x & y).sum() / (x.sum() + y.sum())


@pytest.mark.parametrize("weighting", ["T1", "T2"])
@pytest.mark.parametrize("shift", [-0.9, 0.9])
def test_borders_that_are_a_voxel_off_come_home(weighting, shift):
    truth, drawn = shells(), shells(shift)
    found = followed(scan(truth, GREYS[weighting]), drawn)
    for name in ("cortex_left", "white_matter_left"):
        before, after = (dice(x, truth.data, name) for x in (drawn.data, found))
        assert 1 - after < 0.35 * (1 - before)


def test_right_borders_stay():
    truth = shells()
    found = followed(scan(truth, GREYS["T1"]), truth)
    assert min(dice(found, truth.data, x) for x in ("cortex_left", "white_matter_left")) > 0.97


def test_without_contrast_the_labels_decide():
    drawn = shells()
    flat = scan(drawn, {"csf": 50, "cortex_left": 50, "white_matter_left": 50})
    found = followed(flat, drawn)
    assert min(dice(found, drawn.data, x) for x in ("cortex_left", "white_matter_left")) > 0.95


def test_only_borders_between_tissues_move():
    truth = shells()
    with_skull = shells(0.9)
    found = followed(scan(truth, GREYS["T1"]), with_skull)
    tissues = [TABLE[x].index for x in ("csf", "cortex_left", "white_matter_left")]
    np.testing.assert_array_equal(np.isin(found, tissues), np.isin(with_skull.data, tissues))
    other = ~np.isin(found, tissues)
    np.testing.assert_array_equal(found[other], with_skull.data[other])


def test_a_mirrored_scan_has_mirrored_labels():
    truth, drawn = shells(), shells(0.9)
    image = scan(truth, GREYS["T1"])
    found = followed(image, drawn)
    flipped = Labels(drawn.data[:, :, ::-1].copy(), GRID, TABLE)
    mirrored = followed(Volume(image.data[:, :, ::-1].copy(), GRID), flipped)
    assert (mirrored[:, :, ::-1] == found).mean() > 0.999


def test_a_map_without_a_brain_stays():
    bone = shells(radii={"bone": 30.0})
    np.testing.assert_array_equal(followed(scan(bone, GREYS["T1"]), bone), bone.data)


def test_a_border_lies_half_way_between_its_tissues():
    """A thin tissue shares its voxels with others, so its values spread; it must not grow by it."""
    truth = shells(radii={**RADII, "cortex_left": 21.2})
    values = {"csf": 20.0, "cortex_left": 60.0, "white_matter_left": 100.0}
    image = np.zeros(GRID.shape, np.float32)
    for name, grey in values.items():
        image[truth.data == TABLE[name].index] = grey
    image = ndimage.gaussian_filter(image, 0.7)
    found = followed(Volume(image, GRID), truth)
    inner = ndimage.binary_erosion(np.isin(truth.data, [TABLE[x].index for x in values]))
    white = (found == TABLE["white_matter_left"].index) & inner
    half = (image > 80) & inner
    assert abs(int(white.sum()) - int(half.sum())) < 0.02 * half.sum()
