from itertools import permutations, product

import numpy as np
import pytest

from anatwin.core import Grid, InputError, UsageError, Volume, listening
from anatwin.segment import HeadNetwork
from anatwin.segment.seen import Seen

SPACINGS = [(1.0, 1.0, 1.0), (0.7, 0.9, 1.6), (2.2, 1.0, 3.1)]


def lumps(grid):
    """A smooth bright body with a brighter part, nothing symmetric."""
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    world = index @ grid.matrix[:3, :3].T + grid.matrix[:3, 3]
    body = np.sum((world / (24, 30, 20)) ** 2, axis=-1)
    part = np.sum(((world - (8, -9, 5)) / (7, 9, 6)) ** 2, axis=-1)
    return (0.6 / (1 + body**6) + 0.4 / (1 + part**3)).astype(np.float32)


def scan(spacing, extent=(64, 80, 56)):
    shape = tuple(round(e / s) for e, s in zip(extent, spacing, strict=True))
    grid = Grid.centred(shape, spacing)
    return Volume(lumps(grid), grid)


def stored_otherwise(volume, order, flips):
    """The same image in the world, its voxels stored in another order."""
    matrix = np.zeros((4, 4))
    matrix[3, 3] = 1
    for new, old in enumerate(order):
        matrix[old, new] = -1 if flips[new] else 1
        matrix[old, 3] += (volume.grid.shape[old] - 1) if flips[new] else 0
    data = volume.data.transpose(order)[tuple(slice(None, None, -1 if f else 1) for f in flips)]
    grid = Grid.from_matrix(data.shape, volume.grid.matrix @ matrix)
    return Volume(np.ascontiguousarray(data), grid)


def rescaled(data):
    low, high = np.percentile(data[data != 0], (0.5, 99.5))
    return (np.clip(data, low, high) - low) / (high - low)


@pytest.mark.parametrize(("window", "overlap"), [(128, 32), (32, 8), (32, 0), (64, 32)])
def test_windows_leave_no_trace_on_one_millimetre(levels_model, window, overlap):
    volume = scan((1.0, 1.0, 1.0))
    method = HeadNetwork(
        tidy=False, mirror=False, model=levels_model, window=window, overlap=overlap, threads=1
    )
    labels = method(volume)
    value = 20 * rescaled(volume.data)
    expected = np.rint(value)
    clear = np.abs(value - np.floor(value) - 0.5) > 0.02
    np.testing.assert_array_equal(labels.data[clear], expected[clear])
    assert labels.grid is volume.grid


@pytest.mark.parametrize("spacing", SPACINGS)
def test_labels_lie_where_the_image_does(levels_model, spacing):
    labels = HeadNetwork(
        tidy=False, mirror=False, model=levels_model, window=64, overlap=16, threads=1
    )(scan(spacing))
    expected = 20 * rescaled(scan(spacing).data)
    error = np.abs(labels.data - expected)
    assert np.mean(error > 1.6) < 0.02
    assert abs(float(np.mean(labels.data - expected))) < 0.15


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_storage_order_does_not_matter(edges_model, order):
    volume = scan((1.0, 1.0, 1.0))
    method = HeadNetwork(
        tidy=False, mirror=False, model=edges_model, window=64, overlap=16, threads=1
    )
    expected = method(volume)
    assert set(np.unique(expected.data)) == {0, 13, 14, 16, 17}
    for flips in product((False, True), repeat=3):
        labels = method(stored_otherwise(volume, order, flips))
        same = stored_otherwise(Volume(expected.data, volume.grid), order, flips)
        np.testing.assert_array_equal(labels.data, same.data)


def test_left_and_right_follow_the_world_not_the_storage(edges_model):
    volume = scan((1.0, 1.0, 1.0))
    method = HeadNetwork(
        tidy=False, mirror=False, model=edges_model, window=64, overlap=16, threads=1
    )
    labels = method(volume)
    mirrored = method(Volume(volume.data[::-1].copy(), volume.grid))
    x = np.arange(volume.grid.shape[0])[:, None, None] * np.ones(volume.grid.shape)
    assert x[labels.data == 16].mean() < x[labels.data == 17].mean()
    swapped = np.arange(21)
    swapped[[16, 17]] = 17, 16
    sides = np.isin(labels.data, (16, 17))
    np.testing.assert_array_equal(mirrored.data[::-1][sides], swapped[labels.data[sides]])


def test_uncertainty_is_high_at_boundaries_only(levels_model):
    volume = scan((1.0, 1.0, 1.0))
    labels = HeadNetwork(
        tidy=False, mirror=False, model=levels_model, window=64, overlap=16, threads=1
    )(volume)
    value = 20 * rescaled(volume.data)
    near_tie = np.abs(value - np.floor(value) - 0.5)
    assert labels.uncertainty.dtype == np.float16
    assert labels.uncertainty[near_tie > 0.45].max() < 0.02
    assert labels.uncertainty[near_tie < 0.01].min() > 0.3


def test_head_in_a_corner_of_a_large_empty_field(levels_model):
    small = scan((1.0, 1.0, 1.0))
    data = np.zeros((101, 110, 150), np.float32)
    data[:64, 30:, 90:146] = small.data * (small.data > 0.02)
    labels = HeadNetwork(
        tidy=False, mirror=False, model=levels_model, window=32, overlap=8, threads=1
    )(Volume(data, Grid.isotropic(data.shape, 1.0)))
    expected = np.rint(20 * rescaled(data))
    assert np.mean(labels.data != expected) < 0.01
    assert not labels.data[80:].any()


@pytest.fixture
def small_head_in_wide_air(levels_model):
    """How it is seen by windows of 32 voxels: 64 x 80 x 56 of 160 voxels a side, with a hole."""
    data = np.zeros((160,) * 3, np.float32)
    data[48:112, 40:120, 52:108] = 0.4 + 0.6 * scan((1.0, 1.0, 1.0)).data
    data[70:82, 70:82, 70:82] = 0.01
    seen = Seen.of(Volume(data, Grid.isotropic(data.shape, 1.0)), 32)
    return seen, HeadNetwork(mirror=False, model=levels_model, window=32, overlap=0, threads=1)


def test_windows_cover_a_head_and_not_the_air_around_it(small_head_in_wide_air):
    seen, method = small_head_in_wide_air
    told = []
    with listening(lambda what, done, total: told.append(total)):
        list(method.slabs(seen))
    assert set(told) == {3 * 3 * 2}


def test_slabs_cover_what_is_seen_with_background_around_the_head(small_head_in_wide_air):
    seen, method = small_head_in_wide_air
    slabs = list(method.slabs(seen))
    starts = np.cumsum([0, *(scores.shape[1] for _, scores in slabs)])
    assert [start for start, _ in slabs] == list(starts[:-1])
    whole = np.concatenate([scores for _, scores in slabs], axis=1)
    assert whole.shape[1:] == seen.head.shape
    np.testing.assert_allclose(whole.sum(axis=0), 1, atol=1e-3)
    dark = seen.head == 0
    assert (whole[0][dark] > 0.99).all()
    assert (whole[0][~dark] < 0.6).all()


def test_complex_images_are_taken_by_magnitude(levels_model):
    volume = scan((2.0, 2.0, 2.0))
    method = HeadNetwork(
        tidy=False, mirror=False, model=levels_model, window=32, threads=1, overlap=8
    )
    turned = Volume((volume.data * np.exp(1j)).astype(np.complex64), volume.grid)
    assert np.mean(method(turned).data != method(volume).data) < 1e-3


def test_progress_counts_windows(levels_model):
    seen = []
    with listening(lambda what, done, total: seen.append((what, done, total))):
        HeadNetwork(tidy=False, mirror=False, model=levels_model, window=32, overlap=0, threads=1)(
            scan((1.0, 1.0, 1.0))
        )
    assert seen[0] == ("segment", 0, 12)
    assert seen[-1] == ("segment", 12, 12)


@pytest.mark.parametrize(
    ("shape", "spacing", "says"),
    [
        ((64, 60, 1), (1.0, 1.0, 5.0), "3-D scan"),
        ((40, 50, 60), (0.1, 0.1, 0.1), "at least 32 mm"),
        ((40, 50, 6), (1.0, 1.0, 15.0), "at most 12 mm"),
        ((80, 70, 90), (10.0, 10.0, 10.0), "at most 700 mm"),
    ],
)
def test_impossible_scans_are_refused(levels_model, shape, spacing, says):
    volume = Volume(np.ones(shape, np.float32), Grid.centred(shape, spacing))
    with pytest.raises(InputError, match=says):
        HeadNetwork(tidy=False, mirror=False, model=levels_model)(volume)


def test_ten_millimetre_voxels_work(levels_model):
    volume = scan((10.0, 10.0, 10.0), extent=(160, 180, 170))
    assert HeadNetwork(tidy=False, mirror=False, model=levels_model, threads=1)(volume).data.any()


@pytest.mark.parametrize("value", [0, 7])
def test_constant_images_are_refused(levels_model, value):
    shape = (40, 41, 42)
    volume = Volume(np.full(shape, value, np.int16), Grid.isotropic(shape, 1.0))
    with pytest.raises(InputError, match="same value everywhere"):
        HeadNetwork(tidy=False, mirror=False, model=levels_model)(volume)


@pytest.mark.parametrize(
    "options", [{"window": 100}, {"window": 0}, {"overlap": -1}, {"overlap": 65}, {"threads": -1}]
)
def test_impossible_options_are_refused(options):
    with pytest.raises(UsageError):
        HeadNetwork(**options)


def test_a_network_for_another_table_is_refused(two_class_model):
    with pytest.raises(InputError, match="another table"):
        HeadNetwork(tidy=False, mirror=False, model=two_class_model, threads=1)(
            scan((2.0, 2.0, 2.0))
        )
